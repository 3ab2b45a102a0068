import type { Dataset } from '../data/dataset/dataset.ts'
import { readRows, sampleIndices } from '../data/dataset/samples.ts'
import type { Forest, Tree } from '../model/forest.ts'
import type { FeatureImportance, ShapDot } from '../report/report-data.ts'
import type { Booster } from '../xgboost/booster.ts'
import { DMatrix } from '../xgboost/dmatrix.ts'
import type { XGBoost } from '../xgboost/library.ts'

/** Rows whose contributions are averaged, where the forest is of usual size. */
const MOST_ROWS = 250
const LEAST_ROWS = 50
/** Steps of TreeSHAP to spend, at about a nanosecond each; a large forest is explained on fewer rows. */
const WORK = 6e7
/** Features and rows of each whose single contributions are drawn. */
const DRAWN_FEATURES = 8
const DRAWN_ROWS = 150

export interface Importance {
  /** The feature that moves scores most comes first. */
  readonly features: readonly FeatureImportance[]
  /** Rows of train that the contributions are averaged over. */
  readonly rows: number
  /** Single contributions of the first features. */
  readonly dots: readonly { readonly feature: string; readonly dots: readonly ShapDot[] }[]
}

/** How much each feature matters to the kept model: XGBoost's own scores, and mean |SHAP| over a sample of rows. */
export function featureImportance(
  library: XGBoost,
  final: Booster,
  forest: Forest,
  data: Dataset,
): Importance {
  const names = data.featureNames
  const width = names.length
  const rows = sampleIndices(data.rows, explainableRows(forest))
  const values = readRows(data, rows)
  const contributions = explain(library, final, values, width)

  const meanAbs = new Float64Array(width)
  for (let row = 0, at = 0; row < rows.length; row++, at++) {
    for (let feature = 0; feature < width; feature++) meanAbs[feature]! += Math.abs(contributions[at++]!)
  }
  const [splits, gain, cover] = (['weight', 'gain', 'cover'] as const).map((kind) =>
    final.featureScores(kind, width),
  ) as [Float64Array, Float64Array, Float64Array]
  const order = Array.from(names, (_, feature) => feature).sort(
    (a, b) => meanAbs[b]! - meanAbs[a]! || gain[b]! - gain[a]!,
  )
  return {
    features: order.map((feature) => ({
      feature: names[feature]!,
      mean_abs_shap: meanAbs[feature]! / rows.length,
      gain: gain[feature]!,
      cover: cover[feature]!,
      splits: splits[feature]!,
    })),
    rows: rows.length,
    dots: order
      .slice(0, DRAWN_FEATURES)
      .filter((feature) => splits[feature]! > 0)
      .map((feature) => ({
        feature: names[feature]!,
        dots: drawnDots(
          Float32Array.from(rows, (_, row) => values[row * width + feature]!),
          Float32Array.from(rows, (_, row) => contributions[row * (width + 1) + feature]!),
        ),
      })),
  }
}

function explain(library: XGBoost, final: Booster, values: Float32Array, width: number): Float32Array {
  const matrix = DMatrix.ofRows(library, values, width)
  try {
    return final.contributions(matrix)
  } finally {
    matrix.close()
  }
}

/** TreeSHAP takes about leaves × depth² steps a tree and row. */
function explainableRows({ trees }: Forest): number {
  const steps = trees.reduce((sum, tree) => sum + leavesOf(tree) * depthOf(tree) ** 2, 1)
  return Math.round(Math.min(MOST_ROWS, Math.max(LEAST_ROWS, WORK / steps)))
}

const leavesOf = ({ left }: Tree): number => (left.length + 1) / 2

function depthOf({ left, right }: Tree): number {
  const depth = new Uint32Array(left.length)
  let deepest = 0
  // Children are numbered after their parent.
  for (let node = 0; node < left.length; node++) {
    if (left[node] === -1) continue
    depth[left[node]!] = depth[right[node]!] = depth[node]! + 1
    deepest = Math.max(deepest, depth[node]! + 1)
  }
  return deepest
}

/** Contributions of some rows, each with where the row's value stands among all: 0 the lowest, 1 the highest. */
function drawnDots(values: Float32Array, contributions: Float32Array): ShapDot[] {
  const ascending = values.filter((value) => !Number.isNaN(value)).sort()
  return Array.from(sampleIndices(values.length, DRAWN_ROWS), (row) => {
    const value = values[row]!
    if (Number.isNaN(value)) return [contributions[row]!, null]
    // The middle of equal values, so that a column of two values shows both ends alike.
    const [first, last] = [ascending.indexOf(value), ascending.lastIndexOf(value)]
    return [contributions[row]!, ascending.length > 1 ? (first + last) / 2 / (ascending.length - 1) : 0.5]
  })
}
