import type { Rules } from '../rerank/rules.ts'

/** What a model declares about its requests. */
export interface Declared {
  readonly name: string
  readonly version: string
  /** Columns of the items that the model takes, with their types. */
  readonly items: readonly DeclaredColumn[]
  /** Columns of the query that it takes. */
  readonly query?: readonly DeclaredColumn[]
  /** The manifest's business rules. */
  readonly rules?: Rules | undefined
}

interface DeclaredColumn {
  readonly name: string
  /** In TypeScript. */
  readonly type: string
  /** Whether it may be left out. */
  readonly optional?: boolean
}

const CLIENT = 'two-stage-ranking/client'
const ATTRIBUTE = 'string | number | boolean | null'

/** Writes a TypeScript declaration of what a request to a model holds, so that a misspelt column does not compile. */
export function declareRequest({ name, version, items, query = [], rules = {} }: Declared): string {
  const columns = new Map<string, string>([['id', 'string | number']])
  for (const [column, type] of columnsOfRules(rules)) columns.set(column, type)
  for (const { name, type } of items) columns.set(name, type)
  if (columns.get('id') === 'number | null') columns.set('id', 'number')
  const lines = [...columns].map(([column, type]) => `  readonly ${property(column)}: ${type}\n`)
  return `// What a request to the model ${quoted(name)}, version ${quoted(version)}, holds.
// Made by \`ranker types\`; make it again when the model changes.
import type { RankerClient } from ${quoted(CLIENT)}

/** A candidate: its id, and the columns of the model and of its business rules. Null is missing. */
export interface Item {
${lines.join('')}}

/** What is known of the query itself. */
${declareQuery(query)}

export type Ranker = RankerClient<Query, Item>
`
}

function declareQuery(columns: readonly DeclaredColumn[]): string {
  if (columns.length === 0) return 'export type Query = Readonly<Record<string, unknown>>'
  const lines = columns.map(
    ({ name, type, optional }) => `  readonly ${property(name)}${optional ? '?' : ''}: ${type}\n`,
  )
  return `export interface Query {\n${lines.join('')}  readonly [column: string]: unknown\n}`
}

function columnsOfRules(rules: Rules): [column: string, type: string][] {
  const { margin, boosts = [], caps = [], diversity, exploration } = rules
  const numbers = [margin?.price, margin?.cost, exploration?.column]
  const attributes = [...boosts, ...caps].map(({ column }) => column).concat(diversity?.columns ?? [])
  return [
    ...attributes.map((column): [string, string] => [column, ATTRIBUTE]),
    ...numbers.flatMap((column): [string, string][] => (column ? [[column, 'number | null']] : [])),
    ...(diversity?.vector ? [[diversity.vector, 'readonly number[] | null'] as [string, string]] : []),
  ]
}

/** A name as a key of an interface. */
function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}

/** Text as a literal on one line: two of JSON's characters end a line of TypeScript. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`.replaceAll(
    /[\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16)}`,
  )
}
