import { RankerError, reasonOf } from '../errors.ts'
import type { Forest } from '../model/forest.ts'
import { readOnnxForest } from '../model/onnx-forest.ts'
import type { OnnxModel } from '../model/onnx-reader.ts'
import type { Engine } from './engines.ts'
import { openForest, whyNotForest } from './forest-scorer.ts'
import { openOnnxRuntime } from './onnxruntime.ts'
import { isSameScore } from './same-score.ts'
import type { Scorer } from './scorer.ts'

/** A graph, safe to open. */
export interface Graph {
  readonly onnx: Uint8Array
  /** The structure of `onnx`. */
  readonly graph: OnnxModel
  /** The name of its file, for errors. */
  readonly file: string
}

export interface OpenedScorer {
  readonly scorer: Scorer
  /** Why this engine was chosen, for the log. */
  readonly reason: string
}

const PROBES = 64

/**
 * Opens a graph on the wanted engine. ONNX Runtime takes part only to score or to compare with.
 * @param hasGoldenRows whether the caller compares scores with those of training; otherwise the kernel is compared
 * with ONNX Runtime here
 * @throws {RankerError} MODEL_UNSUPPORTED when a named engine cannot score the graph, and as `openOnnxRuntime` does.
 */
export async function openScorer(
  { onnx, graph, file }: Graph,
  engine: Engine,
  hasGoldenRows: boolean,
): Promise<OpenedScorer> {
  const general = async (reason: string): Promise<OpenedScorer> => {
    if (engine === 'wasm') {
      throw new RankerError('MODEL_UNSUPPORTED', { file, reason: `RANKER_ENGINE is wasm, and ${reason}` })
    }
    return { scorer: await openOnnxRuntime(onnx, file), reason }
  }
  if (engine === 'onnxruntime') return general('RANKER_ENGINE says so')
  const forest = readOnnxForest(graph)
  if (typeof forest === 'string') return general(forest)
  const why = whyNotForest(forest)
  if (why !== undefined) return general(why)
  let scorer: Scorer
  try {
    scorer = openForest(forest)
  } catch (cause) {
    // A limit on address space (ulimit -v), of which WebAssembly reserves a lot.
    return general(reasonOf(cause))
  }
  if (hasGoldenRows) return { scorer, reason: 'it is a forest' }
  const runtime = await openOnnxRuntime(onnx, file)
  const difference = await compare(scorer, runtime, forest).finally(() => runtime.close())
  if (difference !== undefined) return general(difference)
  return { scorer, reason: 'it is a forest, and ONNX Runtime gives it the same scores' }
}

/** @returns the difference in words; undefined if there is none */
async function compare(scorer: Scorer, runtime: Scorer, forest: Forest): Promise<string | undefined> {
  const rows = probesOf(forest)
  const [seen, wanted] = await Promise.all([scorer.score(rows, PROBES), runtime.score(rows, PROBES)])
  for (let row = 0; row < PROBES; row++) {
    const [one, other] = [seen[row]!, wanted[row]!]
    if (!isSameScore(one, other)) return `the kernel scores a row ${one}, and ONNX Runtime ${other}`
  }
  return undefined
}

/** Rows of values that nodes compare with, of their neighbours, and of missing values. */
function probesOf({ trees, width }: Forest): Float32Array {
  const thresholds = new Map<number, number[]>()
  for (const { left, feature, threshold } of trees) {
    for (let node = 0; node < left.length; node++) {
      if (left[node] === -1 || !Number.isFinite(threshold[node])) continue
      const known = thresholds.get(feature[node]!)
      if (known) known.push(threshold[node]!)
      else thresholds.set(feature[node]!, [threshold[node]!])
    }
  }
  const rows = new Float32Array(PROBES * width)
  // The first row stays zeros.
  for (let row = 1; row < PROBES; row++) {
    for (let feature = 0; feature < width; feature++) {
      const known = thresholds.get(feature) ?? [0]
      // Any numbers without a pattern.
      const pick = Math.imul(row * 977 + feature * 7919, 0x9e3779b1) >>> 0
      const value = known[pick % known.length]!
      const kind = row === 1 ? 0 : (pick >>> 16) % 4
      rows[row * width + feature] = kind === 0 ? Number.NaN : kind === 1 ? value : value + (kind - 2.5)
    }
  }
  return rows
}
