import { closeSync, openSync, writeSync } from 'node:fs'
import { seededRandom } from '../src/data/random.ts'

/** What a generated file of judged rows is like. The same shape gives the same bytes on every machine. */
export interface DataShape {
  readonly seed: number
  readonly rows: number
  readonly features: number
  /** Rows of a query, on the mean: from half to one and a half times as many. */
  readonly rowsPerQuery: number
  /** Share of empty cells. @default 0 */
  readonly missing?: number
  /** Grades: 5 for 0 to 4, 2 for 0 and 1. @default 5 */
  readonly grades?: 2 | 5
  /** A column of weights, one value a query. @default false */
  readonly weights?: boolean
  /** Without it there is no query column. @default true */
  readonly queries?: boolean
  /** Whether the rows of a query lie anywhere in the file. @default false */
  readonly scattered?: boolean
}

/** How many lines go to the file at once. */
const BATCH = 500
/**
 * Normal deviates above which a row has the next grade: about 52, 32, 13, 2 and 1 % of the rows, as in
 * MSLR-WEB.
 */
const GRADES = [0.05, 1, 1.9, 2.4]
/** Features that the grade comes from; all others are noise. */
const TELLING = 8

/** Writes judged rows as CSV with a header: qid, label, weight where asked for, f0, f1, … */
export function writeJudgedCsv(path: string, shape: DataShape): void {
  const { features, queries = true, weights = false, scattered = false } = shape
  const names = Array.from({ length: features }, (_, feature) => `f${feature}`)
  const header = [...(queries ? ['qid'] : []), 'label', ...(weights ? ['weight'] : []), ...names]
  const rows = judgedRows(shape)
  const lines = scattered ? shuffle([...rows], seededRandom(~shape.seed)) : rows
  const file = openSync(path, 'w')
  try {
    let batch = [header.join(',')]
    for (const line of lines) {
      batch.push(line)
      if (batch.length < BATCH) continue
      writeSync(file, `${batch.join('\n')}\n`)
      batch = []
    }
    if (batch.length > 0) writeSync(file, `${batch.join('\n')}\n`)
  } finally {
    closeSync(file)
  }
}

/** Rows of features alone, as a request carries them: `count` bodies of `rows` lines of CSV. */
export function requestBodies(count: number, rows: number, features: number, seed = 7): string[] {
  const random = seededRandom(seed)
  const line = () => cells(deviates(features, random), 0, random).join(',')
  return Array.from({ length: count }, () => `${Array.from({ length: rows }, line).join('\n')}\n`)
}

function* judgedRows(shape: DataShape): Generator<string> {
  const { rows, features, rowsPerQuery, missing = 0, grades = 5, weights = false, queries = true } = shape
  const random = seededRandom(shape.seed)
  let left = 0
  let query = 0
  let taste = 0
  let weight = 1
  for (let row = 0; row < rows; row++) {
    if (left-- === 0) {
      left = Math.floor(rowsPerQuery * (0.5 + random())) - 1
      query++
      taste = normal(random)
      weight = 0.5 + Math.floor(random() * 4) / 2
    }
    const values = deviates(features, random)
    const relevance = relevanceOf(values, taste) + 0.5 * normal(random)
    const grade = GRADES.filter((bound) => relevance > bound).length
    const label = grades === 5 ? grade : Number(grade > 1)
    const head = [...(queries ? [`q${query}`] : []), label, ...(weights ? [weight] : [])]
    yield `${head.join(',')},${cells(values, missing, random).join(',')}`
  }
}

/**
 * About standard normal over all rows; two features count by their product, two by what the query is after.
 */
function relevanceOf(values: Float64Array, taste: number): number {
  let sum = 0
  for (let feature = 0; feature < Math.min(TELLING, values.length); feature++) {
    sum += values[feature]! / (1 + feature)
  }
  return 0.55 * sum + 0.4 * (values[0]! * values[1]! + taste * values[2]!)
}

/**
 * The text of each cell: counts, shares, skewed sizes and scores, in six or seven digits as such files have
 * them.
 */
function cells(values: Float64Array, missing: number, random: () => number): string[] {
  return Array.from(values, (value, feature) => {
    if (missing > 0 && random() < missing) return ''
    switch (feature % 4) {
      case 0:
        return String(Math.floor(5 * Math.exp(value)))
      case 1:
        return (1 / (1 + Math.exp(-value))).toFixed(6)
      case 2:
        return Math.exp(2 * value).toPrecision(7)
      default:
        return value.toPrecision(6)
    }
  })
}

function deviates(count: number, random: () => number): Float64Array {
  const values = new Float64Array(count)
  for (let index = 0; index < count; index++) values[index] = normal(random)
  return values
}

/** Nearly a standard normal: four uniforms added up need no logarithm, and nobody here looks at the tails. */
export function normal(random: () => number): number {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3)
}

function shuffle<T>(list: T[], random: () => number): T[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const value = list[last]!
    list[last] = list[other]!
    list[other] = value
  }
  return list
}
