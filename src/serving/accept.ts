/** One range of an Accept header, such as `text/*;q=0.5`. */
interface Range {
  readonly type: string
  readonly subtype: string
  readonly q: number
  /** 2 names a type, 1 is a wildcard below a type, 0 is any type. */
  readonly precision: number
  readonly index: number
}

/**
 * The offer that an Accept header prefers (RFC 9110, 12.5.1): highest q first, where the most precise range that
 * matches an offer gives its q; then the more precise range, the earlier one, the earlier offer.
 * @param offers media types in lower case, the server's own preference first
 * @returns undefined when the header allows none of them
 */
export function negotiate(header: string, offers: readonly string[]): string | undefined {
  const ranges = parseAccept(header)
  const ranked = offers
    .map((offer) => ({ offer, range: rangeOf(offer, ranges) }))
    .filter(({ range }) => range !== undefined && range.q > 0)
    .sort(({ range: a }, { range: b }) => b!.q - a!.q || b!.precision - a!.precision || a!.index - b!.index)
  return ranked[0]?.offer
}

/** Whether a header leaves the choice to the server altogether. */
export function acceptsAnything(header: string | undefined): boolean {
  if (header === undefined || header.trim() === '' || header === '*/*') return true
  const [range, ...others] = parseAccept(header)
  return range !== undefined && range.precision === 0 && range.q > 0 && others.length === 0
}

function rangeOf(offer: string, ranges: readonly Range[]): Range | undefined {
  const [type, subtype] = offer.split('/')
  let best: Range | undefined
  for (const range of ranges) {
    const matches =
      range.precision === 0 || (range.type === type && (range.precision === 1 || range.subtype === subtype))
    if (matches && (best === undefined || range.precision > best.precision)) best = range
  }
  return best
}

/** Members that are no media range are skipped; all parameters but q are ignored. */
function parseAccept(header: string): Range[] {
  return splitOutsideQuotes(header, ',').flatMap((member, index) => {
    const [range, ...parameters] = splitOutsideQuotes(member, ';').map((part) => part.trim().toLowerCase())
    const match = /^([^\s/]+)\/([^\s/]+)$/.exec(range ?? '')
    if (!match) return []
    const [, type, subtype] = match as unknown as [string, string, string]
    if (type === '*' && subtype !== '*') return []
    const q = Number(parameters.find((parameter) => /^q\s*=/.test(parameter))?.split('=')[1] ?? 1)
    const precision = type === '*' ? 0 : subtype === '*' ? 1 : 2
    return [{ type, subtype, q: Number.isNaN(q) ? 1 : q, precision, index }]
  })
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts = ['']
  let quoted = false
  for (const character of text) {
    if (character === '"') quoted = !quoted
    if (character === separator && !quoted) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
}
