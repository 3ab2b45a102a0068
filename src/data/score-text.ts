import { shortestFloat32 } from './number.ts'
import { parsers } from './parsers.ts'
import { MOST_TEXTS } from './parsers-layout.ts'

/** What stands around each score, 16 bytes at most. */
export interface ScoreFormat {
  readonly before: string
  readonly after: string
  /** Writes what is no finite number. */
  readonly notFinite: string
}

const MOST_AROUND = 16

/**
 * Writes scores as text, each as the shortest decimal that reads back as the same float32 (`String(shortestFloat32())`),
 * with the same text around each.
 */
export function writeScoreText(scores: Float32Array, { before, after, notFinite }: ScoreFormat): Buffer {
  const open = parsers()
  const { kernel, values, around, text } = open
  open.spell = (value) => (Number.isFinite(value) ? String(shortestFloat32(value)) : notFinite)
  const parts: Buffer[] = []
  for (let from = 0; from < scores.length; from += MOST_TEXTS) {
    const part = scores.subarray(from, from + MOST_TEXTS)
    values.set(part)
    around.write(before.padEnd(MOST_AROUND) + after, 'latin1')
    parts.push(Buffer.from(text.subarray(0, kernel.writeNumbers(part.length, before.length, after.length))))
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
