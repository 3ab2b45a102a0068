import { isObject } from './json.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/**
 * The name of a key that occurs twice in an object of a JSON text, of which JSON.parse silently keeps the last.
 * @param text valid JSON
 * @param value what it was parsed to
 */
export function duplicateKey(text: string, value: unknown): string | undefined {
  return countColons(text) === countKeys(value) ? undefined : findDuplicate(text)
}

/** Colons outside strings: one for every key that was written. */
function countColons(text: string): number {
  let colons = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === COLON) colons++
    else if (code === QUOTE) at = stringEnd(text, at)
  }
  return colons
}

/** Keys that were kept. */
function countKeys(value: unknown): number {
  const open: unknown[] = [value]
  let keys = 0
  while (open.length > 0) {
    const next = open.pop()
    if (!Array.isArray(next) && !isObject(next)) continue
    const inner = Object.values(next)
    if (!Array.isArray(next)) keys += inner.length
    for (const one of inner) if (typeof one === 'object') open.push(one)
  }
  return keys
}

function findDuplicate(text: string): string | undefined {
  const open: Set<string>[] = []
  let before = ''
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        open.push(new Set())
        break
      case '}':
      case ']':
        open.pop()
        break
      case '"': {
        const end = stringEnd(text, at)
        before = JSON.parse(text.slice(at, end + 1))
        at = end
        break
      }
      case ':':
        if (open.at(-1)!.has(before)) return before
        open.at(-1)!.add(before)
    }
  }
  return undefined
}

/** Where the string that opens at `start` closes. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text.charCodeAt(first - 1) === BACKSLASH) first--
  return (at - first) % 2 === 1
}
