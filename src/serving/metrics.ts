import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { CONTENT_TYPES } from './input-fn.ts'
import { parseMediaType } from './media-type.ts'
import { MOST_FEATURES, type Profile, SCORE_BOUNDS } from './profile.ts'
import { Distribution, type MetricData, Tally } from './tallies.ts'

/** The metrics of one process as plain data. */
export type MetricsData = readonly MetricData[]

/** Where the gauges take their values from. */
export interface Gauges {
  readonly inFlight: () => number
  readonly queueDepth: () => number
  readonly bodyBytes: () => number
  readonly models: () => number
  /** The one model that is served; only its feature names become labels. */
  readonly featureNames: () => readonly string[] | undefined
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]
const ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000]
const PHASES = ['queue', 'parse', 'score', 'encode', 'total'] as const

/** The metrics of a process that serves. */
export class Metrics {
  readonly #gauges: Gauges
  readonly #requests = new Tally('ranker_requests_total', 'Requests answered', [
    'route',
    'status',
    'content_type',
  ])
  readonly #seconds = PHASES.map(
    (phase) =>
      new Distribution('ranker_request_duration_seconds', 'Time of a request by phase', SECONDS, { phase }),
  )
  readonly #requestRows = new Distribution('ranker_request_rows', 'Rows or items of a request', ROWS)
  readonly #scores = new Distribution('ranker_score', 'Scores given', SCORE_BOUNDS)
  readonly #loadSeconds = new Distribution(
    'ranker_model_load_duration_seconds',
    'Time to load and prove a model',
    SECONDS,
  )
  readonly #replaced = new Tally(
    'ranker_pipeline_processes_replaced_total',
    'Processes of hooks that were replaced',
  )
  readonly #rows = new Tally('ranker_rows_total', 'Rows scored')
  readonly #missing = new Tally(
    'ranker_feature_missing_total',
    `Missing values by feature, of the first ${MOST_FEATURES}; divide by ranker_rows_total`,
    ['feature'],
  )
  #ofNode: Promise<Registry> | undefined

  constructor(gauges: Gauges) {
    this.#gauges = gauges
  }

  /** Counts every answer of a server. */
  observe(app: FastifyInstance): void {
    app.addHook('onResponse', (request, reply, done) => {
      const { trace, profile } = request
      const route = request.routeOptions.url ?? 'none'
      this.#requests.add(1, route, String(reply.statusCode), contentTypeLabel(request.contentType))
      const { queueMs, parseMs, scoreMs, encodeMs } = trace
      if (parseMs !== undefined || scoreMs !== undefined) {
        for (const [phase, ms] of [queueMs, parseMs, scoreMs, encodeMs, reply.elapsedTime].entries()) {
          if (ms !== undefined) this.#seconds[phase]!.add(ms / 1000)
        }
      }
      if (profile) this.#add(profile)
      done()
    })
  }

  observeLoad(milliseconds: number): void {
    this.#loadSeconds.add(milliseconds / 1000)
  }

  observeReplaced(): void {
    this.#replaced.add(1)
  }

  /** Everything so far, for another process to add up. */
  async data(): Promise<MetricsData> {
    // Starts at the first scrape, since measuring the event loop is not free.
    this.#ofNode ??= measureNode()
    const ofNode = (await (await this.#ofNode).getMetricsAsJSON()) as unknown as MetricsData
    const { inFlight, queueDepth, bodyBytes, models } = this.#gauges
    const [phase] = this.#seconds.map((distribution) => distribution.data())
    return [
      this.#requests.data(),
      { ...phase!, values: this.#seconds.flatMap((distribution) => distribution.data().values) },
      this.#requestRows.data(),
      this.#rows.data(),
      this.#scores.data(),
      this.#missing.data(),
      this.#loadSeconds.data(),
      this.#replaced.data(),
      gauge('ranker_requests_in_flight', 'Requests whose bodies have arrived', inFlight()),
      gauge('ranker_queue_depth', 'Requests that wait for their turn', queueDepth()),
      gauge('ranker_body_bytes', 'Bytes of bodies that are held', bodyBytes()),
      gauge('ranker_models_loaded', 'Models that are loaded', models(), 'max'),
      ...ofNode,
    ]
  }

  #add({ rows, scoreCounts, scoreSum, missing }: Profile): void {
    this.#rows.add(rows)
    this.#requestRows.add(rows)
    this.#scores.addCounts(scoreCounts, scoreSum)
    const names = this.#gauges.featureNames()
    if (!names) return
    for (const [feature, count] of missing.entries()) {
      if (count > 0) this.#missing.add(count, names[feature]!)
    }
  }
}

function gauge(name: string, help: string, value: number, aggregator: 'sum' | 'max' = 'sum'): MetricData {
  return { name, help, type: 'gauge', aggregator, values: [{ labels: {}, value }] }
}

async function measureNode(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  const register = new Registry()
  collectDefaultMetrics({ register })
  return register
}

/** The metrics of several processes added up, as text. */
export async function formatMetrics(
  all: readonly MetricsData[],
): Promise<{ text: string; contentType: string }> {
  const { AggregatorRegistry } = await import('prom-client')
  const registry = AggregatorRegistry.aggregate([...all] as never)
  return { text: await registry.metrics(), contentType: registry.contentType }
}

/** Clients may send anything: only what is known becomes a label. */
function contentTypeLabel(contentType: string): string {
  if (contentType === '') return 'none'
  const essence = parseMediaType(contentType)?.essence ?? ''
  return CONTENT_TYPES.includes(essence) ? essence : 'other'
}
