// Times WebGPU in headless Chromium on its software adapter: `node webgpu.mjs WHO ROOT FOLDER CHROMIUM`, a line of JSON.
// WHO is `soundalike` or `rivals`; ROOT is the repository with the built page, FOLDER holds `two-stream.onnx` and
// `node_modules`. The page says what it found to the server that it came from.
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

import { typeOf, visit } from "./chromium.mjs";

const [who, root, folder, chromium] = process.argv.slice(2);

const STAGE = "WebGPU model";
/** A software adapter takes seconds for what is repeated, and compiles shaders before. */
const PATIENCE = 240_000;

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

/** The page, or a file of the repository or of the rivals' folder. */
async function file(path) {
  if (path === "/") return { type: "text/html", body: page(PAGES[who]) };
  const [, place, ...rest] = path.split("/");
  return { type: typeOf(extname(path)), body: await readFile(join({ root, folder }[place], ...rest)) };
}

const FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const { milliseconds, by, why } = await visit(chromium, FLAGS, PATIENCE, file);
if (why) console.log(JSON.stringify({ skipped: `WebGPU of ${who === "rivals" ? "onnxruntime-web" : "Soundalike"}`, why }));
else console.log(JSON.stringify({ stage: STAGE, milliseconds, by }));
