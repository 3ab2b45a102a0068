import type { QueryTable } from '../report/report-data.ts'

/**
 * `per_query.csv`: one line a query of every channel, NDCG@10 of the ranker and of each baseline. Text is quoted where
 * it has to be (RFC 4180).
 */
export function formatPerQuery(
  channels: readonly { readonly name: string; readonly queries: QueryTable }[],
): string {
  const baselines = [...new Set(channels.flatMap(({ queries }) => queries.baselines.map(({ name }) => name)))]
  const lines = [['channel', 'qid', 'rows', 'relevant', 'ranker', ...baselines].join(',')]
  for (const { name: channel, queries } of channels) {
    const { ids, rows, relevant, ranker } = queries
    const columns = [
      ranker,
      ...baselines.map((name) => queries.baselines.find((one) => one.name === name)?.values),
    ]
    for (const [query, id] of ids.entries()) {
      const values = columns.map((column) => (column === undefined ? '' : short(column[query]!)))
      lines.push(`${channel},${cell(id)},${rows[query]},${relevant[query]},${values.join(',')}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Six digits after the point, less the zeros at the end. */
const short = (value: number): string => String(Math.round(value * 1e6) / 1e6)

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
