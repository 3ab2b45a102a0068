import { intsOf } from './onnx-attributes.ts'
import type { OnnxModel, OnnxNode } from './onnx-reader.ts'

/** Most steps from a tensor back to one of known width: a graph that needs more is not made of features and trees. */
const MOST_STEPS = 500

type Rule = (node: OnnxNode, widths: Widths) => number | undefined

/** As wide as its first input. */
const keeps: Rule = ({ inputs }, widths) => widths.of(inputs[0])

/** Broadcast: as wide as the widest input; every other input is equally wide, or a single column that is repeated. */
const broadcasts: Rule = ({ inputs }, widths) => {
  const all = inputs.map((input) => widths.of(input))
  const widest = Math.max(...all.map((width) => width ?? Number.NaN))
  return all.every((width) => width === widest || width === 1) ? widest : undefined
}

/** The operators that exporters of pipelines put before a tree ensemble, and the width of their result. */
const RULES: Readonly<Record<string, Rule>> = {
  Identity: keeps,
  Cast: keeps,
  Scaler: keeps,
  Imputer: keeps,
  Normalizer: keeps,
  Binarizer: keeps,
  Clip: keeps,
  Neg: keeps,
  Add: broadcasts,
  Sub: broadcasts,
  Mul: broadcasts,
  Div: broadcasts,
  Concat: (node, widths) => {
    const isOfColumns = Math.abs(intsOf(node, 'axis')[0] ?? 0) === 1
    return isOfColumns ? sum(node.inputs.map((input) => widths.of(input))) : undefined
  },
  ArrayFeatureExtractor: ({ inputs }, widths) =>
    widths.dimensionsOf(inputs[1])?.reduce((product, size) => product * size, 1),
  MatMul: ({ inputs }, widths) => {
    const dimensions = widths.dimensionsOf(inputs[1])
    return dimensions?.length === 2 ? dimensions[1] : undefined
  },
}

/** Finds how many columns the tensors of a graph have, as declared or as its operators imply. */
export class Widths {
  readonly #model: OnnxModel
  readonly #producers = new Map<string, OnnxNode>()
  readonly #known = new Map<string, number | undefined>()
  #steps = 0

  constructor(model: OnnxModel) {
    this.#model = model
    for (const node of model.nodes) for (const output of node.outputs) this.#producers.set(output, node)
  }

  /** @returns undefined where it is not known */
  of(tensor = ''): number | undefined {
    const told = this.#model.widths.get(tensor)
    if (told !== undefined) return told
    if (this.#known.has(tensor)) return this.#known.get(tensor)
    // Set until it is found: a tensor that depends on itself has no width.
    this.#known.set(tensor, undefined)
    this.#steps++
    const width = this.#steps > MOST_STEPS ? undefined : this.#find(tensor)
    this.#steps--
    this.#known.set(tensor, width)
    return width
  }

  /** The dimensions of a tensor that the file holds. */
  dimensionsOf(tensor = ''): readonly number[] | undefined {
    return this.#model.initializers.get(tensor)
  }

  #find(tensor: string): number | undefined {
    const dimensions = this.dimensionsOf(tensor)
    if (dimensions) return dimensions.length <= 2 ? (dimensions.at(-1) ?? 1) : undefined
    const node = this.#producers.get(tensor)
    return node && RULES[node.operator]?.(node, this)
  }
}

function sum(widths: readonly (number | undefined)[]): number | undefined {
  return widths.reduce(
    (total, width) => (total === undefined || width === undefined ? undefined : total + width),
    0,
  )
}
