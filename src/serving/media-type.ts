import { MIMEType } from 'node:util'

/** Clients send few types, and each request's is parsed several times; a hostile client's are not kept for ever. */
const MOST_KEPT = 100
const kept = new Map<string, MIMEType | undefined>()

/**
 * Parses a media type with its parameters; undefined when the text is not one. The result is shared: do not change
 * it.
 */
export function parseMediaType(text: string): MIMEType | undefined {
  const known = kept.get(text)
  if (known) return known
  const parsed = parse(text)
  if (kept.size >= MOST_KEPT) kept.clear()
  kept.set(text, parsed)
  return parsed
}

function parse(text: string): MIMEType | undefined {
  try {
    return new MIMEType(text)
  } catch {
    return undefined
  }
}
