import { readCsvRows } from '../src/data/csv/rows.ts'
import { checkText, decodeText, parseJson } from '../src/data/json/json.ts'
import { readLibsvmRows } from '../src/data/libsvm/rows.ts'
import { readNpy } from '../src/data/npy.ts'
import { shortestFloat32 } from '../src/data/number.ts'
import { readPlainInstances } from '../src/data/plain/instances.ts'
import { writeScoreText } from '../src/data/plain/score-text.ts'
import { seededRandom } from '../src/data/random.ts'
import { readInstances } from '../src/data/request/instances.ts'
import type { Rows } from '../src/data/request/row-list.ts'
import type { Benchmark } from './benchmark.ts'
import { requestBodies } from './data.ts'
import { formatTable, median, quantile } from './table.ts'
import { threadTime } from './thread-time.ts'

const ROWS = 100
const WIDTH = 136
const VALUES = ROWS * WIDTH
/** Bodies that take turns: a branch predictor learns one body by heart. */
const BODIES = 50
const RUNS = 21
/** Runs before, in which V8 compiles what runs often. */
const WARM_UP = 20
const NAMES = Array.from({ length: WIDTH }, (_, feature) => `f${feature}`)
const SCORES = 1000

/** What is measured, on the texts of the values of each body. */
interface Format {
  readonly name: string
  readonly write: (texts: readonly string[]) => Buffer
  readonly spell: (random: () => number) => string
  readonly ours: (body: Buffer) => Float32Array
  readonly peer: string
  readonly theirs: (body: Buffer) => ArrayLike<number>
  /** Bodies that are not made of `spell`. */
  readonly bodies?: readonly Buffer[]
}

const rowsOf = (texts: readonly string[]) =>
  Array.from({ length: ROWS }, (_, row) => texts.slice(row * WIDTH, (row + 1) * WIDTH))
const csv = (texts: readonly string[]) => Buffer.from(`${rowsOf(texts).join('\n')}\n`)
const libsvm = (texts: readonly string[]) =>
  Buffer.from(
    `${rowsOf(texts)
      .map((row) => row.map((text, at) => `${at}:${text}`).join(' '))
      .join('\n')}\n`,
  )
const json = (texts: readonly string[]) =>
  Buffer.from(`{"instances":[${rowsOf(texts).map((row) => `{"features":[${row}]}`)}]}`)

function npy(texts: readonly string[]): Buffer {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${ROWS}, ${WIDTH}), }`.padEnd(117)
  const start = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${head}\n`, 'latin1')
  return Buffer.concat([start, Buffer.from(Float32Array.from(texts, Number).buffer)])
}

const readCsv = (body: Buffer) => readCsvRows(body, NAMES).values
const splitAndNumber = (body: Buffer) =>
  Float32Array.from(body.toString('latin1').trimEnd().split(/[,\n]/), Number)
const splitPairs = (body: Buffer) => {
  const values = new Float32Array(VALUES)
  for (const [row, line] of body.toString('latin1').trimEnd().split('\n').entries()) {
    for (const pair of line.split(' ')) {
      const colon = pair.indexOf(':')
      values[row * WIDTH + Number(pair.slice(0, colon))] = Number(pair.slice(colon + 1))
    }
  }
  return values
}
function readJson(body: Buffer): Float32Array {
  const rows: Rows | undefined = readPlainInstances(body, WIDTH)
  if (!rows) throw new Error('the body went to JSON.parse')
  return rows.values
}
const parseAndFill = (body: Buffer) => {
  checkText(body)
  return readInstances(parseJson(decodeText(body)) as { instances: unknown[] }, NAMES).values
}

const csvAs = (name: string, spell: Format['spell']): Format => ({
  name: `CSV, ${name}`,
  write: csv,
  spell,
  ours: readCsv,
  peer: 'split + Number',
  theirs: splitAndNumber,
})
const sixDigits = (random: () => number) => (random() * 10).toPrecision(6)
/** Our generator's own numbers have 32 bits, many of them half-way between two float32. */
const seventeen = (random: () => number) => String(random() + random() / 2 ** 32)
const FORMATS: readonly Format[] = [
  csvAs('6 digits', sixDigits),
  csvAs('17 digits', seventeen),
  csvAs('exponents', (random) => (random() * 10 ** (20 * random() - 10)).toExponential(6)),
  {
    name: 'libsvm, a pair',
    write: libsvm,
    spell: sixDigits,
    ours: (body) => readLibsvmRows(body, WIDTH, 0).values,
    peer: 'split + Number',
    theirs: splitPairs,
  },
  {
    name: 'JSON instances, 6 digits',
    write: json,
    spell: sixDigits,
    ours: readJson,
    peer: 'JSON.parse',
    theirs: parseAndFill,
  },
  {
    name: 'JSON instances, 17 digits',
    write: json,
    spell: seventeen,
    ours: readJson,
    peer: 'JSON.parse',
    theirs: parseAndFill,
  },
  {
    name: 'npy, float32',
    write: npy,
    spell: sixDigits,
    ours: (body) => readNpy(body, NAMES).values,
    peer: 'a copy',
    theirs: (body) =>
      new Float32Array(body.buffer.slice(body.byteOffset + 128, body.byteOffset + body.length)),
  },
]

/** What it costs to make numbers of a body's bytes, and text of scores. */
export const parsersBenchmark: Benchmark = {
  name: 'parsers',
  summary: 'nanoseconds to read a number of each format, and to write a score',
  comparesWithPython: false,
  async run({ say, figure }) {
    const random = seededRandom(3)
    let wrong = 0
    const rows: string[][] = []
    const add = (
      name: string,
      ours: readonly number[],
      peer: string,
      theirs: readonly number[],
      differing: number,
    ) => {
      wrong += differing
      const ratio = (median(theirs) / median(ours)).toFixed(1)
      rows.push([name, spread(ours), peer, spread(theirs), `${ratio}x`, String(differing)])
    }
    const mixed: Format = {
      ...csvAs('1 to 7 digits, as features have them', sixDigits),
      bodies: requestBodies(BODIES, ROWS, WIDTH).map((body) => Buffer.from(body)),
    }
    for (const format of [mixed, ...FORMATS]) {
      const { name, write, spell, ours, peer, theirs } = format
      const bodies =
        format.bodies ??
        Array.from({ length: BODIES }, () => write(Array.from({ length: VALUES }, () => spell(random))))
      const differing = bodies.reduce((sum, body) => sum + differences(ours(body), theirs(body)), 0)
      const [mine, others] = inTurn(bodies, ours, theirs)
      add(
        name,
        mine.map((ns) => ns / VALUES),
        peer,
        others.map((ns) => ns / VALUES),
        differing,
      )
      if (format !== mixed) continue
      figure({ what: `${name}: a number`, unit: 'ns', value: median(mine) / VALUES, atMost: 7 })
    }
    const scores = Array.from({ length: BODIES }, () =>
      Float32Array.from({ length: SCORES }, () => random() * 8 - 4),
    )
    const write = (list: Float32Array) => writeScoreText(list, { after: '\n', notFinite: String })
    const join = (list: Float32Array) => Buffer.from(`${Array.from(list, shortestFloat32).join('\n')}\n`)
    const differing = scores.filter((list) => !write(list).equals(join(list))).length
    const [mine, others] = inTurn(scores, write, join)
    add(
      'scores to CSV',
      mine.map((ns) => ns / SCORES),
      'join',
      others.map((ns) => ns / SCORES),
      differing,
    )
    say(
      `bodies of ${ROWS} rows of ${WIDTH}, thread CPU time: median (5th to 95th percentile of ${RUNS} runs)\n`,
    )
    say(formatTable(['', 'ns a number', 'beside', 'ns', 'ratio', 'differ'], rows))
    figure({ what: 'values that differ', unit: 'of all', value: wrong, atMost: 0 })
    if (wrong > 0) say(`\nWRONG: ${wrong} values differ`)
    return wrong === 0
  },
}

/** Nanoseconds a call, of two functions that take turns: what else the machine does then strikes both. */
function inTurn<T>(list: readonly T[], one: (item: T) => unknown, other: (item: T) => unknown) {
  const time = (call: (item: T) => unknown) => {
    const started = threadTime()
    for (const item of list) call(item)
    return (threadTime() - started) / list.length
  }
  for (let run = 0; run < WARM_UP; run++) for (const call of [one, other]) time(call)
  const times: [number[], number[]] = [[], []]
  for (let run = 0; run < RUNS; run++) {
    times[0].push(time(one))
    times[1].push(time(other))
  }
  return times
}

function differences(seen: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let count = Math.abs(seen.length - wanted.length)
  for (let index = 0; index < wanted.length; index++) if (!Object.is(seen[index], wanted[index])) count++
  return count
}

const spread = (values: readonly number[]) =>
  `${median(values).toFixed(1)} (${quantile(values, 0.05).toFixed(1)}-${quantile(values, 0.95).toFixed(1)})`
