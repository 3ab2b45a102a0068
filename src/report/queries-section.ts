import { count, counted, metric } from './format.ts'
import { type Html, html, nameOf } from './html.ts'
import { type Column, section, table, toned } from './parts.ts'
import type { BaselineName, QueryTable, ReportData } from './report-data.ts'

const MOST_QUERIES = 10

/** The queries to look into. */
export function queriesSection(data: ReportData): Html {
  const { queries } = data
  if (!queries) return html``
  const answerable = [...queries.ids.keys()].filter((query) => queries.relevant[query]! > 0)
  const worst = answerable
    .toSorted(
      (a, b) => queries.ranker[a]! - queries.ranker[b]! || queries.relevant[b]! - queries.relevant[a]!,
    )
    .slice(0, MOST_QUERIES)
  const incumbent = queries.baselines.find(({ name }) => name === 'incumbent')?.values
  const change = (query: number) => queries.ranker[query]! - incumbent![query]!
  const lost = incumbent
    ? answerable
        .filter((query) => change(query) < -1e-6)
        .sort((a, b) => change(a) - change(b))
        .slice(0, MOST_QUERIES)
    : []
  const columns = queryColumns(queries)
  return section(
    'queries',
    'Queries to look into',
    table(
      'Ordered worst',
      html`The ${counted(worst.length, 'query', 'queries')} of ${data.judged} with the lowest NDCG@10, beside what else could have ordered them; all queries are in per_query.csv.`,
      columns,
      worst,
      { wide: true },
    ),
    table(
      'Worse than under the incumbent',
      html`Where the new ranker loses most against the model that it would replace.`,
      [...columns, { title: 'Change', cell: (query: number) => toned(change(query)) }],
      lost,
      { wide: true },
    ),
  )
}

function queryColumns(queries: QueryTable): Column<number>[] {
  const titles: Readonly<Record<BaselineName, string>> = {
    random: 'Random',
    input_order: 'File order',
    best_single_feature: 'Best feature',
    incumbent: 'Incumbent',
  }
  return [
    { title: 'Query', cell: (query) => nameOf(queries.ids[query]!) },
    { title: 'Rows', cell: (query) => count(queries.rows[query]!) },
    { title: 'Relevant', cell: (query) => count(queries.relevant[query]!) },
    { title: 'Ranker', cell: (query) => html`<strong>${metric(queries.ranker[query]!)}</strong>` },
    ...queries.baselines.map(
      ({ name, values }): Column<number> => ({
        title: titles[name],
        cell: (query) => metric(values[query]!),
      }),
    ),
  ]
}
