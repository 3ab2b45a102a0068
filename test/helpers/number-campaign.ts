import { shortestFloat32 } from '../../src/data/number.ts'
import { readPlainCsv } from '../../src/data/plain/csv.ts'
import { writeScoreText } from '../../src/data/plain/score-text.ts'
import { seededRandom } from '../../src/data/random.ts'
import { anyFloat, spelling, usual } from './spellings.ts'

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const BATCH = 1000

/** Reads numbers of any spelling, and writes any float32. @returns how many, and what came out wrong */
export function tryNumbers(seed: number, batches: number): { tried: number; wrong: string[] } {
  const random = seededRandom(seed)
  const wrong: string[] = []
  let tried = 0
  for (let batch = 0; batch < batches; batch++) {
    const texts: string[] = []
    while (texts.length < BATCH) {
      const text = spelling(random)
      if (DECIMAL.test(text) && Number.isFinite(Math.fround(Number(text)))) texts.push(text)
    }
    const read = readPlainCsv(Buffer.from(texts.join('\n')), 1)
    for (const [index, text] of texts.entries()) {
      const wanted = Math.fround(Number(text))
      if (!Object.is(read?.values[index], wanted)) wrong.push(`${text} is read ${read?.values[index]}`)
    }
    const values = Float32Array.from({ length: BATCH }, () => (random() < 0.5 ? anyFloat : usual)(random))
    const lines = writeScoreText(values, { after: '\n', notFinite: String }).toString().split('\n')
    for (const [index, value] of values.entries()) {
      const wanted = String(slowlyShortest(value))
      if (lines[index] !== wanted) wrong.push(`${value} is written ${lines[index]}, wanted ${wanted}`)
      if (!Object.is(shortestFloat32(value), slowlyShortest(value)))
        wrong.push(`${value} is ${shortestFloat32(value)}`)
    }
    tried += 2 * BATCH
  }
  return { tried, wrong }
}

/** What {@link shortestFloat32} says of itself, and nothing more. */
export function slowlyShortest(value: number): number {
  if (value === 0) return value
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return Number(value.toPrecision(9))
}
