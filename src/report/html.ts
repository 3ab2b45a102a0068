/** Markup that is safe to put into a page as it is. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | undefined | readonly Html[]

/** A template that escapes its values, except markup made by this same template. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + toText(values[index - 1]) + string))
}

function toText(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map((one) => one.text).join('')
  return escapeText(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeText(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!)
}

/** Text without control characters and lone surrogates, which a page may not hold. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(/\p{Cc}+/gu, ' ')
}

const LONGEST_NAME = 60

/**
 * A name from the data: isolated from the direction of the text around it, cut if long, and free to wrap where its
 * words meet.
 */
export function nameOf(text: string): Html {
  const shown = html`${cut(text, LONGEST_NAME)}`.text.replaceAll(/[_./-]/g, '$&<wbr>')
  return text.length > LONGEST_NAME
    ? html`<bdi title="${text.slice(0, 500)}">${new Html(shown)}</bdi>`
    : html`<bdi>${new Html(shown)}</bdi>`
}

/** The start of a long text, with an ellipsis; a character is never cut in two. */
export function cut(text: string, most: number): string {
  const characters = [...printable(text.slice(0, 4 * most))]
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : characters.join('')
}
