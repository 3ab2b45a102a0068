import type { Comparison } from '../metrics/compare.ts'
import { anyMetric, count, counted, difference, metric } from './format.ts'
import { type Html, html, nameOf } from './html.ts'
import { baselineLabel, metricName } from './names.ts'
import { type Column, figure, figures, section, table, toned } from './parts.ts'
import { drawByLength, drawComparisons, drawCurve, drawQueryHistogram } from './quality-plots.ts'
import type { ReportData } from './report-data.ts'

/** How good the ranker is, and against what. */
export function qualitySection(data: ReportData): Html {
  const { comparison, queries, curve } = data
  const empty = queries ? queries.relevant.filter((relevant) => relevant === 0).length : 0
  return section(
    'quality',
    'Quality',
    figures(
      figure(
        `${metricName(curve.metric)} as training went on`,
        curve.series.length > 1
          ? html`Each round adds trees; where <span class="key first">validation</span> ${curve.maximised ? 'rises' : 'falls'} no more while <span class="key second">train</span> goes on, the ranker only learns its training data by heart.`
          : html`Each round adds trees and comes closer to the labels it learns from; only data that it has not seen would tell when to stop.`,
        curve.rounds.length > 1 ? drawCurve(data) : undefined,
      ),
      figure(
        'What the ranker is worth',
        html`The dot is how much better it orders the same queries, the bar where that would lie for other queries of the kind; a bar that touches 0 may be chance.`,
        comparison ? drawComparisons(data) : undefined,
      ),
      figure(
        'NDCG of single queries',
        html`A mean can hide a bad tail: queries at the right are ordered perfectly, those at the left badly${empty > 0 ? `; ${counted(empty, 'query', 'queries')} without a relevant row ${empty === 1 ? 'is' : 'are'} left out` : ''}.`,
        queries && empty < queries.ids.length ? drawQueryHistogram(queries) : undefined,
      ),
      figure(
        'Short and long lists',
        html`Each dot is about a quarter of the queries, from the shortest lists to the longest: one that lies low is a kind of query to look into.`,
        queries && drawByLength(queries),
      ),
    ),
    comparison ? comparisonTable(data, comparison.baselines) : html``,
    metricsTable(data),
  )
}

function comparisonTable(data: ReportData, baselines: readonly Comparison[]): Html {
  return table(
    'Against the baselines',
    html`The same ${counted(data.comparison!.queries, 'query', 'queries')} of ${data.judged} ordered in other ways, compared query by query.`,
    [
      { title: 'Ordered by', cell: ({ name }) => nameOf(baselineLabel(name, data)) },
      { title: 'NDCG@10', cell: ({ mean }) => metric(mean) },
      { title: 'Ranker is better by', cell: ({ difference: gap }) => toned(gap.mean) },
      {
        title: '95 % interval',
        cell: ({ difference: gap }) => html`${difference(gap.low)} to ${difference(gap.high)}`,
      },
      { title: 'Queries won', cell: ({ wins }) => count(wins) },
      { title: 'tied', cell: ({ ties }) => count(ties) },
      { title: 'lost', cell: ({ losses }) => count(losses) },
    ],
    baselines,
    { wide: true },
  )
}

const WITHOUT_EMPTY = '_without_empty_queries'

function metricsTable({ channels }: ReportData): Html {
  const names = [...new Set(channels.flatMap(({ metrics }) => Object.keys(metrics)))]
  const hasEmpty = names.some((name) => name.endsWith(WITHOUT_EMPTY))
  const cell = (metrics: Readonly<Record<string, number>>, name: string): Html => {
    const value = metrics[name]
    if (value === undefined) return html`<span class="dim">–</span>`
    const answered = metrics[name + WITHOUT_EMPTY]
    return html`${anyMetric(value)}${answered === undefined ? html`` : html` <span class="dim">(${anyMetric(answered)})</span>`}`
  }
  return table(
    'Every metric',
    html`Of the model that is kept${hasEmpty ? '; in brackets without the queries that have no relevant row' : ''}. ${channels.length > 1 ? 'Train flatters: only the other channels tell how it will do on new queries.' : 'It has learnt from these rows, which flatters it.'}`,
    [
      { title: 'Metric', cell: metricName },
      ...channels.map(
        ({ name: channel, metrics }): Column<string> => ({
          title: channel,
          cell: (name) => cell(metrics, name),
        }),
      ),
    ],
    names.filter((name) => !name.endsWith(WITHOUT_EMPTY)),
    { wide: true },
  )
}
