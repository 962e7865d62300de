// Times the page in headless Chromium with an empty cache: `node first-answer.mjs ROOT CHROMIUM SOUND`, a line of JSON with
// the milliseconds from navigation until a song can be chosen (`ready`), and from the choice of SOUND to the answer
// (`answer`). ROOT is the repository with the built page, which is sent as `soundalike serve` sends it, compressed.
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

import { typeOf, visit } from "./chromium.mjs";

const [root, chromium, sound] = process.argv.slice(2);

const PATIENCE = 300_000;

/** The browser starts its own parts first; then the page is asked for, and the clock starts. */
const BEFORE = `<!doctype html><script>setTimeout(() => (location = "/index.html"), 3000);</script>`;

const MEASURE = `
  const state = (wanted) =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (document.body.dataset.state === "error") reject(new Error("the page says an error"));
        else if (document.body.dataset.state === wanted) resolve(performance.now());
      };
      new MutationObserver(look).observe(document.body, { attributes: true });
      look();
    });
  const measured = async () => {
    const ready = await state("ready");
    const chosen = new DataTransfer();
    chosen.items.add(new File([await (await fetch("/sound.mp3")).blob()], "sound.mp3"));
    const input = document.getElementById("file");
    const begun = performance.now();
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return { ready, answer: (await state("answer")) - begun };
  };
  const told = (result) => fetch("/told", { method: "POST", body: JSON.stringify(result) });
  measured().then(told, (error) => told({ why: String(error?.message ?? error) }));`;

/** The page with what measures it, the sound, or a file of the page. */
async function file(path) {
  if (path === "/") return { type: "text/html", body: BEFORE };
  if (path === "/measure.js") return { type: "text/javascript", body: MEASURE };
  if (path === "/sound.mp3") return { type: "audio/mpeg", body: await readFile(sound) };
  const place = join(root, path);
  if (path === "/index.html") {
    const page = await readFile(place, "utf8");
    const measure = `<script type="module" src="/measure.js"></script></body>`;
    return { type: "text/html", body: page.replace("</body>", measure) };
  }
  const type = typeOf(extname(path));
  const compressed = await readFile(`${place}.br`).catch(() => null);
  return compressed ? { type, body: compressed, encoding: "br" } : { type, body: await readFile(place) };
}

console.log(JSON.stringify(await visit(chromium, [], PATIENCE, file)));
