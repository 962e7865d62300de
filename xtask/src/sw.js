// The page's copy of itself, for visits without a network. `cargo xtask` fills in what there is to keep.
//
// A version is what the files below are. It is kept whole or not at all: every file is held against its
// hash. A newer version waits until the visitor wants it.

const VERSION = /* version */ '';
/** Address from the page's own → SHA-256. */
const ASSETS = /* assets */ {};

const PREFIX = 'soundalike-';
const CACHE = PREFIX + VERSION;
/** Kept once it was fetched: the graphics processor's module is too large to be fetched for nothing. */
const LATER = 'pkg/gpu/';

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
  else if (path.startsWith(LATER)) event.respondWith(answerLater(path, request));
});

async function fill() {
  const cache = await caches.open(CACHE);
  try {
    for (const [asset, hash] of Object.entries(ASSETS)) {
      await cache.put(asset, (await kept(asset, hash)) ?? (await fetched(asset, hash)));
    }
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

/** The file from an earlier version, if it is the same. */
async function kept(asset, hash) {
  for (const name of await others()) {
    const response = await (await caches.open(name)).match(asset, { ignoreVary: true });
    if (response && (await sha256(await response.clone().arrayBuffer())) === hash) return response;
  }
  return null;
}

async function fetched(asset, hash) {
  const response = await fetch(asset, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${asset}: ${response.status}`);
  const bytes = await response.arrayBuffer();
  if ((await sha256(bytes)) !== hash) throw new Error(`${asset} is of another version`);
  const headers = new Headers(response.headers);
  // The body lies here as it is.
  headers.delete('content-encoding');
  headers.delete('content-length');
  return new Response(bytes, { headers });
}

async function answer(asset, request) {
  const cache = await caches.open(CACHE);
  // Without it the browser has made room for something else.
  return (await cache.match(asset, { ignoreVary: true })) ?? fetch(request);
}

async function answerLater(path, request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(path, { ignoreVary: true });
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) cache.put(path, response.clone());
  return response;
}

async function forgetOthers() {
  for (const name of await others()) await caches.delete(name);
}

async function others() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
