import type { Forest, Tree } from '../model/forest.ts'

/** Splits that a word has bits for: the sign of a float cannot count as "more than nothing". */
const BITS = 31
const COLUMN = 64
/** Bytes of the record that the kernel reads for a feature. */
const RECORD = 20
/** Lines of a table before that of code 0: for missing values, and for codes in no set. */
const OTHER_LINES = 2

/** A split on categories: the column with its bit, and the bit. */
export interface SetPlace {
  readonly column: number
  readonly mask: number
}

interface Feature {
  readonly feature: number
  /** One more than the largest code in any set. */
  codes: number
  readonly splits: { readonly tree: Tree; readonly node: number }[]
}

/** The features of a forest that are looked up in sets, laid out for the kernel. */
export class ForestSets {
  readonly #features: readonly Feature[]

  constructor({ trees }: Forest) {
    const features = new Map<number, Feature>()
    for (const tree of trees) {
      for (const [node, right] of tree.categories ?? []) {
        const feature = tree.feature[node]!
        const known = features.get(feature) ?? { feature, codes: 0, splits: [] }
        features.set(feature, known)
        known.splits.push({ tree, node })
        for (const code of right) known.codes = Math.max(known.codes, code + 1)
      }
    }
    this.#features = [...features.values()]
  }

  /** Bytes of everything that {@link write} writes. */
  get bytes(): number {
    return this.#features.reduce(
      (sum, feature) => sum + RECORD + columnBytes(feature) + tableBytes(feature),
      0,
    )
  }

  /**
   * Writes the places of columns, the tables, and then the records, which end where `bytes` do.
   * @returns where the records start, and the place of each split by tree and node
   */
  write(memory: ArrayBuffer, start: number): { records: number; places: Map<Tree, Map<number, SetPlace>> } {
    const words = new Uint32Array(memory)
    const places = new Map<Tree, Map<number, SetPlace>>()
    const records = start + this.bytes - RECORD * this.#features.length
    let at = start
    for (const [index, feature] of this.#features.entries()) {
      const { codes, splits } = feature
      const width = wordsOf(feature)
      const columns = at
      const table = at + columnBytes(feature)
      at = table + tableBytes(feature)
      words.set([4 * feature.feature, codes, width, table, columns], (records + RECORD * index) >> 2)
      for (const [split, { tree, node }] of splits.entries()) {
        const word = Math.floor(split / BITS)
        const mask = 1 << (split % BITS)
        const inTree = places.get(tree) ?? new Map<number, SetPlace>()
        places.set(tree, inTree.set(node, { column: columns + COLUMN * word, mask }))
        const set = (line: number) => {
          words[(table >> 2) + line * width + word]! |= mask
        }
        if (tree.defaultLeft[node] === 0) set(0)
        for (const code of tree.categories!.get(node)!) set(OTHER_LINES + code)
      }
    }
    return { records, places }
  }
}

function wordsOf({ splits }: Feature): number {
  return Math.ceil(splits.length / BITS)
}

function columnBytes(feature: Feature): number {
  return COLUMN * wordsOf(feature)
}

function tableBytes(feature: Feature): number {
  return 4 * wordsOf(feature) * (OTHER_LINES + feature.codes)
}
