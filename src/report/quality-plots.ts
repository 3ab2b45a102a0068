import * as Plot from '@observablehq/plot'
import { type Interval, meanIntervals } from '../metrics/bootstrap.ts'
import {
  BELOW,
  draw,
  FIRST,
  HALO,
  LEFT,
  LONGEST_LABEL,
  nameMargin,
  ordinalNames,
  SECOND,
  tickDifference,
  wholeTick,
} from './draw.ts'
import { anyMetric, counted, difference, metric } from './format.ts'
import { cut, type Html, printable } from './html.ts'
import { baselineLabel, metricName } from './names.ts'
import type { QueryTable, ReportData } from './report-data.ts'

/** A line with more points looks the same. */
const MOST_POINTS = 300

/** The watched metric round by round, with the kept round marked. */
export function drawCurve({ curve }: ReportData): Html {
  const { rounds, series, kept } = curve
  const step = Math.max(1, Math.ceil(rounds.length / MOST_POINTS))
  const shown = [...rounds.keys()].filter(
    (at) => at % step === 0 || at === rounds.length - 1 || rounds[at] === kept,
  )
  const colour = (index: number) => (index === series.length - 1 ? FIRST : SECOND)
  const last = (at: number) => series[at]!.values.at(-1)!
  const label = (index: number) => {
    const above = last(index) >= last(1 - index)
    const options = { dy: above ? -9 : 11, textAnchor: 'end', fill: colour(index), fontWeight: 600 } as const
    return Plot.text([[rounds.at(-1)!, last(index)]], { ...HALO, ...options, text: [series[index]!.name] })
  }
  const watched = series.at(-1)!.values[rounds.indexOf(kept)]
  const onRight = kept < (rounds[0]! + rounds.at(-1)!) / 2
  const note = `round ${kept} is kept${watched === undefined ? '' : ` · ${anyMetric(watched)}`}`
  return draw(`${metricName(curve.metric)} after each boosting round; round ${kept} is kept`, {
    x: { label: 'round', ...BELOW, tickFormat: wholeTick },
    y: { label: metricName(curve.metric), ...LEFT, nice: true, ticks: 6 },
    marks: [
      Plot.ruleX([kept], { stroke: 'currentColor', strokeDasharray: '3,3', strokeOpacity: 0.7 }),
      ...series.map(({ values }, index) =>
        Plot.line(
          shown.map((at) => [rounds[at]!, values[at]!]),
          { stroke: colour(index), strokeWidth: 1.8 },
        ),
      ),
      // A single line needs no name: the title has it.
      ...(series.length > 1 ? series.map((_, index) => label(index)) : []),
      Plot.text([kept], {
        x: [kept],
        // Where the ends of the lines leave room.
        frameAnchor: curve.maximised ? 'bottom' : 'top',
        dy: curve.maximised ? -8 : 8,
        dx: onRight ? 6 : -6,
        textAnchor: onRight ? 'start' : 'end',
        text: [note],
        ...HALO,
      }),
    ],
  })
}

/** How many queries have which NDCG. */
export function drawQueryHistogram({ ranker, relevant }: QueryTable): Html {
  const bins = 20
  const counts = new Uint32Array(bins)
  let sum = 0
  let queries = 0
  for (const [query, ndcg] of ranker.entries()) {
    if (relevant[query] === 0) continue
    counts[Math.min(bins - 1, Math.floor(ndcg * bins + 1e-9))]!++
    sum += ndcg
    queries++
  }
  const mean = sum / queries
  const onRight = mean < 0.5
  return draw('How many queries have which NDCG@10', {
    x: { label: 'NDCG@10 of a query', ...BELOW, domain: [0, 1] },
    y: { label: 'queries', ...LEFT, ticks: 5, tickFormat: wholeTick },
    marks: [
      Plot.rectY(counts, {
        x1: (_, bin) => bin / bins,
        x2: (_, bin) => (bin + 1) / bins,
        y: (many) => many,
        fill: FIRST,
        inset: 0.75,
        insetBottom: 0,
      }),
      Plot.ruleX([mean], { stroke: 'currentColor', strokeDasharray: '3,3' }),
      Plot.text([mean], {
        x: [mean],
        frameAnchor: 'top',
        dx: onRight ? 6 : -6,
        dy: -8,
        textAnchor: onRight ? 'start' : 'end',
        text: [`mean ${metric(mean)}`],
        ...HALO,
      }),
      Plot.ruleY([0]),
    ],
  })
}

/** By how much the ranker is better than each baseline. */
export function drawComparisons(data: ReportData): Html {
  const rows = data.comparison!.baselines.map(({ name, difference: gap }) => ({
    label: printable(baselineLabel(name, data))
      .split(': ')
      .map((line) => cut(line, LONGEST_LABEL))
      .join('\n'),
    ...gap,
  }))
  const labels = rows.map(({ label }) => label)
  const y = (_: unknown, index: number) => index
  return draw('How much better the ranker is than each baseline, with 95 % intervals', {
    height: 76 + 48 * rows.length,
    marginLeft: nameMargin(labels),
    marginRight: 30,
    insetRight: 34,
    x: {
      label: `NDCG@10 above the baseline`,
      ...BELOW,
      grid: true,
      ticks: 5,
      nice: true,
      tickFormat: tickDifference,
    },
    y: ordinalNames(labels),
    marks: [
      Plot.ruleX([0], { strokeOpacity: 0.6 }),
      Plot.ruleY(rows, { y, x1: 'low', x2: 'high', stroke: FIRST, strokeWidth: 3, strokeLinecap: 'round' }),
      Plot.dot(rows, { y, x: 'mean', fill: FIRST, r: 4.5 }),
      Plot.text(rows, { y, x: 'mean', text: ({ mean }: Interval) => difference(mean), dy: -14, ...HALO }),
    ],
  })
}

/** NDCG of queries with few and with many rows; undefined if all have about equally many. */
export function drawByLength({ rows, ranker, relevant }: QueryTable): Html | undefined {
  const groups = 4
  const answerable = [...rows.keys()].filter((query) => relevant[query]! > 0)
  const ascending = answerable.sort((a, b) => rows[a]! - rows[b]!)
  const slices = new Map<string, number[]>()
  let from = 0
  for (let group = 1; group <= groups; group++) {
    // Queries of one length stay together.
    let to = Math.round((group * ascending.length) / groups)
    while (to < ascending.length && to > 0 && rows[ascending[to]!] === rows[ascending[to - 1]!]) to++
    if (to <= from) continue
    const slice = ascending.slice(from, to)
    const [least, most] = [rows[slice[0]!]!, rows[slice.at(-1)!]!]
    slices.set(least === most ? `${least}` : `${least}–${most}`, slice)
    from = to
  }
  if (slices.size < 2) return undefined
  const points = [...slices].map(([label, slice]) => ({
    label: `${label}\n${counted(slice.length, 'query', 'queries')}`,
    ...meanIntervals([Float64Array.from(slice, (query) => ranker[query]!)])[0]!,
  }))
  return draw('NDCG@10 of queries with few and with many rows, with 95 % intervals', {
    marginBottom: 56,
    x: {
      type: 'point',
      domain: points.map(({ label }) => label),
      label: 'rows of a query',
      ...BELOW,
      labelOffset: 52,
    },
    y: { label: 'NDCG@10', ...LEFT, ticks: 5, nice: true },
    marks: [
      Plot.ruleX(points, {
        x: 'label',
        y1: 'low',
        y2: 'high',
        stroke: FIRST,
        strokeWidth: 3,
        strokeLinecap: 'round',
      }),
      Plot.dot(points, { x: 'label', y: 'mean', fill: FIRST, r: 4.5 }),
      Plot.text(points, {
        x: 'label',
        y: 'mean',
        text: ({ mean }: Interval) => metric(mean),
        dx: 8,
        textAnchor: 'start',
        ...HALO,
      }),
    ],
  })
}
