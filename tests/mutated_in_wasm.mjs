// Decodes mutated files in the page's WebAssembly module, run by node. A decoder that fails traps, and only a
// new instance goes on, as a new worker does in the page.
//
//     node tests/mutated_in_wasm.mjs pkg/cpu FOLDER SECONDS
//
// FOLDER is filled by the test in tests/odd_files.rs; its files are taken again and again until the time is over.
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [pkg, folder, seconds] = process.argv.slice(2);
const code = await readFile(resolve(pkg, 'soundalike_bg.wasm'));
const glue = pathToFileURL(resolve(pkg, 'soundalike.js'));
let instances = 0;

/** The module with a memory of its own. */
async function instance() {
  const module = await import(`${glue}?${instances++}`);
  await module.default({ module_or_path: code });
  return module;
}

const names = await readdir(folder);
const counts = { heard: 0, refused: 0, trapped: 0 };
const longest = { name: '', milliseconds: 0 };
const end = Date.now() + Number(seconds) * 1000;
// A trap prints its panic, which is looked at only if something else goes wrong.
console.error = () => {};
let module = await instance();
for (let at = 0; Date.now() < end; at++) {
  const name = names[at % names.length];
  const bytes = await readFile(join(folder, name));
  const began = performance.now();
  try {
    module.decode(bytes, name).free();
    counts.heard++;
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) {
      counts.trapped++;
      module = await instance();
    } else if (typeof error?.code === 'string') {
      counts.refused++;
    } else {
      throw error;
    }
  }
  const milliseconds = performance.now() - began;
  if (milliseconds > longest.milliseconds) Object.assign(longest, { name, milliseconds });
}
const { heard, refused, trapped } = counts;
console.log(
  `${heard + refused + trapped} files in ${seconds} s: ${heard} heard, ${refused} refused, ${trapped} trapped; ` +
    `the longest took ${longest.milliseconds.toFixed(0)} ms`,
);
