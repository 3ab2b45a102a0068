import { meanIntervals } from '../../src/metrics/bootstrap.ts'
import { compare } from '../../src/metrics/compare.ts'
import type { BaselineName, ReportData } from '../../src/report/report-data.ts'
import { seededRandom } from './judged-data.ts'

export interface ReportShape {
  readonly features?: readonly string[]
  readonly queries?: number
  /** Makes each query's id. */
  readonly idOf?: (query: number) => string
  readonly baselines?: readonly BaselineName[]
}

/** The report of a job that went well: nothing in it asks for a warning. */
export function reportOf(changes: Partial<ReportData> = {}, shape: ReportShape = {}): ReportData {
  const {
    features = ['price', 'margin', 'age', 'title_overlap'],
    queries = 200,
    idOf = (query) => `q${query}`,
    baselines = ['random', 'input_order', 'best_single_feature'],
  } = shape
  const random = seededRandom(5)
  const values = (least: number, most: number) =>
    Float64Array.from({ length: queries }, () => least + (most - least) * random())
  const table = {
    ids: Array.from({ length: queries }, (_, query) => idOf(query)),
    rows: Uint32Array.from({ length: queries }, (_, query) => 5 + (query % 30)),
    relevant: Uint32Array.from({ length: queries }, (_, query) => query % 11),
    ranker: values(0.6, 1),
    baselines: baselines.map((name, index) => ({
      name,
      values: values(0.1 * (index + 1), 0.5 + 0.1 * index),
    })),
  }
  const compared = compare(table.ranker, table.baselines)
  const profile = (rows: number) => ({
    rows,
    labels: [
      [0, Math.round(rows * 0.6)],
      [1, Math.round(rows * 0.3)],
      [4, Math.round(rows * 0.1)],
    ] as const,
    queries: { count: queries, withoutRelevantRow: 3, ofOneRow: 1, rows: [1, 12, 34] as const },
  })
  const rounds = Array.from({ length: 60 }, (_, round) => round)
  const metrics = { 'ndcg@1': meanIntervals([values(0.5, 1)])[0]!, 'ndcg@10': compared.ranker }
  return {
    model: { name: 'ranker-0042', version: '0123456789ab' },
    writtenAt: '2026-11-24T06:50:12.345Z',
    objective: 'rank:ndcg',
    gain: 'exponential',
    channels: [
      { name: 'train', profile: profile(20_000), metrics: { 'ndcg@10': 0.85 } },
      { name: 'validation', profile: profile(5000), metrics: { 'ndcg@10': compared.ranker.mean } },
    ],
    judged: 'validation',
    curve: {
      metric: 'ndcg@10',
      maximised: true,
      rounds,
      series: [
        { name: 'train', values: rounds.map((round) => 0.95 - 0.3 / (round + 1)) },
        { name: 'validation', values: rounds.map((round) => 0.8 - 0.2 / (round + 1) - round / 5000) },
      ],
      kept: 40,
      from: 0,
      planned: 100,
      patience: 19,
    },
    comparison: { queries, method: 'bootstrap', metrics, baselines: compared.comparisons },
    queries: table,
    bestFeature: { feature: features[0]!, order: 'descending' },
    importance: features.map((feature, index) => ({
      feature,
      mean_abs_shap: 1 / (index + 1),
      gain: 20 / (index + 2),
      cover: 50,
      splits: 30,
    })),
    explainedRows: 1000,
    shapDots: features.slice(0, 8).map((feature) => ({
      feature,
      dots: Array.from({ length: 150 }, () => [random() - 0.5, random() < 0.1 ? null : random()] as const),
    })),
    features: {
      sampledRows: 10_000,
      features: features.map((name, index) => ({
        name,
        missing: index / features.length / 4,
        quantiles: [-3.25, -1, 0, 0.5, 1, 2, 3, 1234.5, 1e6],
        ...(index === 1 && { distinct: 7 }),
      })),
    },
    drift: { channel: 'validation', values: features.map((_, index) => (index % 10) / 100) },
    scoresByGrade: [0, 1, 4].map((grade) => ({
      grade,
      rows: 100,
      quantiles: [-2, -1, 0, 1, 2].map((q) => q + grade),
    })),
    run: {
      hyperparameters: { num_round: 100, eta: 0.1, eval_metric: ['ndcg@10'], item: undefined },
      threads: 2,
      phases: [
        { name: 'read', seconds: 0.71 },
        { name: 'train', seconds: 192 },
      ],
      rowsPerSecond: 208_000,
      peakMemoryBytes: 1.8e9,
      versions: { 'two-stage-ranking': '0.2.0', xgboost: '3.4.1', node: '24.0.0' },
      files: [{ name: 'model.onnx', sha256: 'ab'.repeat(32), bytes: 359_000 }],
      fingerprint: 'cd'.repeat(32),
      exportDifference: 1.35e-7,
      goldenRows: 64,
    },
    ...changes,
  }
}
