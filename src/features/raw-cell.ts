import type { Row } from '../data/row.ts'
import { canonicalCategory, epochDate, parseDate, parseVector } from './cells.ts'
import type { RawColumn, RawType } from './columns.ts'

/** A raw value as it was read; missing is NaN for numbers and dates, undefined for the others. */
export type RawValue = number | string | Float32Array | undefined

/** Stands for what is not a value of a column's type. */
export const BAD = Symbol('bad')

/** What each type wants, for sentences. */
const WANTED: Readonly<Record<RawType, string>> = {
  number: 'a finite number or a missing value',
  category: 'text, a number, true, false or a missing value',
  text: 'text, a number or a missing value',
  date: 'a date of ISO 8601, such as 2026-11-24 or 2026-11-24T09:30:00Z, or a missing value',
  vector: 'a vector: an array of finite numbers, or base64 of little-endian float32, or a missing value',
}

export function wantedOf({ type, epoch }: Pick<RawColumn, 'type' | 'epoch'>): string {
  return epoch === undefined ? WANTED[type] : `${epoch} since 1970, or ${WANTED[type]}`
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Reads a cell of a table. @returns {@link BAD} if it is not a value of the type. */
export function readCell(row: Row, cell: number, { type, epoch }: RawColumn): RawValue | typeof BAD {
  if (type === 'number') {
    const value = row.number(cell)
    return Math.abs(value) === Number.POSITIVE_INFINITY ? BAD : value
  }
  const text = row.text(cell)
  if (type === 'text') return text === '' ? undefined : text
  if (type === 'category') return canonicalCategory(text)
  const trimmed = text.trim()
  if (type === 'vector') return trimmed === '' ? undefined : (parseVector(trimmed) ?? BAD)
  if (trimmed === '') return Number.NaN
  if (epoch !== undefined && DECIMAL.test(trimmed)) return epochDate(Number(trimmed), epoch) ?? BAD
  return parseDate(trimmed) ?? BAD
}

/** Reads a value of a JSON request. @returns {@link BAD} if it is not a value of the type. */
export function readJsonValue(
  value: unknown,
  { type, epoch }: Pick<RawColumn, 'type' | 'epoch'>,
): RawValue | typeof BAD {
  switch (type) {
    case 'number': {
      if (value === null) return Number.NaN
      const number = typeof value === 'number' ? Math.fround(value) : Number.NaN
      return Number.isFinite(number) ? number : BAD
    }
    case 'text':
    case 'category': {
      if (value === null || value === '') return undefined
      const isPlain = typeof value === 'number' || (typeof value === 'boolean' && type === 'category')
      const text = isPlain ? String(value) : value
      if (typeof text !== 'string') return BAD
      return type === 'text' ? text : canonicalCategory(text)
    }
    case 'date': {
      if (value === null || value === '') return Number.NaN
      if (typeof value === 'number') return (epoch && epochDate(value, epoch)) ?? BAD
      if (typeof value !== 'string') return BAD
      const text = value.trim()
      if (epoch !== undefined && DECIMAL.test(text)) return epochDate(Number(text), epoch) ?? BAD
      return parseDate(text) ?? BAD
    }
    case 'vector':
      return value === null || value === '' ? undefined : (parseVector(value) ?? BAD)
  }
}
