import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'

/** The templates that the commands fill in; the folder lies beside src and, in the package, beside build. */
const INFRASTRUCTURE = join(import.meta.dirname, '../../infrastructure')

type Json = Readonly<Record<string, unknown>>

/** Reads a template. @throws {RankerError} CONFIG_UNREADABLE. */
export function readTemplate<T = Json>(name: string): T {
  const path = join(INFRASTRUCTURE, name)
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch (cause) {
    throw new RankerError(
      'CONFIG_UNREADABLE',
      { path, reason: reasonOf(cause), wanted: 'a template in JSON' },
      { cause },
    )
  }
}

/**
 * Lays values over a template: objects are merged, everything else is replaced, and what is undefined changes nothing.
 */
export function fill<T extends object>(template: object, values: object): T {
  const result: Record<string, unknown> = { ...template }
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue
    const before = result[key]
    result[key] = isPlain(before) && isPlain(value) ? fill(before, value) : value
  }
  return result as T
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Replaces `${Name}` in every text of a template. */
export function substitute<T>(template: T, values: Readonly<Record<string, string>>): T {
  const text = JSON.stringify(template).replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : JSON.stringify(value).slice(1, -1)
  })
  return JSON.parse(text) as T
}

/** Whether `there` has everything wanted; AWS's answers hold more than was asked for. */
export function covers(there: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(there) &&
      there.length === wanted.length &&
      wanted.every((one, at) => covers(there[at], one))
    )
  }
  if (isPlain(wanted)) {
    return isPlain(there) && Object.entries(wanted).every(([key, one]) => covers((there as Json)[key], one))
  }
  return there === wanted
}
