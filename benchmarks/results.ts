import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from '../src/storage/files.ts'
import { FIGURE_COLUMNS, type Figure, figureRows } from './figures.ts'
import { root } from './ranker.ts'

const RESULTS = join(root, 'benchmarks/RESULTS.md')
const PAGE = join(root, 'docs/performance.md')
const IMAGES = join(root, 'docs/images')

/** What a benchmark has shown. */
export interface Result {
  readonly name: string
  /** When, and how busy the machine was. */
  readonly moment: string
  readonly figures: readonly Figure[]
  readonly lines: readonly string[]
}

/**
 * Writes results to RESULTS.md, in place of what it has of the same benchmarks, then what docs/performance.md shows of
 * it. Results of another machine or other versions go.
 * @param head the machine and the versions @param pictures SVG by name
 */
export function writeResults(
  head: string,
  results: readonly Result[],
  pictures: ReadonlyMap<string, string>,
): void {
  const known = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : ''
  const text = resultsPage(head, known, results)
  writeWhole(RESULTS, text)
  for (const [name, svg] of pictures) writeWhole(join(IMAGES, `${name}.svg`), svg)
  writeWhole(PAGE, fillPage(readFileSync(PAGE, 'utf8'), text))
}

/** RESULTS.md with these results, and of those that it has already the others. */
export function resultsPage(head: string, known: string, results: readonly Result[]): string {
  const start = `# Results of the benchmarks

Written by \`npm run bench -- --write\`, not by hand. [README.md](README.md) says what is measured, and how to read it.

${fenced(head)}
`
  const sections = known.startsWith(start) ? sectionsOf(known) : new Map<string, string>()
  for (const { name, moment, figures, lines } of results) {
    const table = figures.length === 0 ? '' : `${markdownTable(FIGURE_COLUMNS, figureRows(figures))}\n\n`
    sections.set(name, `${moment}.\n\n${table}${fenced(lines.join('\n').trim())}\n`)
  }
  return [start, ...[...sections].map(([name, body]) => `## ${name}\n\n${body}`)].join('\n')
}

/**
 * A page with what stands between `<!-- results of NAME: WHAT -->` and `<!-- end -->` taken from RESULTS.md anew: its
 * `figures` or its `lines`, `head` for the machine.
 */
export function fillPage(page: string, results: string): string {
  const sections = sectionsOf(results)
  return page.replaceAll(
    /(<!-- results of (\w+): (figures|lines|head) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, what: string, end: string) => {
      const text = what === 'head' ? results : (sections.get(name) ?? '')
      const found = (what === 'figures' ? /^\|[\s\S]*?\|(?=\n\n)/m : /^```text\n[\s\S]*?\n```/m).exec(text)
      const moment = what === 'figures' && found ? `${text.split('\n', 1)[0]}\n\n` : ''
      return `${begin}\n${moment}${found?.[0] ?? 'Not measured yet.'}\n\n${end}`
    },
  )
}

/** Sections by name, with what follows their heading. */
function sectionsOf(page: string): Map<string, string> {
  const [, ...parts] = page.split(/^## /m)
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n')
      return [part.slice(0, end), `${part.slice(end).trim()}\n`]
    }),
  )
}

const fenced = (text: string): string => `\`\`\`text\n${text}\n\`\`\``

const markdownTable = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
