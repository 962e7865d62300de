// Times a model in the page's WebAssembly module, which wants no page for that. The arguments are the
// folder of the module and the file of the model; milliseconds are printed.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, model] = process.argv.slice(1);
const module = await import(pathToFileURL(resolve(folder, 'soundalike.js')));
await module.default({ module_or_path: await readFile(resolve(folder, 'soundalike_bg.wasm')) });
console.log(await module.millisecondsPerSegment(await readFile(model)));
