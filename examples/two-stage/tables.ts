import { formatTable } from '../../src/cli/table.ts'
import { quantile } from '../../src/data/quantile.ts'
import type { Interval } from '../../src/metrics/bootstrap.ts'
import { MEASURES, type Measure, type Result } from './results.ts'
import { CANDIDATES, type Timings } from './stages.ts'

/** The stages, and how long they take. */
export function stagesOf(timings: Timings, lots: number) {
  const stage = (name: string, taken: readonly number[], from: number, to: number) => {
    const sorted = Float64Array.from(taken).sort()
    return { name, from, to, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
  }
  return [
    stage('1 retrieval', timings.retrieval, lots, CANDIDATES),
    stage('2 features and ranker, over HTTP', timings.ranking, CANDIDATES, 10),
    stage('all', timings.all, lots, 10),
  ]
}

export function stageTable(timings: Timings, lots: number): string {
  const stages = stagesOf(timings, lots)
  const right = (title: string, cell: (stage: (typeof stages)[number]) => string) => ({
    title,
    cells: stages.map(cell),
    align: 'right' as const,
  })
  return formatTable([
    { title: 'stage', cells: stages.map(({ name }) => name) },
    right('in', ({ from }) => from.toLocaleString('en-US')),
    right('out', ({ to }) => String(to)),
    right('p50 ms', ({ p50 }) => p50.toFixed(2)),
    right('p99 ms', ({ p99 }) => p99.toFixed(2)),
  ]).trimEnd()
}

/** A value of a measure in its own digits. */
export function shown(measure: Measure, value: number): string {
  const digits = { ndcg: 4, conversions: 1, revenue: 0, margin: 0 }[measure]
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

const signed = (measure: Measure, value: number) => `${value > 0 ? '+' : ''}${shown(measure, value)}`

/** A gain with its interval. */
export function gainOf(measure: Measure, gain: Interval | undefined): string {
  if (!gain) return ''
  const [low, high] = [signed(measure, gain.low), signed(measure, gain.high)]
  return `${signed(measure, gain.mean)} (${low} to ${high})`
}

/** What prices and costs have to be known for. */
const MONEY: ReadonlySet<Measure> = new Set(['revenue', 'margin'])

export function measuresOf(hasMargins: boolean): Measure[] {
  return (Object.keys(MEASURES) as Measure[]).filter((measure) => hasMargins || !MONEY.has(measure))
}

export function businessTable(results: readonly Result[], hasMargins: boolean): string {
  const rows = measuresOf(hasMargins).flatMap((measure) =>
    results.map(({ name, own, gain }) => [
      MEASURES[measure],
      name,
      shown(measure, own[measure].mean),
      gainOf(measure, gain?.[measure]),
    ]),
  )
  const column = (title: string, at: number, align: 'left' | 'right' = 'left') => ({
    title,
    cells: rows.map((row) => row[at]!),
    align,
  })
  const table = formatTable([
    column('per 1,000 searches', 0),
    column('order', 1),
    column('mean', 2, 'right'),
    column('above the one before it, 95 % paired', 3),
  ])
  return table.trimEnd()
}
