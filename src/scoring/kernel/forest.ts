// The forest kernel, in AssemblyScript: `npm run kernel` makes forest.wasm of it. docs/scoring-kernel.md draws the
// layout that it reads, which src/scoring/forest-layout.ts writes. Addresses are in bytes; nothing is allocated here.

/** Rows of a block. */
const BLOCK: u32 = 16
/** A cell of each row of a block. */
const COLUMN: u32 = 4 * BLOCK
/** Up to so many rows are scored one by one. */
const FEW: u32 = 4

/** The sum of each row of a block. */
const SUMS: usize = 64
/** Where each row is in the tree that is being walked. */
const PLACES: usize = 128
/** Bytes of trees that stay in the second cache beside the columns of a block. */
const TILE: usize = 256 * 1024
/** Two columns for each feature: where missing values go left, and where they go right. */
const COLUMNS: usize = 256

/**
 * Scores rows by the trees in [trees, end): all rows by as many trees as stay in a processor's second cache, then by the
 * next ones. A large forest would else be read from memory for every block of rows.
 * @param sets features that are looked up in sets, in [sets, setsEnd)
 * @param rows float32 values, row after row; what lies behind them is read too, up to a block of rows
 * @param features values of a row
 * @param base where each sum starts
 * @param scores where one float32 a row is written
 */
export function score(
  trees: usize,
  end: usize,
  sets: usize,
  setsEnd: usize,
  rows: usize,
  count: u32,
  features: u32,
  base: f32,
  scores: usize,
): void {
  for (let row: u32 = 0; row < count; row++) store<f32>(scores + (row << 2), base)
  for (let from = trees; from < end; ) {
    let to: usize = load<u32>(from, 4)
    while (to < end && (count <= BLOCK || load<u32>(to, 4) - from <= TILE)) to = load<u32>(to, 4)
    addTrees(from, to, sets, setsEnd, rows, count, features, scores)
    from = to
  }
}

/** Adds the trees in [from, to) to the scores. Where there are sets the trees are walked by `addTreeOfSets`. */
function addTrees(
  from: usize,
  to: usize,
  sets: usize,
  setsEnd: usize,
  rows: usize,
  count: u32,
  features: u32,
  scores: usize,
): void {
  const stride = features << 2
  for (let first: u32 = 0; first < count; first += BLOCK) {
    const left = min(count - first, BLOCK)
    fill(rows + first * stride, left, features)
    const sums = scores + (first << 2)
    if (sets < setsEnd) {
      fillSets(sets, setsEnd, rows + first * stride, left, stride)
      memory.copy(SUMS, sums, left << 2)
      for (let tree = from; tree < to; tree = load<u32>(tree, 4)) addTreeOfSets(tree, left << 2)
      memory.copy(sums, SUMS, left << 2)
    } else if (left <= FEW) {
      for (let row: u32 = 0; row < left; row++) {
        const sum = sums + (row << 2)
        store<f32>(sum, scoreRow(from, to, row << 2, load<f32>(sum)))
      }
    } else {
      memory.copy(SUMS, sums, left << 2)
      for (let tree = from; tree < to; tree = load<u32>(tree, 4)) addTree(tree)
      memory.copy(sums, SUMS, left << 2)
    }
  }
}

/** Turns rows into columns, four rows of four features at a time. */
function fill(rows: usize, count: u32, features: u32): void {
  const stride: usize = features << 2
  const low = f32x4.splat(-Infinity)
  const high = f32x4.splat(Infinity)
  for (let row: u32 = 0; row < count; row += 4) {
    let at = rows + row * stride
    let column = COLUMNS + (row << 2)
    for (let feature: u32 = 0; feature < features; feature += 4) {
      const a = v128.load(at)
      const b = v128.load(at + stride)
      const c = v128.load(at + 2 * stride)
      const d = v128.load(at + 3 * stride)
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5)
      const cd = i32x4.shuffle(c, d, 0, 4, 1, 5)
      fillColumn(column, i64x2.shuffle(ab, cd, 0, 2), low, high)
      fillColumn(column + 2 * COLUMN, i64x2.shuffle(ab, cd, 1, 3), low, high)
      const ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7)
      const cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7)
      fillColumn(column + 4 * COLUMN, i64x2.shuffle(ab2, cd2, 0, 2), low, high)
      fillColumn(column + 6 * COLUMN, i64x2.shuffle(ab2, cd2, 1, 3), low, high)
      at += 16
      column += 8 * COLUMN
    }
  }
}

/** A missing value is less than every threshold in one column, and than none in the other: no node has to ask. */
function fillColumn(column: usize, values: v128, low: v128, high: v128): void {
  const known = f32x4.eq(values, values)
  v128.store(column, v128.bitselect(values, low, known))
  v128.store(column + COLUMN, v128.bitselect(values, high, known))
}

/** Adds a tree's leaves to the sums of a block. */
function addTree(tree: usize): void {
  const levels = load<i32>(tree)
  walkTop(tree)
  if (levels >= 0) {
    for (let level = 0; level < levels; level++) {
      // A loop, not sixteen copies: those would be reordered row by row, each waiting for its own last step.
      for (let row: usize = 0; row < COLUMN; row += 4) {
        const place = load<u32>(PLACES + row)
        const node = tree + (place << 3)
        const right = u32(load<f32>(load<u32>(node, 4) + row) >= load<f32>(node))
        store<u32>(PLACES + row, (place << 1) + right)
      }
    }
    const leaves = tree + (32 << levels)
    for (let row: usize = 0; row < COLUMN; row += 16) {
      let values = v128.load32_zero(leaves + (load<u32>(PLACES + row) << 2))
      values = v128.load_lane<f32>(leaves + (load<u32>(PLACES + row, 4) << 2), values, 1)
      values = v128.load_lane<f32>(leaves + (load<u32>(PLACES + row, 8) << 2), values, 2)
      values = v128.load_lane<f32>(leaves + (load<u32>(PLACES + row, 12) << 2), values, 3)
      v128.store(SUMS + row, f32x4.add(v128.load(SUMS + row), values))
    }
    return
  }
  for (let row: usize = 0; row < COLUMN; row += 4) {
    store<u32>(PLACES + row, load<u32>(tree + (load<u32>(PLACES + row) << 2), 32))
  }
  for (let level = levels; level < -1; level++) {
    for (let row: usize = 0; row < COLUMN; row += 4) {
      const node: usize = load<u32>(PLACES + row)
      const right = u32(load<f32>(load<u32>(node, 4) + row) >= load<f32>(node))
      store<u32>(PLACES + row, load<u32>(node + (right << 2), 8))
    }
  }
  for (let row: usize = 0; row < COLUMN; row += 4) {
    const leaf: usize = load<u32>(PLACES + row)
    store<f32>(SUMS + row, load<f32>(SUMS + row) + load<f32>(leaf, 12))
  }
}

/** The first three levels of a tree, four rows at a time: all seven nodes are asked, and the answers that count taken. */
function walkTop(tree: usize): void {
  const eight = i32x4.splat(8)
  for (let row: usize = 0; row < COLUMN; row += 16) {
    const one = goesRight(tree + 8, row)
    const two = v128.bitselect(goesRight(tree + 24, row), goesRight(tree + 16, row), one)
    const three = v128.bitselect(
      v128.bitselect(goesRight(tree + 56, row), goesRight(tree + 48, row), two),
      v128.bitselect(goesRight(tree + 40, row), goesRight(tree + 32, row), two),
      one,
    )
    // True is -1 in every lane.
    const steps = i32x4.add(i32x4.shl(i32x4.add(i32x4.shl(one, 1), two), 1), three)
    v128.store(PLACES + row, i32x4.sub(eight, steps))
  }
}

function goesRight(node: usize, row: usize): v128 {
  return f32x4.ge(v128.load(load<u32>(node, 4) + row), v128.load32_splat(node))
}

/** One row of a block: the processor walks several trees at once, as none waits for another. */
function scoreRow(trees: usize, end: usize, row: usize, base: f32): f32 {
  let sum = base
  for (let tree = trees; tree < end; tree = load<u32>(tree, 4)) {
    const levels = load<i32>(tree)
    let place: u32 = 1
    const complete = levels >= 0
    for (let level = complete ? -3 - levels : -3; level < 0; level++) {
      const node = tree + (place << 3)
      place = (place << 1) + u32(load<f32>(load<u32>(node, 4) + row) >= load<f32>(node))
    }
    if (complete) {
      sum += load<f32>(tree + (32 << levels) + (place << 2))
      continue
    }
    let node: usize = load<u32>(tree + (place << 2), 32)
    for (let level = levels; level < -1; level++) {
      node = load<u32>(node + (u32(load<f32>(load<u32>(node, 4) + row) >= load<f32>(node)) << 2), 8)
    }
    sum += load<f32>(node, 12)
  }
  return sum
}

/**
 * Looks codes of categories up. A table has a row for missing values, one for codes that it does not know, and one for
 * each code: in a bit for each split on the feature, 31 to a word, whether the code goes right there. Each word becomes
 * a column.
 */
function fillSets(sets: usize, end: usize, rows: usize, count: u32, stride: u32): void {
  for (let set = sets; set < end; set += 20) {
    const codes = load<u32>(set, 4)
    const words = load<u32>(set, 8)
    for (let row: u32 = 0; row < count; row++) {
      const value = load<f32>(rows + row * stride + load<u32>(set))
      let line: u32 = 1
      if (F32.isNaN(value)) line = 0
      else if (value >= 0 && value < f32(codes) && f32(u32(value)) === value) line = u32(value) + 2
      let from: usize = load<u32>(set, 12) + ((line * words) << 2)
      let to: usize = load<u32>(set, 16) + (row << 2)
      for (let word: u32 = 0; word < words; word++) {
        store<u32>(to, load<u32>(from))
        from += 4
        to += COLUMN
      }
    }
  }
}

/**
 * Adds the leaves of a tree whose nodes have masks. Of a number the mask leaves everything; of a word from a table one
 * bit, which as a float is more than nothing, and that is the threshold.
 */
function addTreeOfSets(tree: usize, rows: usize): void {
  const levels = load<u32>(tree)
  for (let row: usize = 0; row < rows; row += 4) store<u32>(PLACES + row, u32(tree + 8))
  for (let level: u32 = 0; level < levels; level++) {
    for (let row: usize = 0; row < rows; row += 4) {
      const node: usize = load<u32>(PLACES + row)
      const bits = load<u32>(load<u32>(node, 4) + row) & load<u32>(node, 16)
      const right = u32(reinterpret<f32>(bits) >= load<f32>(node))
      store<u32>(PLACES + row, load<u32>(node + (right << 2), 8))
    }
  }
  for (let row: usize = 0; row < rows; row += 4) {
    const leaf: usize = load<u32>(PLACES + row)
    store<f32>(SUMS + row, load<f32>(SUMS + row) + load<f32>(leaf, 12))
  }
}
