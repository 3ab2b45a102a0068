import { shortestFloat32 } from '../number.ts'
import { MOST_TEXTS } from './layout.ts'
import { parsers } from './parsers.ts'

/** The text around all scores and around each: at most 16 bytes of ASCII before a score, and 16 after. */
export interface ScoreFormat {
  readonly open?: string
  readonly before?: string
  readonly after?: string
  /** Stands after each score but the last. */
  readonly between?: string
  readonly close?: string
  /** Written for a score that is not finite. */
  readonly notFinite: (score: number) => string
}

const MOST_AROUND = 16

/**
 * Writes scores as text, each as `shortestFloat32` would: the shortest decimal that reads back as the same float32.
 */
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
