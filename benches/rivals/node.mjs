// Times WebAssembly in Node.js, whose engine is Chromium's: `node node.mjs WHO FOLDER MODEL ONNX SOUND`, a line of JSON for
// each stage. WHO is `soundalike` or `rivals`; FOLDER holds `wasm/stages.js` and `node_modules`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [who, folder, model, onnx, sound] = process.argv.slice(2);
const require = createRequire(join(resolve(folder), "package.json"));

const SEGMENTS = 10;
const COUNTED = 15;
const WARM_UP = 500;

function told(stage, milliseconds, by) {
  console.log(JSON.stringify({ stage, milliseconds, by }));
}

async function median(run, counted = COUNTED) {
  const begun = performance.now();
  do await run();
  while (performance.now() - begun < WARM_UP);
  const times = [];
  for (let at = 0; at < counted; at++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[(counted - 1) / 2];
}

async function soundalike() {
  const stages = require("./wasm/stages.js");
  const now = () => performance.now();
  told("wasm model", stages.model(readFileSync(model), now));
  told("wasm log-mel", stages.logMel(now));
  told("wasm file to log-mel", stages.fileToLogMel(readFileSync(sound), now));
  told("wasm search", stages.search(now, 100_000));
}

async function onnxruntime() {
  const ort = require("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
  const session = await ort.InferenceSession.create(readFileSync(onnx), options);
  const run = async (segments) => {
    const values = new Float32Array(segments * 96 * 187).map((_, at) => ((at * 7919) % 1000) / 300);
    const x = new ort.Tensor("float32", values, [segments, 1, 96, 187]);
    return median(() => session.run({ x }));
  };
  // Whichever suits it better: ten at once, or one after the other.
  const milliseconds = Math.min(await run(SEGMENTS), SEGMENTS * (await run(1)));
  told("wasm model", milliseconds, `onnxruntime-web ${ort.env.versions.web}`);
}

async function essentia() {
  const { Essentia, EssentiaWASM } = require("essentia.js");
  const essentia = new Essentia(EssentiaWASM);
  const [rate, size, hop, bands] = [16000, 512, 256, 96];
  const noise = new Float32Array(30 * rate).map(() => Math.random() - 0.5);
  const run = () => {
    const frames = essentia.FrameGenerator(noise, size, hop);
    for (let at = 0; at < frames.size(); at++) {
      const windowed = essentia.Windowing(frames.get(at), true, size, "hann");
      const { spectrum } = essentia.Spectrum(windowed.frame, size);
      const mel = essentia.MelBands(spectrum, rate / 2, size / 2 + 1, true, 0, "unit_tri", bands, rate);
      for (const value of [windowed.frame, spectrum, mel.bands]) value.delete();
    }
    frames.delete();
  };
  // Once is enough for what takes so long: there are several rounds.
  const milliseconds = await median(run, 1);
  told("wasm log-mel", milliseconds, `essentia.js ${essentia.version}`);
}

if (who === "soundalike") {
  await soundalike();
} else {
  for (const rival of [onnxruntime, essentia]) {
    try {
      await rival();
    } catch (error) {
      console.log(JSON.stringify({ skipped: rival.name, why: String(error) }));
    }
  }
}
