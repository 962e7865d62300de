import assert from 'node:assert/strict';
import { createHash, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';

const SOURCE = readFileSync(new URL('../../xtask/src/sw.js', import.meta.url), 'utf8');
const FILE = 'www/main.js';
const TEXT = 'the same file';

/** A browser's caches, a server whose files come with these headers, and a count of what was fetched. */
function browser() {
  const stored = new Map();
  const cacheOf = (name) => ({
    match: async (path) => stored.get(name)?.get(path)?.clone(),
    put: async (path, response) => stored.get(name).set(path, response.clone()),
  });
  const caches = {
    has: async (name) => stored.has(name),
    keys: async () => [...stored.keys()],
    delete: async (name) => stored.delete(name),
    open: async (name) => {
      if (!stored.has(name)) stored.set(name, new Map());
      return cacheOf(name);
    },
  };
  const server = { policy: '', fetched: 0 };
  const fetch = async () => {
    server.fetched += 1;
    return new Response(TEXT, { headers: { 'Content-Security-Policy': server.policy } });
  };
  return { stored, caches, server, fetch };
}

/** Installs and activates a version of the worker, as after a build. */
async function visit({ stored, caches, server, fetch }, version, policy) {
  const hash = createHash('sha256').update(TEXT).digest('hex');
  const source = SOURCE.replace("/* version */ ''", `'${version}'`)
    .replace("/* policy */ ''", `'${policy}'`)
    .replace('/* assets */ {}', JSON.stringify({ [FILE]: hash }));
  const listeners = {};
  const self = { addEventListener: (name, listener) => (listeners[name] = listener) };
  runInContext(
    source,
    createContext({ self, caches, fetch, Headers, Response, Uint8Array, crypto: webcrypto }),
  );
  server.policy = policy;
  for (const name of ['install', 'activate']) {
    await new Promise((resolve, reject) =>
      listeners[name]({ waitUntil: (work) => work.then(resolve, reject) }),
    );
  }
  return stored.get(`soundalike-${version}`).get(FILE).headers.get('Content-Security-Policy');
}

test('a returning visitor gets the headers of today, and the same file only once otherwise', async () => {
  const returning = browser();
  assert.equal(await visit(returning, 'one', 'old policy'), 'old policy');
  assert.equal(await visit(returning, 'two', 'old policy'), 'old policy');
  assert.equal(returning.server.fetched, 1);
  assert.equal(await visit(returning, 'three', 'new policy'), 'new policy');
  assert.equal(returning.server.fetched, 2);
});

test('what was kept before the headers counted is fetched again', async () => {
  const returning = browser();
  const before = await returning.caches.open('soundalike-before');
  await before.put(FILE, new Response(TEXT, { headers: { 'Content-Security-Policy': 'old' } }));
  assert.equal(await visit(returning, 'one', 'new policy'), 'new policy');
});
