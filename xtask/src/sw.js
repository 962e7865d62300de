// The page's copy of itself, for visits without a network. `cargo xtask` fills in what there is to keep.
//
// A version is what the files below are, the headers that the server sends with them, and this file. It is
// kept whole or not at all: every file is held against its hash. A newer version waits until the visitor
// wants it. A response that came with other headers is fetched again, because it would bring back an old
// Content-Security-Policy.

const VERSION = /* version */ '';
/** SHA-256 of the server's headers. */
const POLICY = /* policy */ '';
/** Address from the page's own → SHA-256. */
const ASSETS = /* assets */ {};
/** The same of what is kept once it was fetched: too large to be fetched for nothing. */
const LATER = /* later */ {};

const PREFIX = 'soundalike-';
const CACHE = PREFIX + VERSION;
/** The header of a kept response that says which headers it came with. */
const POLICY_HEADER = 'soundalike-policy';

self.addEventListener('install', (event) => event.waitUntil(fill()));

self.addEventListener('activate', (event) => event.waitUntil(forgetOthers()));

self.addEventListener('message', (event) => {
  if (event.data === 'use-now') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  const [path] = request.url.slice(self.registration.scope.length).split(/[?#]/);
  const asset = path === '' || path === 'index.html' ? './' : path;
  if (Object.hasOwn(ASSETS, asset)) event.respondWith(answer(asset, request));
  else if (Object.hasOwn(LATER, path)) event.respondWith(answerLater(path, event));
});

async function fill() {
  // Then this very version was here before, and may be the one that is used.
  const before = await caches.has(CACHE);
  const cache = await caches.open(CACHE);
  try {
    for (const [asset, hash] of Object.entries(ASSETS)) {
      await cache.put(asset, (await kept(asset, hash)) ?? (await fetched(asset, hash)));
    }
    for (const [path, hash] of Object.entries(LATER)) {
      const response = await kept(path, hash);
      if (response) await cache.put(path, response);
    }
  } catch (error) {
    if (!before) await caches.delete(CACHE);
    throw error;
  }
}

/** The file as it is kept already, if it and its headers are the same. */
async function kept(asset, hash) {
  for (const name of await ours()) {
    const response = await (await caches.open(name)).match(asset, { ignoreVary: true });
    if (response?.headers.get(POLICY_HEADER) !== POLICY) continue;
    if ((await sha256(await response.clone().arrayBuffer())) === hash) return response;
  }
  return null;
}

async function fetched(asset, hash) {
  const response = await fetch(asset, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${asset}: ${response.status}`);
  return verified(response, asset, hash);
}

async function verified(response, asset, hash) {
  const bytes = await response.arrayBuffer();
  if ((await sha256(bytes)) !== hash) throw new Error(`${asset} is of another version`);
  const headers = new Headers(response.headers);
  // The body lies here as it is.
  headers.delete('content-encoding');
  headers.delete('content-length');
  headers.set(POLICY_HEADER, POLICY);
  return new Response(bytes, { headers });
}

async function answer(asset, request) {
  const cache = await caches.open(CACHE);
  // Without it the browser has made room for something else.
  return (await cache.match(asset, { ignoreVary: true })) ?? fetch(request);
}

async function answerLater(path, event) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(path, { ignoreVary: true });
  if (found) return found;
  const response = await fetch(event.request);
  if (response.ok) {
    // Of another version, or without room for it: then it is only used.
    const keep = verified(response.clone(), path, LATER[path]).then((good) => cache.put(path, good));
    event.waitUntil(keep.catch(() => {}));
  }
  return response;
}

async function forgetOthers() {
  for (const name of await ours()) if (name !== CACHE) await caches.delete(name);
}

async function ours() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX));
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
