import * as Plot from '@observablehq/plot'
import { BELOW, draw, FIRST, HALO, nameMargin, ordinalNames } from '../../src/report/draw.ts'
import { counted, percent } from '../../src/report/format.ts'
import { type Html, html } from '../../src/report/html.ts'
import { renderPage as renderHtml } from '../../src/report/page.ts'
import { figure, figures, section, table } from '../../src/report/parts.ts'
import type { Market } from './market.ts'
import { MEASURES, type Measure, type Result } from './results.ts'
import type { Timings } from './stages.ts'
import { gainOf, measuresOf, shown, stagesOf } from './tables.ts'

/** The first ten lots of a query in the order of each contender. */
export interface SideBySide {
  readonly query: number
  readonly orders: readonly (readonly number[])[]
}

export interface PageData {
  readonly market: Market
  readonly results: readonly Result[]
  readonly timings: Timings
  readonly recall: number
  readonly lists: readonly SideBySide[]
  readonly weight: number | undefined
}

/** What the demo found, as one page that stands alone. */
export function renderPage({ market, results, timings, recall, lists, weight }: PageData): string {
  const all = stagesOf(timings, market.lots.length)
  const last = results.at(-1)!
  const header = html`<p class="kicker">Two stages</p>
<h1>${market.name}</h1>
<p class="facts">${counted(timings.all.length, 'query', 'queries')} · ${market.simulated}</p>
<p class="verdict">A search takes ${all.at(-1)!.p50.toFixed(1)} ms (p99 ${all.at(-1)!.p99.toFixed(1)} ms) from the query to ten ranked lots. Ranking raises NDCG@10 from ${shown('ndcg', results[0]!.own.ndcg.mean)} to ${shown('ndcg', results[1]!.own.ndcg.mean)}; ${weight === undefined ? 'costs are not known here' : `with margin at weight ${weight}, 1,000 searches earn ${shown('margin', last.own.margin.mean)} where retrieval alone earns ${shown('margin', results[0]!.own.margin.mean)}`}.</p>`
  const measures = measuresOf(market.hasMargins)
  const stages = table(
    'Stages',
    html`Stage 1 finds ${percent(recall)} of the best lots that fit among its candidates.`,
    [
      { title: 'stage', cell: (stage) => stage.name },
      { title: 'in', cell: (stage) => stage.from.toLocaleString('en-US') },
      { title: 'out', cell: (stage) => String(stage.to) },
      { title: 'p50 ms', cell: (stage) => stage.p50.toFixed(2) },
      { title: 'p99 ms', cell: (stage) => stage.p99.toFixed(2) },
    ],
    all,
  )
  const caption = html`Means over the queries with 95 % intervals. Conversions, revenue and margin are of 1,000 searches.`
  const plots = measures.map((measure) => figure(MEASURES[measure], caption, drawMeasure(measure, results)))
  const worth = table(
    'Gains',
    html`Each order against the one before it, query by query.`,
    [
      { title: 'order', cell: ({ name }: Result) => name },
      ...measures.map((measure) => ({
        title: MEASURES[measure],
        cell: ({ own, gain }: Result) =>
          gainOf(measure, gain?.[measure]) || shown(measure, own[measure].mean),
        isText: true,
      })),
    ],
    results,
  )
  const main = [
    section('stages', 'How long it takes', stages),
    section('worth', 'What it is worth', figures(...plots), worth),
    section('lists', 'Side by side', ...lists.map((list) => drawList(market, results, list))),
  ]
  const footer = html`Shoppers are simulated: they look from the top, each time a little less, and buy one lot at most. The numbers show that the machinery works and what it can gain, not what a shop would.`
  return renderHtml({ title: `Two stages over ${market.name}`, header, main, footer })
}

function drawMeasure(measure: Measure, results: readonly Result[]): Html {
  const rows = results.map(({ name, own }) => ({ name, ...own[measure] }))
  const names = rows.map(({ name }) => name)
  const y = (_: unknown, index: number) => index
  return draw(`${MEASURES[measure]} of each order, with 95 % intervals`, {
    height: 70 + 44 * rows.length,
    marginLeft: nameMargin(names),
    insetLeft: 24,
    insetRight: 24,
    x: { label: MEASURES[measure], ...BELOW, grid: true, ticks: 5, nice: true },
    y: ordinalNames(names),
    marks: [
      Plot.ruleY(rows, { y, x1: 'low', x2: 'high', stroke: FIRST, strokeWidth: 3, strokeLinecap: 'round' }),
      Plot.dot(rows, { y, x: 'mean', fill: FIRST, r: 4.5 }),
      Plot.text(rows, { y, x: 'mean', text: ({ mean }) => shown(measure, mean), dy: -14, ...HALO }),
    ],
  })
}

function drawList(market: Market, results: readonly Result[], { query, orders }: SideBySide): Html {
  const ranks = orders[0]!.map((_, rank) => rank)
  const cell = (order: readonly number[], rank: number) => {
    const lot = market.lots[order[rank]!]
    if (!lot) return ''
    const price = lot.retail_price === null ? '' : ` · ${lot.retail_price}`
    return `${lot.title.slice(0, 70)}${price} · grade ${market.grade(query, order[rank]!)}`
  }
  return table(
    `“${market.queries[query]!.text}”`,
    undefined,
    [
      { title: 'rank', cell: (rank: number) => String(rank + 1) },
      ...results.map(({ name }, index) => ({
        title: name,
        cell: (rank: number) => cell(orders[index]!, rank),
        isText: true,
      })),
    ],
    ranks,
    { wide: true },
  )
}
