import { type Forest, goesLeft, type Tree } from '../model/forest.ts'

/** Stands for a vanishing share of the rows, so that it can be divided by; it does not change any result visibly. */
const LEAST_SHARE = 1e-12

/**
 * The exact Shapley values of a forest's margin, path-dependent: a feature that is not known takes both ways of a split,
 * weighted by the rows that took them in training (Lundberg et al. 2018, "Consistent individualized feature attribution
 * for tree ensembles", arXiv:1802.03888; XGBoost's `pred_contribs`).
 *
 * For a leaf of value v whose path asks d features, where the rows that follow the path's splits on feature j are the
 * share z_j of all, and o_j is 1 if this row follows them and else 0, feature i gets
 *
 *     v (o_i - z_i) ∫₀¹ Π_{j≠i} (z_j (1-t) + o_j t) dt
 *
 * which is the paper's sum over subsets, since ∫ tˢ(1-t)^(d-1-s) dt = s!(d-1-s)!/d!. The integrand is a polynomial of
 * degree d-1, so that Gauss's quadrature with ⌈d/2⌉ points is exact, and at each point the products are kept along one
 * walk down the tree and one up: nodes times points for a row, where the paper's algorithm takes leaves times depth
 * squared.
 */
export class TreeShap {
  readonly width: number
  /** The mean margin, to which the contributions of a row are added. */
  readonly base: number
  readonly #walks: readonly TreeWalk[]
  readonly #scratch: Scratch

  /** @param forest with covers in every tree */
  constructor(forest: Forest) {
    this.width = forest.width
    this.#walks = forest.trees.map((tree) => new TreeWalk(tree))
    this.base = this.#walks.reduce((sum, walk) => sum + walk.mean, forest.base)
    const size = this.#walks.reduce((most, walk) => Math.max(most, walk.size), 0)
    this.#scratch = {
      products: new Float64Array(size),
      factors: new Float64Array(size),
      follows: new Uint8Array(size),
    }
  }

  /** The contribution of each feature to the margin of a row. @param row `width` values, NaN is missing. */
  contributions(row: ArrayLike<number>): Float64Array {
    const sums = new Float64Array(this.width)
    for (const walk of this.#walks) walk.add(row, sums, this.#scratch)
    return sums
  }
}

/** What a walk writes to, shared by all trees. */
interface Scratch {
  /** By node and point: the product of the factors on the way to it, then the sum over the leaves below. */
  readonly products: Float64Array
  /** By node and point: the factor of the feature that the way into the node depends on. */
  readonly factors: Float64Array
  /** By node, o: 1 where the row follows all splits on that feature down to the node. */
  readonly follows: Uint8Array
}

/**
 * A tree with its nodes in an order where each comes after its parent, and everything that is the same for every row.
 */
class TreeWalk {
  /** The mean of the leaves over the rows of training. */
  readonly mean: number
  readonly #tree: Tree
  /** The tree's own numbers of the nodes. */
  readonly #nodes: Int32Array
  readonly #parent: Int32Array
  readonly #isLeft: Uint8Array
  /** The feature on which the edge into a node depends. */
  readonly #feature: Int32Array
  /**
   * The last ancestor whose incoming edge depends on the same feature, else 0: the root, which has no incoming edge.
   */
  readonly #before: Int32Array
  /** z: the share of the rows that follow all splits on that feature down to the node. */
  readonly #share: Float64Array
  readonly #points: Quadrature
  readonly #goesLeft: Uint8Array

  constructor(tree: Tree) {
    const count = tree.left.length
    this.#tree = tree
    this.#nodes = new Int32Array(count)
    this.#parent = new Int32Array(count)
    this.#isLeft = new Uint8Array(count)
    this.#feature = new Int32Array(count)
    this.#before = new Int32Array(count)
    this.#share = new Float64Array(count).fill(1)
    this.#goesLeft = new Uint8Array(count)
    const { features, mean } = this.#order(tree)
    this.mean = mean
    this.#points = quadrature(Math.max(1, Math.ceil(features / 2)))
  }

  /** Numbers that a walk keeps of each kind. */
  get size(): number {
    return this.#nodes.length * this.#points.at.length
  }

  /** Fills the arrays, parents first. @returns the most features that a path asks, and the mean of the leaves. */
  #order({ left, right, feature, threshold, cover }: Tree): { features: number; mean: number } {
    const reach = new Float64Array(left.length).fill(1)
    const asked = new Int32Array(left.length)
    let placed = 1
    let features = 0
    let mean = 0
    for (let at = 0; at < placed; at++) {
      const node = this.#nodes[at]!
      if (left[node] === -1) {
        mean += reach[at]! * threshold[node]!
        features = Math.max(features, asked[at]!)
        continue
      }
      for (const [isLeft, child] of [right[node]!, left[node]!].entries()) {
        const place = placed++
        const ratio = cover![child]! / cover![node]!
        // Where no row passed in training, there is no share to speak of.
        const share = Math.max(LEAST_SHARE, Number.isNaN(ratio) ? 0.5 : ratio)
        this.#nodes[place] = child
        this.#parent[place] = at
        this.#isLeft[place] = isLeft
        this.#feature[place] = feature[node]!
        let before = at
        while (before > 0 && this.#feature[before] !== feature[node]) before = this.#parent[before]!
        this.#before[place] = before
        this.#share[place] = this.#share[before]! * share
        asked[place] = asked[at]! + (before === 0 ? 1 : 0)
        reach[place] = reach[at]! * share
      }
    }
    return { features, mean }
  }

  /** Adds the contributions of this tree. @param scratch of this {@link size} or more */
  add(row: ArrayLike<number>, sums: Float64Array, { products, factors, follows }: Scratch): void {
    this.#down(row, products, factors, follows)
    this.#up(sums, products, factors, follows)
  }

  /** Leaves in `products`, for each leaf and point, the product of the factors on the way to it, times its value. */
  #down(row: ArrayLike<number>, products: Float64Array, factors: Float64Array, follows: Uint8Array): void {
    const { left, feature, threshold } = this.#tree
    const points = this.#points.at
    const count = points.length
    products.fill(1, 0, count)
    factors.fill(1, 0, count)
    follows[0] = 1
    for (let place = 0; place < this.#nodes.length; place++) {
      const node = this.#nodes[place]!
      const to = place * count
      if (place > 0) {
        const parent = this.#parent[place]!
        const before = this.#before[place]!
        const share = this.#share[place]!
        const isFollowed = follows[before]! & (this.#isLeft[place] === this.#goesLeft[parent] ? 1 : 0)
        follows[place] = isFollowed
        for (let q = 0; q < count; q++) {
          const factor = share + (isFollowed - share) * points[q]!
          factors[to + q] = factor
          products[to + q] = (products[parent * count + q]! * factor) / factors[before * count + q]!
        }
      }
      if (left[node] === -1) {
        for (let q = 0; q < count; q++) products[to + q]! *= threshold[node]!
      } else {
        this.#goesLeft[place] = goesLeft(this.#tree, node, row[feature[node]!]!) ? 1 : 0
      }
    }
  }

  /**
   * Sums the leaves' products on the way up. Where several nodes of a path depend on one feature each takes back what
   * the one before it gave, since the last of them speaks for the feature.
   */
  #up(sums: Float64Array, products: Float64Array, factors: Float64Array, follows: Uint8Array): void {
    const { weight } = this.#points
    const count = weight.length
    for (let place = this.#nodes.length - 1; place > 0; place--) {
      const from = place * count
      const parent = this.#parent[place]! * count
      const before = this.#before[place]!
      let given = 0
      let taken = 0
      for (let q = 0; q < count; q++) {
        const below = products[from + q]!
        given += (weight[q]! * below) / factors[from + q]!
        taken += (weight[q]! * below) / factors[before * count + q]!
        // Children lie side by side, the second at an even place: it is the first to come.
        products[parent + q] = place % 2 === 0 ? below : products[parent + q]! + below
      }
      const change = (follows[place]! - this.#share[place]!) * given
      sums[this.#feature[place]!]! +=
        before === 0 ? change : change - (follows[before]! - this.#share[before]!) * taken
    }
  }
}

/** Points in (0, 1) and their weights: with n points, exact for polynomials up to degree 2n-1. */
interface Quadrature {
  readonly at: Float64Array
  readonly weight: Float64Array
}

/** Gauss-Legendre's: the zeros of a Legendre polynomial, by Newton's method, moved from (-1, 1). */
function quadrature(points: number): Quadrature {
  const at = new Float64Array(points)
  const weight = new Float64Array(points)
  for (let index = 0; index < points; index++) {
    let x = Math.cos((Math.PI * (index + 0.75)) / (points + 0.5))
    let slope = 1
    for (let step = 0; step < 10; step++) {
      let [last, value] = [0, 1]
      for (let degree = 1; degree <= points; degree++) {
        ;[last, value] = [value, ((2 * degree - 1) * x * value - (degree - 1) * last) / degree]
      }
      slope = (points * (x * value - last)) / (x * x - 1)
      x -= value / slope
    }
    at[index] = (1 + x) / 2
    weight[index] = 1 / ((1 - x * x) * slope * slope)
  }
  return { at, weight }
}
