const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Decodes cells. The rows of a query repeat its name, so the last text that was decoded is remembered. */
export class CellText {
  #bytes = new Uint8Array(0)
  #text = ''

  of(bytes: Uint8Array): string {
    if (!equalBytes(bytes, this.#bytes)) {
      this.#bytes = bytes.slice()
      this.#text = utf8.decode(bytes)
    }
    return this.#text
  }
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
