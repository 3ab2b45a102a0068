import { shortestFloat32 } from '../number.ts'
import { MOST_TEXTS } from './layout.ts'
import { parsers } from './parsers.ts'

/** What stands around the scores of a text, and around each of them: 16 bytes of ASCII at most before and behind one. */
export interface ScoreFormat {
  readonly open?: string
  readonly before?: string
  readonly after?: string
  /** Stands after each score but the last. */
  readonly between?: string
  readonly close?: string
  /** Stands in place of what is no finite number. */
  readonly notFinite: (score: number) => string
}

const MOST_AROUND = 16

/** Writes scores as text, each as the shortest decimal that reads back as the same float32: `shortestFloat32`'s. */
export function writeScoreText(scores: Float32Array, format: ScoreFormat): Buffer {
  const { open = '', before = '', after = '', between = '', close = '', notFinite } = format
  const module = parsers()
  const { kernel, values, around, text } = module
  module.spell = (score) => (Number.isFinite(score) ? String(shortestFloat32(score)) : notFinite(score))
  const behind = after + between
  const parts = [Buffer.from(open, 'latin1')]
  for (let from = 0; from < scores.length; from += MOST_TEXTS) {
    const part = scores.subarray(from, from + MOST_TEXTS)
    values.set(part)
    around.write(before.padEnd(MOST_AROUND) + behind, 'latin1')
    const bytes = kernel.writeNumbers(part.length, before.length, behind.length)
    const isLast = from + part.length === scores.length
    parts.push(Buffer.from(text.subarray(0, isLast ? bytes - between.length : bytes)))
  }
  parts.push(Buffer.from(close, 'latin1'))
  return Buffer.concat(parts)
}
