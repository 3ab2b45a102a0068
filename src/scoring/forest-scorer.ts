import { readFileSync } from 'node:fs'
import { applyTransform, type Forest } from '../model/forest.ts'
import { layoutBytes, writeLayout } from './forest-layout.ts'
import type { Scorer } from './scorer.ts'

const PAGE = 1 << 16
/** Rows are handed to the kernel in pieces of about this many bytes. */
const ROWS_BYTES = 1 << 18
const BLOCK = 16
/** Wider rows would make a block of columns larger than a processor's cache. */
const MOST_FEATURES = 8192
/** A table has a line for each code up to the largest. */
const MOST_CODE = 1 << 20
/** Larger forests are no faster here. */
const MOST_BYTES = 1 << 30

/** The parts of it that are used: TypeScript declares it only for browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/** What `kernel/forest.ts` exports. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  score(
    trees: number,
    end: number,
    sets: number,
    setsEnd: number,
    rows: number,
    count: number,
    features: number,
    base: number,
    scores: number,
  ): void
}

let compiled: object | undefined

/** Why the kernel cannot score a forest; undefined if it can. */
export function whyNotForest(forest: Forest): string | undefined {
  if (forest.width > MOST_FEATURES) return `it is ${forest.width} features wide`
  for (const tree of forest.trees) {
    for (const codes of tree.categories?.values() ?? []) {
      for (const code of codes)
        if (!Number.isInteger(code) || code < 0 || code > MOST_CODE) return `it has a category ${code}`
    }
    for (let node = 0; node < tree.left.length; node++) {
      if (
        tree.left[node] !== -1 &&
        tree.threshold[node] === Number.NEGATIVE_INFINITY &&
        !tree.categories?.has(node)
      )
        return 'it compares with -infinity'
    }
  }
  return layoutBytes(forest) > MOST_BYTES ? 'it is too large' : undefined
}

/**
 * Scores a forest in the WebAssembly kernel; see docs/scoring-kernel.md. @param forest one that {@link whyNotForest}
 * lets pass
 */
export function openForest(forest: Forest): Scorer {
  const { width, base, transform } = forest
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel/forest.wasm', import.meta.url)))
  let kernel: Kernel | undefined = new WebAssembly.Instance(compiled).exports as Kernel
  const most = BLOCK * Math.max(1, Math.floor(ROWS_BYTES / (4 * BLOCK * width)))
  const rowsAt = BLOCK * Math.ceil(layoutBytes(forest) / BLOCK)
  const scoresAt = rowsAt + 4 * most * width + BLOCK
  const { memory } = kernel
  memory.grow(Math.ceil((scoresAt + 4 * most) / PAGE) - memory.buffer.byteLength / PAGE)
  const { trees, end, sets, setsEnd } = writeLayout(forest, memory.buffer)
  const rowsIn = new Float32Array(memory.buffer, rowsAt, most * width)
  const scoresOut = new Float32Array(memory.buffer, scoresAt, most)

  return {
    engine: 'wasm',
    width,
    async score(rows, count) {
      const scores = new Float32Array(count)
      for (let from = 0; from < count; from += most) {
        const size = Math.min(most, count - from)
        rowsIn.set(rows.subarray(from * width, (from + size) * width))
        kernel!.score(trees, end, sets, setsEnd, rowsAt, size, width, base, scoresAt)
        scores.set(scoresOut.subarray(0, size), from)
      }
      return transform === 'identity' ? scores : scores.map((sum) => applyTransform(transform, sum))
    },
    async close() {
      kernel = undefined
    },
  }
}
