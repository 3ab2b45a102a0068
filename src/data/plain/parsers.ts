import { readFileSync } from 'node:fs'
import { parseFloat32, shortestFloat32 } from '../number.ts'
import { BEFORE, CELLS, INPUT, INPUT_BYTES, MOST_CELLS, PLACES, TEXT, VALUES } from './layout.ts'

/** The parts of it that are used: TypeScript declares it only for browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, (one: number, other: number) => number>>>>,
  ) => { readonly exports: unknown }
}

interface Global {
  readonly value: number
}

/** What `kernel/parsers.ts` exports. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** How the last call ended, as `kernel/state.ts` has it. */
  readonly ending: Global
  readonly stop: Global
  readonly pairs: Global
  readCsv(bytes: number, width: number, others: number): number
  readLibsvm(bytes: number, width: number, base: number): number
  readInstances(bytes: number, width: number): number
  writeNumbers(count: number, before: number, after: number): number
}

/** The parsers' module, and views of its memory. */
export interface Parsers {
  readonly kernel: Kernel
  /** All of its memory: addresses are indices into it. */
  readonly memory: Uint8Array
  readonly input: Uint8Array
  /** The start and the end of each cell. */
  readonly cells: Uint32Array
  readonly values: Float32Array
  readonly places: Uint32Array
  readonly text: Buffer
  /** What stands before each number that is written, and after it. */
  readonly around: Buffer
  /** Writes the numbers that the module leaves to JavaScript. */
  spell: (value: number) => string
}

let opened: Parsers | undefined

/**
 * The parsers of this thread. Their memory has a fixed size, 768 KiB: a body of any length goes through it in pieces,
 * and no call finds anything of an earlier one. docs/parsing-kernel.md draws it.
 */
export function parsers(): Parsers {
  opened ??= open()
  return opened
}

function open(): Parsers {
  const module = new WebAssembly.Module(readFileSync(new URL('./kernel/parsers.wasm', import.meta.url)))
  const instance = new WebAssembly.Instance(module, {
    number: { other: (start, end) => parseFloat32(bytes, start, end) },
    text: { spell: (value, to) => all.text.write(all.spell(value), to - TEXT, 'latin1') },
  })
  const kernel = instance.exports as Kernel
  const { buffer } = kernel.memory
  const bytes = new Uint8Array(buffer)
  const all: Parsers = {
    kernel,
    memory: bytes,
    input: bytes.subarray(INPUT, INPUT + INPUT_BYTES),
    cells: new Uint32Array(buffer, CELLS, 2 * MOST_CELLS),
    values: new Float32Array(buffer, VALUES, MOST_CELLS),
    places: new Uint32Array(buffer, PLACES, MOST_CELLS),
    text: Buffer.from(buffer, TEXT, VALUES - TEXT),
    around: Buffer.from(buffer, BEFORE, 32),
    spell: (value) => String(shortestFloat32(value)),
  }
  return all
}
