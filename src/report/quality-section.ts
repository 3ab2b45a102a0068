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

function metricsTable({ channels }: ReportData): Html {
  const names = [...new Set(channels.flatMap(({ metrics }) => Object.keys(metrics)))]
  return table(
    'Every metric',
    html`Measured with the model that is kept; ${channels.length > 1 ? 'only the channels that are not train tell how it will do on new queries' : 'on rows that it has learnt from'}.`,
    [
      { title: 'Metric', cell: (name) => metricTitle(name) },
      ...channels.map(
        ({ name: channel, metrics }): Column<string> => ({
          title: channel,
          cell: (name) =>
            metrics[name] === undefined ? html`<span class="dim">–</span>` : anyMetric(metrics[name]),
        }),
      ),
    ],
    names,
  )
}

const metricTitle = (name: string): string =>
  name.endsWith('_without_empty_queries')
    ? `${metricName(name.replace('_without_empty_queries', ''))} without queries that have no relevant row`
    : metricName(name)
