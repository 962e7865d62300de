// A page in headless Chromium that says what it found to the server that it came from.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";

const FLAGS = ["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"];
FLAGS.push("--disable-component-update", "--disable-sync");

/** A server of what `file` gives for a path: `{ type, body, encoding }`, or null. */
function serve(file, told) {
  return createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://here").pathname));
    if (path === "/told") {
      let body = "";
      for await (const part of request) body += part;
      response.end();
      told(JSON.parse(body));
      return;
    }
    const found = await file(path).catch(() => null);
    if (found) {
      response.setHeader("content-type", found.type);
      if (found.encoding) response.setHeader("content-encoding", found.encoding);
      response.end(found.body);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
}

/** What the page at `/` sends to `/told`, from a browser with an empty cache; or `{ why }` there was nothing. */
export async function visit(chromium, flags, patience, file) {
  let told;
  const result = new Promise((resolve) => (told = resolve));
  const server = serve(file, told).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const profile = mkdtempSync(join(tmpdir(), "soundalike-chromium-"));
  const address = `http://127.0.0.1:${server.address().port}/`;
  const options = [...FLAGS, ...flags, `--user-data-dir=${profile}`, address];
  const browser = spawn(chromium, options, { stdio: "ignore" });
  const ended = new Promise((resolve) => browser.once("exit", resolve));
  const why = `no answer in ${patience / 60_000} minutes`;
  const late = new Promise((resolve) => setTimeout(resolve, patience, { why }).unref());
  const gone = ended.then(() => ({ why: "Chromium ended" }));
  try {
    return await Promise.race([result, late, gone]);
  } finally {
    browser.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css" };
Object.assign(TYPES, { ".wasm": "application/wasm", ".json": "application/json", ".svg": "image/svg+xml" });

/** The content type of a file by the end of its name. */
export function typeOf(extension) {
  return TYPES[extension] ?? "application/octet-stream";
}
