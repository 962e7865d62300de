// Times WebGPU in headless Chromium on its software adapter: `node webgpu.mjs WHO ROOT FOLDER CHROMIUM`, a line of JSON.
// WHO is `soundalike` or `rivals`; ROOT is the repository with the built page, FOLDER holds `two-stream.onnx` and
// `node_modules`. The page says what it found to the server that it came from.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const [who, root, folder, chromium] = process.argv.slice(2);

const STAGE = "WebGPU model";
/** A software adapter takes seconds for what is repeated, and compiles shaders before. */
const PATIENCE = 240_000;

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

const PAGES = {
  soundalike: `
    import init, { Engine } from "/root/pkg/gpu/soundalike.js";
    const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
    await init();
    const [model, catalog] = [await bytes("/root/models/two-stream.safetensors"), await bytes("/root/models/catalog.safetensors")];
    const engine = await Engine.load(model, catalog, "gpu");
    // Warmed up, the best of three.
    const { milliseconds, difference } = await engine.check();
    if (!(difference <= 1e-2)) throw new Error("the adapter gives wrong answers");
    return { milliseconds };`,
  rivals: `
    import * as ort from "/folder/node_modules/onnxruntime-web/dist/ort.webgpu.min.mjs";
    ort.env.wasm.wasmPaths = "/folder/node_modules/onnxruntime-web/dist/";
    const options = { executionProviders: ["webgpu"], graphOptimizationLevel: "all" };
    const session = await ort.InferenceSession.create("/folder/two-stream.onnx", options);
    const values = new Float32Array(10 * 96 * 187).map((_, at) => ((at * 7919) % 1000) / 300);
    const x = new ort.Tensor("float32", values, [10, 1, 96, 187]);
    const fetches = session.outputNames;
    let milliseconds = Infinity;
    for (let run = 0; run < 4; run++) {
      const started = performance.now();
      const outputs = await session.run({ x });
      for (const name of fetches) await outputs[name].getData();
      // The first run compiles shaders.
      if (run > 0) milliseconds = Math.min(milliseconds, performance.now() - started);
    }
    return { milliseconds, by: "onnxruntime-web " + ort.env.versions.web };`,
};

/** The page: its imports stay at the top, the rest becomes a function whose result is told. */
function page(script) {
  const lines = script.split("\n");
  const imports = lines.filter((line) => line.trim().startsWith("import "));
  const rest = lines.filter((line) => !line.trim().startsWith("import "));
  return `<!doctype html><script type="module">${imports.join("\n")}
    const told = (result) => fetch("/told", { method: "POST", body: JSON.stringify(result) });
    const measured = async () => {
      if (!(await navigator.gpu?.requestAdapter())) throw new Error("Chromium finds no WebGPU adapter here");
      ${rest.join("\n")}
    };
    measured().then(told, (error) => told({ why: String(error?.message ?? error) }));
  </script>`;
}

function serve(told) {
  const places = { root, folder };
  return createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://here").pathname));
    if (path === "/told") {
      let body = "";
      for await (const part of request) body += part;
      response.end();
      told(JSON.parse(body));
      return;
    }
    try {
      const [, place, ...rest] = path.split("/");
      const whole = path === "/" ? page(PAGES[who]) : await readFile(join(places[place], ...rest));
      response.setHeader("content-type", path === "/" ? "text/html" : (TYPES[extname(path)] ?? "application/octet-stream"));
      response.end(whole);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
}

async function measure() {
  let told;
  const result = new Promise((resolve) => (told = resolve));
  const server = serve(told).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const profile = mkdtempSync(join(tmpdir(), "soundalike-webgpu-"));
  const flags = ["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  flags.push("--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`);
  flags.push("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader");
  const browser = spawn(chromium, [...flags, `http://127.0.0.1:${server.address().port}/`], { stdio: "ignore" });
  const ended = new Promise((resolve) => browser.once("exit", resolve));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, { why: "no answer in four minutes" }).unref());
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

const { milliseconds, by, why } = await measure();
if (why) console.log(JSON.stringify({ skipped: `WebGPU of ${who === "rivals" ? "onnxruntime-web" : "Soundalike"}`, why }));
else console.log(JSON.stringify({ stage: STAGE, milliseconds, by }));
