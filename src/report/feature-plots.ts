import * as Plot from '@observablehq/plot'
import { BELOW, draw, FIRST, MUTED, nameMargin, ordinalNames, SECOND, tickDifference } from './draw.ts'
import { type Html, printable } from './html.ts'
import type { FeatureImportance, ReportData, ShapDot } from './report-data.ts'

const MOST_FEATURES = 15

/** Mean |SHAP| and gain of the features that matter most, each relative to its highest. */
export function drawImportance(importance: readonly FeatureImportance[]): Html {
  const top = importance.slice(0, MOST_FEATURES)
  const names = top.map(({ feature }) => printable(feature))
  const measures = [
    ['mean |SHAP|', FIRST, (one: FeatureImportance) => one.mean_abs_shap],
    ['gain', SECOND, (one: FeatureImportance) => one.gain],
  ] as const
  const bars = measures.flatMap(([measure, colour, of]) => {
    const most = Math.max(...importance.map(of), Number.MIN_VALUE)
    return top.map((one, index) => ({ measure, colour, index, share: of(one) / most }))
  })
  return draw('Mean absolute SHAP value and gain of the most important features', {
    height: 50 + 22 * top.length,
    marginLeft: nameMargin(names),
    marginBottom: 8,
    x: { domain: [0, 1], axis: null },
    y: { ...ordinalNames(names), type: 'band', padding: 0.25 },
    fx: { domain: measures.map(([measure]) => measure), axis: 'top', label: null, padding: 0.08 },
    marks: [
      Plot.barX(bars, { fx: 'measure', y: 'index', x: 'share', fill: 'colour' }),
      Plot.ruleX([0], { strokeOpacity: 0.5 }),
    ],
  })
}

/** What each feature added to the score of single rows, by whether its value was low or high. */
export function drawShapDots(features: ReportData['shapDots']): Html {
  const names = features.map(({ feature }) => printable(feature))
  const lanes = features.flatMap(({ dots }, lane) => spread(dots, lane))
  const kinds = [
    [(standing: number | null) => standing === null || (standing >= 1 / 3 && standing <= 2 / 3), MUTED],
    [(standing: number | null) => standing !== null && standing < 1 / 3, FIRST],
    [(standing: number | null) => standing !== null && standing > 2 / 3, SECOND],
  ] as const
  return draw('What each feature added to the scores of single rows', {
    height: 76 + 30 * features.length,
    marginLeft: nameMargin(names),
    x: {
      label: 'added to the score of a row',
      ...BELOW,
      grid: true,
      ticks: 5,
      nice: true,
      tickFormat: tickDifference,
    },
    y: {
      ...ordinalNames(names),
      type: 'linear',
      domain: [-0.5, features.length - 0.5],
      reverse: true,
      ticks: features.map((_, lane) => lane),
    },
    marks: [
      Plot.ruleX([0], { strokeOpacity: 0.6 }),
      ...kinds.map(([belongs, fill]) =>
        Plot.dot(
          lanes.filter(({ standing }) => belongs(standing)),
          { x: 'x', y: 'y', r: 1.7, fill, fillOpacity: 0.8 },
        ),
      ),
    ],
  })
}

/** Dots of about the same contribution, side by side around the middle of their lane. */
function spread(dots: readonly ShapDot[], lane: number): { x: number; y: number; standing: number | null }[] {
  const [least, most] = [Math.min(...dots.map(([x]) => x)), Math.max(...dots.map(([x]) => x))]
  const taken = new Map<number, number>()
  return dots.map(([x, standing]) => {
    const bin = Math.floor((60 * (x - least)) / (most - least || 1))
    const before = taken.get(bin) ?? 0
    taken.set(bin, before + 1)
    const side = before % 2 === 0 ? 1 : -1
    return { x, y: lane + Math.max(-0.42, Math.min(0.42, side * Math.ceil(before / 2) * 0.075)), standing }
  })
}
