const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const BOOLEAN = /^(?:true|false)$/i
const ISO_DATE =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/

/** Most texts for which a reader remembers its result: items come again and again. */
const MOST_REMEMBERED = 20_000

/** A function of a text that remembers its results, as many as memory should hold. */
function remembered<T>(compute: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined) return known
    const answer = compute(text)
    if (text.length > MOST_LENGTH) return answer
    if (answers.size >= MOST_REMEMBERED) answers.clear()
    answers.set(text, answer)
    return answer
  }
}
const MOST_LENGTH = 100

/**
 * A category in the form that is compared: trimmed, composed (NFC), and with one spelling for each number and truth
 * value, so that the `3.0` of a file equals the `3` of a request, and `True` equals `true`.
 */
export function canonicalCategory(text: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (DECIMAL.test(trimmed)) return String(Number(trimmed))
  if (BOOLEAN.test(trimmed)) return trimmed.toLowerCase()
  return trimmed.normalize('NFC')
}

/**
 * Reads an ISO 8601 date, with or without a time; in UTC unless it says otherwise.
 * @returns milliseconds since 1970, or undefined if it is not such a date.
 */
export const parseDate = remembered((text): number | undefined => {
  const [whole, day, time = '00:00', zone = 'Z'] = ISO_DATE.exec(text.trim()) ?? []
  if (whole === undefined) return undefined
  const offset = /^[+-]\d\d$/.test(zone)
    ? `${zone}:00`
    : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2').toUpperCase()
  const milliseconds = Date.parse(`${day}T${time}${offset}`)
  return Number.isNaN(milliseconds) ? undefined : milliseconds
})

/** The years 0 to 9999, as ISO 8601 has them. */
const EARLIEST = Date.parse('0000-01-01T00:00:00Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** Milliseconds of a number that counts seconds or milliseconds since 1970, undefined beyond the years 0 to 9999. */
export function epochDate(value: number, epoch: 'seconds' | 'milliseconds'): number | undefined {
  const milliseconds = Math.round(epoch === 'seconds' ? value * 1000 : value)
  return milliseconds >= EARLIEST && milliseconds <= LATEST ? milliseconds : undefined
}

/** Most values that a vector may have. */
export const MOST_DIMENSIONS = 65_536

/**
 * Reads a vector: a JSON array of numbers, its text, or base64 of little-endian float32.
 * @returns undefined for anything else, and for values that are not finite in float32.
 */
export function parseVector(value: unknown): Float32Array | undefined {
  if (Array.isArray(value)) return fromNumbers(value)
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (!text.startsWith('[')) return fromBase64(text)
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? fromNumbers(parsed) : undefined
  } catch {
    return undefined
  }
}

function fromNumbers(list: readonly unknown[]): Float32Array | undefined {
  const { length } = list
  if (length === 0 || length > MOST_DIMENSIONS) return undefined
  const vector = new Float32Array(length)
  for (let at = 0; at < length; at++) {
    const one = list[at]
    if (typeof one !== 'number') return undefined
    vector[at] = one
  }
  return isFinite32(vector) ? vector : undefined
}

function fromBase64(text: string): Float32Array | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 0 || bytes.length % 4 !== 0 || bytes.length > 4 * MOST_DIMENSIONS) return undefined
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return undefined
  const vector = new Float32Array(bytes.length / 4)
  for (let at = 0; at < vector.length; at++) vector[at] = bytes.readFloatLE(4 * at)
  return isFinite32(vector) ? vector : undefined
}

function isFinite32(vector: Float32Array): boolean {
  for (let at = 0; at < vector.length; at++) if (!Number.isFinite(vector[at]!)) return false
  return true
}

/** A vector as {@link parseVector} reads it, shortest. */
export function vectorText(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length)
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, 4 * at)
  return bytes.toString('base64')
}
