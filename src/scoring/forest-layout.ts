import type { Forest, Tree } from '../model/forest.ts'
import { ForestSets, type SetPlace } from './forest-sets.ts'

/** Where the kernel (`kernel/forest.ts`) has its columns, each of 16 rows of float32. */
const COLUMNS = 256
const COLUMN = 64
/** Up to this many levels, a complete tree is the smallest form. */
const ALWAYS_COMPLETE = 6
/** With more levels a tree is never completed; below, only if enough of it is real. */
const MOST_COMPLETE = 9
const LEAST_FILLED = 1 / 4
/** Levels that the kernel walks at once; every tree is given at least these. */
const TOP = 3
const HEAD = 64
const ENTRIES = 4 * 2 ** TOP
const NODE = 16
/** Bytes of the head and of a node of a tree in a forest with sets: a node has a mask besides. */
const SET_HEAD = 8
const SET_NODE = 20
/** A mask that leaves a number unchanged. */
const WHOLE = 0xffffffff
/** The least float32 that any bit of a masked word can become. */
const LEAST = 2 ** -149
/** Trees start at cache lines. */
const LINE = 64

/** Trees in the kernel's memory. */
export interface Layout {
  /** Address of the first tree, and the end of the last one. */
  readonly trees: number
  readonly end: number
  /** Address of the first record of a feature with sets, and the end of the last one. */
  readonly sets: number
  readonly setsEnd: number
}

/** The bytes that a forest's columns and trees need, from address 0. */
export function layoutBytes(forest: Forest): number {
  const hasSets = forest.trees.some(({ categories }) => categories)
  const start = setsAt(forest.width) + lines(new ForestSets(forest).bytes)
  return forest.trees.reduce((end, tree) => end + shapeOf(tree, hasSets).bytes, start)
}

/**
 * Writes a forest for the kernel. A tree starts with a line of 64 bytes: how many levels there are below the third, where
 * the next tree is, and the seven nodes of the first three levels, as they lie in a heap (node n has the children 2n and
 * 2n + 1). A node is a threshold and the address of the column that is compared with it.
 *
 * A _complete_ tree goes on as a heap: its nodes to the last level, then one float32 a leaf. Where a real leaf comes
 * sooner, all that lies below it leads to its value.
 *
 * Any other tree has eight addresses, of the nodes that the top leads to, then nodes of 16 bytes: threshold, column and
 * the addresses of both children. A leaf is a node whose left child is itself and whose threshold is NaN, so that every
 * row stays there; its value is in the place of the right child. The number of levels is given as -1 - levels.
 *
 * Where any tree splits on categories all of them are of a third form: all levels, the next tree, and nodes of 20 bytes,
 * as those above with a mask behind, the root first.
 * @param memory of at least {@link layoutBytes}
 */
export function writeLayout(forest: Forest, memory: ArrayBuffer): Layout {
  const { trees, width } = forest
  const words = new Uint32Array(memory)
  const floats = new Float32Array(memory)
  const forestSets = new ForestSets(forest)
  const setsEnd = setsAt(width) + forestSets.bytes
  const { records, places } = forestSets.write(memory, setsAt(width))
  const hasSets = places.size > 0
  const start = lines(setsEnd)
  let at = start
  for (const tree of trees) {
    const { levels, bytes, isComplete } = shapeOf(tree, hasSets)
    words[at >> 2] = isComplete || hasSets ? levels : -1 - levels
    words[(at >> 2) + 1] = at + bytes
    if (hasSets) writeWithMasks(tree, at + SET_HEAD, places.get(tree))
    else if (isComplete) writeComplete(tree, levels, at)
    else writePointers(tree, at)
    at += bytes
  }
  return { trees: start, end: at, sets: records, setsEnd }

  function writeNode(tree: Tree, node: number, address: number): void {
    floats[address >> 2] = tree.threshold[node]!
    words[(address >> 2) + 1] = COLUMNS + COLUMN * (2 * tree.feature[node]! + 1 - tree.defaultLeft[node]!)
  }

  /** A node that leads to the same leaf either way. */
  function writeAny(address: number): void {
    words[(address >> 2) + 1] = COLUMNS
  }

  /**
   * Writes the nodes above a level in heap order; a leaf among them stands for everything below it. Nodes at the
   * level go to `below`, with their index there in the heap.
   */
  function writeAbove(
    tree: Tree,
    depth: number,
    address: number,
    below: (node: number, place: number) => void,
  ) {
    const write = (node: number, place: number, level: number): void => {
      if (level === depth) {
        below(node, place)
        return
      }
      const isLeaf = tree.left[node] === -1
      if (isLeaf) writeAny(address + 8 * place)
      else writeNode(tree, node, address + 8 * place)
      write(isLeaf ? node : tree.left[node]!, 2 * place, level + 1)
      write(isLeaf ? node : tree.right[node]!, 2 * place + 1, level + 1)
    }
    write(0, 1, 0)
  }

  function writeComplete(tree: Tree, levels: number, address: number): void {
    const depth = TOP + levels
    const leaves = (address >> 2) + 2 ** (depth + 1)
    writeAbove(tree, depth, address, (node, place) => {
      floats[leaves + place - 2 ** depth] = tree.threshold[node]!
    })
  }

  function writePointers(tree: Tree, address: number): void {
    const nodes = address + HEAD + ENTRIES
    writeAbove(tree, TOP, address, (node, place) => {
      words[(address + HEAD - ENTRIES + 4 * place) >> 2] = nodes + NODE * node
    })
    writeLinked(tree, nodes, NODE)
  }

  function writeLinked(tree: Tree, nodes: number, size: number): void {
    for (let node = 0; node < tree.left.length; node++) {
      const at = (nodes + size * node) >> 2
      if (tree.left[node] === -1) {
        floats[at] = Number.NaN
        words[at + 1] = COLUMNS
        words[at + 2] = nodes + size * node
        floats[at + 3] = tree.threshold[node]!
      } else {
        writeNode(tree, node, nodes + size * node)
        words[at + 2] = nodes + size * tree.left[node]!
        words[at + 3] = nodes + size * tree.right[node]!
      }
    }
  }

  function writeWithMasks(tree: Tree, nodes: number, sets?: ReadonlyMap<number, SetPlace>): void {
    writeLinked(tree, nodes, SET_NODE)
    for (let node = 0; node < tree.left.length; node++) {
      const at = (nodes + SET_NODE * node) >> 2
      const set = sets?.get(node)
      words[at + 4] = set?.mask ?? WHOLE
      if (!set) continue
      floats[at] = LEAST
      words[at + 1] = set.column
    }
  }
}

/** Rounded up. */
function lines(bytes: number): number {
  return LINE * Math.ceil(bytes / LINE)
}

function setsAt(width: number): number {
  // The kernel fills four features at a time.
  return COLUMNS + 2 * COLUMN * 4 * Math.ceil(width / 4)
}

interface Shape {
  /** Number of levels below the top. */
  readonly levels: number
  readonly bytes: number
  readonly isComplete: boolean
}

function shapeOf(tree: Tree, hasSets: boolean): Shape {
  if (hasSets) {
    return { levels: depthOf(tree), bytes: lines(SET_HEAD + SET_NODE * tree.left.length), isComplete: false }
  }
  const depth = Math.max(TOP, depthOf(tree))
  const levels = depth - TOP
  const filled = tree.left.length / 2 ** (depth + 1)
  const isComplete = depth <= ALWAYS_COMPLETE || (depth <= MOST_COMPLETE && filled >= LEAST_FILLED)
  const bytes = isComplete ? 12 * 2 ** depth : HEAD + ENTRIES + NODE * tree.left.length
  return { levels, isComplete, bytes: lines(bytes) }
}

/** Splits on the longest path to a leaf. */
function depthOf({ left, right }: Tree): number {
  const depths = new Int32Array(left.length)
  const open = [0]
  let most = 0
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const depth = depths[node]!
    if (left[node] === -1) {
      most = Math.max(most, depth)
      continue
    }
    for (let child = left[node]!, side = 0; side < 2; side++, child = right[node]!) {
      depths[child] = depth + 1
      open.push(child)
    }
  }
  return most
}
