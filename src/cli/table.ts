/** A column of a printed table: its title, and the text of each row. */
export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  /** Numbers stand at the right. @default left */
  readonly align?: 'left' | 'right'
}

/** Longer texts are cut: a table has to fit a terminal. */
const MOST_CHARACTERS = 60

/** Sets columns side by side under their titles, one line a row. */
export function formatTable(columns: readonly Column[]): string {
  const padded = columns.map(({ title, cells, align }) => {
    const texts = [title, ...cells.map(printable)]
    const width = Math.max(...texts.map((text) => text.length))
    return texts.map((text) => (align === 'right' ? text.padStart(width) : text.padEnd(width)))
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
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1)}…` : line
}
