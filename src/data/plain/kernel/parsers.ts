// What the module exports: `npm run kernel` makes parsers.wasm of it. docs/parsing-kernel.md tells how it reads.
export { readCsv } from './csv'
export { readInstances } from './instances'
export { pairs, readLibsvm } from './libsvm'
export { ending, stop } from './state'
export { writeNumbers } from './text'
