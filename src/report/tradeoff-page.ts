import * as Plot from '@observablehq/plot'
import type { Interval } from '../metrics/bootstrap.ts'
import { BELOW, draw, FIRST, HALO, LEFT, SECOND } from './draw.ts'
import { counted, difference, metric, percent } from './format.ts'
import { type Html, html, nameOf } from './html.ts'
import { renderPage } from './page.ts'
import { figure, figures, section, table } from './parts.ts'

/** What a weight of the margin costs and gains, over the judged queries. */
export interface TradeoffPoint {
  readonly weight: number
  readonly ndcg: Interval
  /** Mean margin of the first ten items. */
  readonly margin: Interval
  /** Against weight 0, query by query. */
  readonly ndcgGap: Interval
  readonly marginGap: Interval
}

export interface Tradeoff {
  readonly model: string
  readonly queries: number
  readonly points: readonly TradeoffPoint[]
  readonly chosen: TradeoffPoint
  /** The share of NDCG@10 that may be lost. */
  readonly mostLoss: number
}

/** The sweep of a margin's weight as one page. */
export function renderTradeoff(tradeoff: Tradeoff): string {
  const { model, queries, chosen, points, mostLoss } = tradeoff
  const header = html`<p class="kicker">Relevance and margin</p>
<h1>${nameOf(model)}</h1>
<p class="facts">${counted(queries, 'judged query', 'judged queries')}</p>
<p class="verdict">At weight ${chosen.weight} the first ten items have a margin of ${share(chosen.margin.mean)}, ${points100(chosen.marginGap.mean)} points more than by relevance alone, and NDCG@10 is ${metric(chosen.ndcg.mean)} (${difference(chosen.ndcgGap.mean)}). It is the greatest gain among the weights that lose at most ${percent(mostLoss)} of NDCG@10.</p>`
  const caption = html`Each point is a weight; up is more margin, right more relevance. The orange one is chosen.`
  const columns = [
    { title: 'weight', cell: ({ weight }: TradeoffPoint) => String(weight) },
    { title: 'NDCG@10', cell: ({ ndcg }: TradeoffPoint) => metric(ndcg.mean) },
    { title: 'against weight 0', cell: ({ ndcgGap }: TradeoffPoint) => interval(ndcgGap, difference) },
    { title: 'margin@10', cell: ({ margin }: TradeoffPoint) => share(margin.mean) },
    {
      title: 'points above weight 0',
      cell: ({ marginGap }: TradeoffPoint) =>
        interval(marginGap, (value) => `${value > 0 ? '+' : ''}${points100(value)}`),
    },
  ]
  const main = section(
    'tradeoff',
    'What margin costs',
    figures(figure('NDCG@10 against margin@10', caption, drawTradeoff(tradeoff))),
    table('All weights', undefined, columns, points),
  )
  const footer = html`worth = score + weight · ln(margin). Intervals are at 95 %, from 1,000 resamples of the queries, paired. They hold for queries like these; what people buy from a new order, a test with real traffic tells.`
  return renderPage({ title: `${model}: relevance and margin`, header, main: [main], footer })
}

const points100 = (value: number) => (100 * value).toFixed(1).replace('-', '−')
const share = (value: number) => `${points100(value)} %`

function interval({ mean, low, high }: Interval, print: (value: number) => string): string {
  return `${print(mean)} (${print(low)} to ${print(high)})`
}

function drawTradeoff({ points, chosen }: Pick<Tradeoff, 'points' | 'chosen'>): Html {
  const at = { x: (point: TradeoffPoint) => point.ndcg.mean, y: (point: TradeoffPoint) => point.margin.mean }
  return draw('NDCG@10 against the mean margin of the first ten items, one point a weight', {
    x: { label: 'NDCG@10', ...BELOW, nice: true, ticks: 5 },
    y: { label: 'margin@10', ...LEFT, nice: true, ticks: 5, tickFormat: (share: number) => percent(share) },
    insetLeft: 16,
    insetRight: 24,
    marks: [
      Plot.line(points, { ...at, stroke: FIRST, strokeOpacity: 0.4 }),
      Plot.dot(points, { ...at, fill: FIRST, r: 4 }),
      Plot.dot([chosen], { ...at, fill: SECOND, r: 6.5 }),
      // Weights that change little overlap.
      Plot.text(
        points.filter(({ weight }) => weight === 0 || weight >= chosen.weight),
        { ...at, text: ({ weight }) => String(weight), dx: 8, textAnchor: 'start', ...HALO },
      ),
    ],
  })
}
