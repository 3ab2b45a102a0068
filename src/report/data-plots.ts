import * as Plot from '@observablehq/plot'
import { BELOW, draw, FIRST, HALO, LEFT, PAPER, wholeTick } from './draw.ts'
import { percent } from './format.ts'
import type { Html } from './html.ts'
import type { GradeScores, QueryTable } from './report-data.ts'

/** The distribution of scores within each grade. */
export function drawScoresByGrade(grades: readonly GradeScores[]): Html {
  const at = (share: number) => (one: GradeScores) => one.quantiles[share]!
  return draw('Scores of the rows of each grade', {
    x: { type: 'band', domain: grades.map(({ grade }) => grade), label: 'grade', ...BELOW, padding: 0.45 },
    y: { label: 'score', ...LEFT, ticks: 6, nice: true },
    marks: [
      Plot.ruleX(grades, { x: 'grade', y1: at(0), y2: at(4), stroke: FIRST, strokeWidth: 1.5 }),
      Plot.barY(grades, { x: 'grade', y1: at(1), y2: at(3), fill: FIRST }),
      Plot.tickY(grades, { x: 'grade', y: at(2), stroke: PAPER, strokeWidth: 2 }),
    ],
  })
}

/** How many rows have each grade. */
export function drawGrades(labels: readonly (readonly [number, number])[]): Html {
  const rows = labels.reduce((sum, [, many]) => sum + many, 0)
  const few = labels.length <= 8
  return draw('How many rows have each grade', {
    marginLeft: 56,
    x: { type: 'band', domain: labels.map(([label]) => label), label: 'grade', ...BELOW, padding: 0.25 },
    y: { label: 'rows', ...LEFT, ticks: 5, tickFormat: wholeTick },
    marks: [
      Plot.barY(labels, { x: '0', y: '1', fill: FIRST }),
      Plot.text(few ? labels : [], {
        x: '0',
        y: '1',
        dy: -8,
        text: ([, many]: [number, number]) => percent(many / rows),
        ...HALO,
      }),
      Plot.ruleY([0]),
    ],
  })
}

/** How many queries have how many rows; undefined if all have equally many. */
export function drawCandidates({ rows }: QueryTable): Html | undefined {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (const size of rows) [least, most] = [Math.min(least, size), Math.max(most, size)]
  if (least >= most) return undefined
  const width = Math.max(1, Math.ceil((most - least + 1) / 24))
  const counts = new Uint32Array(Math.floor((most - least) / width) + 1)
  for (const size of rows) counts[Math.floor((size - least) / width)]!++
  const from = (bin: number) => least + bin * width - 0.5
  return draw('How many queries have how many rows', {
    marginLeft: 56,
    x: { label: 'rows of a query', ...BELOW, tickFormat: wholeTick },
    y: { label: 'queries', ...LEFT, ticks: 5, tickFormat: wholeTick },
    marks: [
      Plot.rectY(counts, {
        x1: (_, bin) => from(bin),
        x2: (_, bin) => from(bin + 1),
        y: (many) => many,
        fill: FIRST,
        inset: 0.75,
        insetBottom: 0,
      }),
      Plot.ruleY([0]),
    ],
  })
}
