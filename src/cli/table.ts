/** A column of a printed table: its title, and the text of each row. */
export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  /** Numbers stand at the right. @default left */
  readonly align?: 'left' | 'right'
}

/** Longer texts are cut: a table has to fit a terminal. */
const MOST_WIDTH = 60

/** Sets columns side by side under their titles, one line a row. */
export function formatTable(columns: readonly Column[]): string {
  const padded = columns.map(({ title, cells, align }) => {
    const texts = [title, ...cells.map(printable)]
    const widths = texts.map(widthOf)
    // Not by spreading them: a call takes no 200,000 arguments.
    const widest = widths.reduce((most, width) => Math.max(most, width), 0)
    return texts.map((text, row) => {
      const padding = ' '.repeat(widest - widths[row]!)
      return align === 'right' ? padding + text : text + padding
    })
  })
  const rows =
    padded[0]?.map((_, row) =>
      padded
        .map((column) => column[row])
        .join('  ')
        .trimEnd(),
    ) ?? []
  return rows.map((line) => `${line}\n`).join('')
}

/** One line of text without control characters, which could rewrite the terminal. */
function printable(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ')
  if (widthOf(line) <= MOST_WIDTH) return line
  let kept = ''
  let width = 0
  for (const character of line) {
    width += widthOf(character)
    if (width >= MOST_WIDTH) break
    kept += character
  }
  return `${kept}…`
}

/** Scripts and signs that terminals draw over two columns. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uff60]/u
/** Marks on the character before, and what is not drawn at all. */
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Columns that a terminal takes for the text. */
function widthOf(text: string): number {
  // Most texts, and fast.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) width += ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}
