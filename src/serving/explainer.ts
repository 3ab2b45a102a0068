import { setImmediate } from 'node:timers/promises'
import { shortestFloat32 } from '../data/number.ts'
import { RankerError, reasonOf } from '../errors.ts'
import { goldenFeatures } from '../features/golden.ts'
import { type FeaturePart, type FeaturePipeline, pipelineOf } from '../features/pipeline.ts'
import type { Artefact } from '../model/artefact.ts'
import { type Forest, predictRow } from '../model/forest.ts'
import { MANIFEST_FILE } from '../model/manifest.ts'
import { isSameScore } from '../scoring/same-score.ts'
import { TreeShap } from '../scoring/tree-shap.ts'
import type { ModelInfo } from './model.ts'

/** Milliseconds for which rows are explained before other requests get their turn. */
const TURN_MS = 10

/** Why a score is what it is: `base` and the contributions of all features add up to the margin. */
export interface Explanation {
  /** By feature, as a share of the margin (the score before the sigmoid or the exponential, if there is one). */
  readonly contributions: Readonly<Record<string, number>>
  /** The mean margin over the rows of training. */
  readonly base: number
  /** Of a model with a feature pipeline: what each feature of one value was made of, or is. */
  readonly values?: Readonly<Record<string, ExplainedValue>>
}

type ExplainedValue = string | number | null

/** The raw cell that a feature is of, undefined where the request does not tell. @param row zero-based, in the body */
export type RawCellOf = (part: FeaturePart, row: number) => unknown

/** The features that contributions are reported for: those of a spec, with all the values they have in a row. */
export function partsOf({ featureNames, features }: ModelInfo): readonly FeaturePart[] {
  if (features) return pipelineOf(features.fitted).parts
  return featureNames.map((name, first) => ({ name, first, count: 1, column: undefined }))
}

/** What is kept of an artefact until an explanation is asked for. */
type Explainable = Pick<Artefact, 'forest' | 'file' | 'manifest'>

/**
 * Makes the explainer of a model when it is first asked for: reading the forest takes as long as loading the model.
 * @returns throws EXPLAIN_UNAVAILABLE with the reason where the model has none
 */
export function lazyExplainer({ forest, file, manifest }: Artefact): () => TreeShap {
  // Without the graph, which the engine has.
  const kept: Explainable = { file, ...(forest && { forest }), ...(manifest && { manifest }) }
  let made: TreeShap | RankerError | undefined
  return () => {
    made ??= makeExplainer(kept)
    if (made instanceof RankerError) throw made
    return made
  }
}

function makeExplainer({ forest: read, file, manifest }: Explainable): TreeShap | RankerError {
  const unavailable = (reason: string, cause?: unknown) =>
    new RankerError('EXPLAIN_UNAVAILABLE', { reason }, { cause })
  if (!read) {
    return unavailable(
      `${file} does not tell how many rows of training took each branch; wanted XGBoost's own file (model.ubj) listed in ranker.json, or in its place`,
    )
  }
  let forest: Forest
  try {
    forest = read()
  } catch (cause) {
    return unavailable(reasonOf(cause), cause)
  }
  if (forest.trees.some((tree) => tree.cover === undefined))
    return unavailable('its trees have no sum_hessian')
  const { width } = forest
  const values = manifest && goldenFeatures(manifest, MANIFEST_FILE)
  const isSame = (manifest?.goldenRows.scores ?? []).every((score, row) =>
    isSameScore(predictRow(forest, values!.subarray(row * width, (row + 1) * width)), score),
  )
  return isSame ? new TreeShap(forest) : unavailable(`XGBoost's own file gives other scores than ${file}`)
}

/**
 * Explains rows, with pauses in which other requests are answered.
 * @param values all rows, in feature order. @param rows which of them, zero-based
 */
export async function explainRows(
  explainer: TreeShap,
  model: ModelInfo,
  values: Float32Array,
  rows: readonly number[],
  rawCell: RawCellOf = () => undefined,
): Promise<Explanation[]> {
  const { width } = explainer
  const base = shortestFloat32(Math.fround(explainer.base))
  const parts = partsOf(model)
  const pipeline = model.features && pipelineOf(model.features.fitted)
  const explanations: Explanation[] = []
  let since = performance.now()
  for (const row of rows) {
    const cells = values.subarray(row * width, (row + 1) * width)
    const sums = explainer.contributions(cells)
    const named = parts.map(({ name, first, count }) => {
      let sum = 0
      for (let feature = first; feature < first + count; feature++) sum += sums[feature]!
      return [name, shortestFloat32(Math.fround(sum))] as const
    })
    explanations.push({
      contributions: Object.fromEntries(named),
      base,
      ...(pipeline && { values: explainedValues(pipeline, cells, (part) => rawCell(part, row)) }),
    })
    if (performance.now() - since < TURN_MS) continue
    await setImmediate()
    since = performance.now()
  }
  return explanations
}

function explainedValues(
  pipeline: FeaturePipeline,
  cells: Float32Array,
  rawCell: (part: FeaturePart) => unknown,
): Record<string, ExplainedValue> {
  const named = pipeline.parts.flatMap((part): [string, ExplainedValue][] => {
    const raw = rawCell(part)
    if (typeof raw === 'string' || typeof raw === 'number' || raw === null) return [[part.name, raw]]
    if (part.count !== 1) return []
    const value = pipeline.describe(part, cells[part.first]!)
    return [[part.name, typeof value === 'number' ? shortestFloat32(value) : value]]
  })
  return Object.fromEntries(named)
}
