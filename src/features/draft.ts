import type { SurveyedColumn } from './survey.ts'

/** NDCG@10 of each column of numbers as the only ranking, and of a random order. */
export interface SingleRankings {
  readonly random: number
  readonly columns: ReadonlyMap<string, number>
}

/** A first spec, and sentences about what is odd in the data. */
export interface Draft {
  readonly text: string
  readonly warnings: readonly string[]
}

/** A column that alone ranks this well most likely knows the label. */
const SUSPICIOUS_NDCG = 0.97
/** A column with about as many values as rows names things rather than describes them. */
const IDENTIFIER_SHARE = 0.95
const LEAST_ROWS = 50
const MOST_CATEGORIES = 1000
/** Average number of words above which a column counts as text. */
const TEXT_WORDS = 2.5

/**
 * Writes a first feature spec in YAML from a survey of the data, with what was seen of each column beside it. What is
 * better left out is in it as a comment, with the reason.
 */
export function draftSpec(columns: readonly SurveyedColumn[], rankings: SingleRankings | undefined): Draft {
  const drafter = new Drafter(columns, rankings)
  for (const column of columns) drafter.add(column)
  drafter.addMargin()
  const lines = drafter.lines.length > 0 ? drafter.lines : ['  []']
  return {
    text: [
      '# Written by ranker features: read it over before you train. docs/features.md',
      'features:',
      ...lines,
      '',
    ].join('\n'),
    warnings: drafter.warnings,
  }
}

class Drafter {
  readonly lines: string[] = []
  readonly warnings: string[] = []
  readonly #columns: readonly SurveyedColumn[]
  readonly #rankings: SingleRankings | undefined
  readonly #queryText: string | undefined
  readonly #queryTime: string | undefined
  readonly #taken = new Set<string>()

  constructor(columns: readonly SurveyedColumn[], rankings: SingleRankings | undefined) {
    this.#columns = columns
    this.#rankings = rankings
    const ofQuery = (kind: SurveyedColumn['kind']) =>
      columns
        .filter((column) => column.name.startsWith('query.') && column.kind === kind)
        .map(({ name }) => name)
    const texts = ofQuery('text')
    this.#queryText = texts.includes('query.text') ? 'query.text' : texts[0]
    this.#queryTime = ofQuery('date')[0]
  }

  add(column: SurveyedColumn): void {
    const { name, kind } = column
    // The query's time may well be the same in all rows.
    if (name === this.#queryTime) return
    const reason = this.#reasonAgainst(column)
    if (reason !== undefined) {
      this.warnings.push(`column "${name}" ${reason}`)
      this.#leaveOut(column, reason)
      return
    }
    switch (kind) {
      case 'number':
        this.#keep(column, yaml(name))
        this.#taken.add(name)
        break
      case 'date':
        this.#addDate(column)
        break
      case 'vector':
        this.#addVector(column)
        break
      default:
        this.#addText(column)
    }
  }

  /** What shops care about besides relevance. */
  addMargin(): void {
    if (!this.#taken.has('retail_price') || !this.#taken.has('cost')) return
    if (this.#columns.some(({ name }) => name === 'margin')) return
    this.lines.push(
      '  - { kind: derived, name: margin, expr: (retail_price - cost) / retail_price }',
      '  - { kind: group, of: margin, measures: [percentile] }',
    )
  }

  #reasonAgainst(column: SurveyedColumn): string | undefined {
    const { name, kind, distinct, rows, missing, whole } = column
    if (kind === 'empty') return 'has no value in any row'
    if (distinct === 1 && missing === 0) return 'is constant: it can tell no row from another'
    const there = rows - missing
    const isUnique = there >= LEAST_ROWS && distinct > IDENTIFIER_SHARE * there
    const isCode = (kind === 'number' && whole) || (kind === 'text' && column.words < 1.5) || kind === 'mixed'
    if (isUnique && isCode && !name.startsWith('query.')) {
      return `looks like an identifier: ${distinct} different values in ${there} rows`
    }
    const ndcg = this.#rankings?.columns.get(name)
    if (ndcg !== undefined && ndcg > SUSPICIOUS_NDCG && ndcg > this.#rankings!.random + 0.05) {
      return `ranks suspiciously well alone, NDCG@10 ${ndcg.toFixed(3)}: does it know the label, or come after it?`
    }
    return undefined
  }

  #addDate(column: SurveyedColumn): void {
    const { name } = column
    const line = (at: string) =>
      `{ kind: date, name: ${yaml(`${name} age`)}, column: ${yaml(name)}, at: ${at} }`
    if (this.#queryTime !== undefined) this.#keep(column, line(yaml(this.#queryTime)))
    else
      this.#leaveOut(column, 'needs the time of the query, such as a column query.time', line('query.time'))
  }

  #addVector(column: SurveyedColumn): void {
    const { name, dimension } = column
    if (name.startsWith('query.')) return
    const against = this.#columns.find(
      (one) => one.name.startsWith('query.') && one.kind === 'vector' && one.dimension === dimension,
    )
    const measured = against ? `, against: ${yaml(against.name)}, measures: [cosine]` : ''
    this.#keep(column, `{ kind: embedding, column: ${yaml(name)}${measured} }`)
  }

  #addText(column: SurveyedColumn): void {
    const { name, distinct, words } = column
    if (name === this.#queryText) return
    const isText = words > TEXT_WORDS || distinct > MOST_CATEGORIES
    if (!isText) this.#keep(column, `{ kind: categorical, column: ${yaml(name)} }`)
    else if (name.startsWith('query.'))
      this.#leaveOut(column, 'is a text of the query, and only items are measured against it')
    else if (this.#queryText === undefined) {
      this.#keep(column, `{ kind: text, column: ${yaml(name)}, measures: [length] }`)
      this.warnings.push(
        `column "${name}" is text, and there is no text of the query, such as query.text, to hold it against`,
      )
    } else {
      const against = this.#queryText === 'query.text' ? '' : `, against: ${yaml(this.#queryText)}`
      this.#keep(
        column,
        `{ kind: text, column: ${yaml(name)}${against}, measures: [coverage, bm25, phrase, trigrams, length] }`,
      )
    }
  }

  #keep(column: SurveyedColumn, line: string): void {
    this.lines.push(`  # ${this.#seen(column)}`, `  - ${line}`)
  }

  #leaveOut(column: SurveyedColumn, reason: string, line = yaml(column.name)): void {
    this.lines.push(`  # ${this.#seen(column)}; left out, as it ${reason}`, `  # - ${line}`)
  }

  #seen({ kind, rows, missing, distinct, name, dimension }: SurveyedColumn): string {
    const ndcg = this.#rankings?.columns.get(name)
    const share = (100 * missing) / Math.max(1, rows)
    const what = kind === 'vector' ? `vectors of ${dimension}` : kind === 'mixed' ? 'numbers and text' : kind
    return [
      `${oneLine(name)}: ${what}`,
      `${distinct} different`,
      missing > 0 ? `${share < 0.1 ? '< 0.1' : share.toFixed(1)} % missing` : 'none missing',
      ...(ndcg === undefined ? [] : [`alone NDCG@10 ${ndcg.toFixed(3)}`]),
    ].join(', ')
  }
}

/** A comment ends with its line. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ')

/** Text as YAML: unquoted if that can mean nothing else. */
const yaml = (text: string): string =>
  /^[A-Za-z_][\w.]*$/.test(text) && !WORDS.test(text) ? text : JSON.stringify(text)
const WORDS = /^(true|false|null|yes|no|on|off|y|n)$/i
