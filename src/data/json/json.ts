import { isUtf8 } from 'node:buffer'
import { RankerError, reasonOf } from '../../errors.ts'

/** A JSON object from outside. Its keys may be any text, even `__proto__` and `constructor`. */
export type JsonObject = { readonly [key: string]: unknown }

/** Whether a value is an object with keys: no array, no null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Refuses bytes that are no text: UTF-16, other encodings, a compressed body, NUL.
 * @throws {RankerError} BODY_EMPTY, BODY_UNREADABLE.
 */
export function checkText(body: Uint8Array): void {
  if (body.length === 0) throw new RankerError('BODY_EMPTY', {})
  if (!isUtf8(body)) throw new RankerError('BODY_UNREADABLE', { reason: 'it is not UTF-8' })
  if (body.includes(0)) throw new RankerError('BODY_UNREADABLE', { reason: 'it holds a NUL byte' })
}

/** Decodes UTF-8 that {@link checkText} let through; a byte-order mark is skipped. */
export function decodeText(body: Uint8Array): string {
  return new TextDecoder().decode(body)
}

/** @throws {RankerError} BODY_UNREADABLE when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RankerError('BODY_UNREADABLE', { reason: `it is not JSON: ${reasonOf(cause)}` }, { cause })
  }
}
