import type { FastifyInstance } from 'fastify'
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { CONTENT_TYPES } from './input-fn.ts'
import { parseMediaType } from './media-type.ts'
import { MOST_FEATURES, type Profile, SCORE_BOUNDS } from './profile.ts'

/** The metrics of one process as plain data. */
export type MetricsData = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** What the gauges read when they are asked. */
export interface Gauges {
  readonly inFlight: () => number
  readonly queueDepth: () => number
  readonly bodyBytes: () => number
  readonly models: () => number
  /** Of the one model that is served; names of features are labels for it only. */
  readonly featureNames: () => readonly string[] | undefined
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]
const PHASES = { queueMs: 'queue', parseMs: 'parse', scoreMs: 'score', encodeMs: 'encode' } as const
const ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000]

/** The metrics of a process that serves, in Prometheus's form. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = this.#counter('requests_total', 'Requests answered', [
    'route',
    'status',
    'content_type',
  ])
  readonly #seconds = this.#histogram('request_duration_seconds', 'Time of a request by phase', SECONDS, [
    'phase',
  ])
  readonly #requestRows = this.#histogram('request_rows', 'Rows or items of a request', ROWS)
  readonly #loadSeconds = this.#histogram(
    'model_load_duration_seconds',
    'Time to load and prove a model',
    SECONDS,
  )
  readonly #replaced = this.#counter(
    'pipeline_processes_replaced_total',
    'Processes of hooks that were replaced',
  )
  readonly #rows = this.#counter('rows_total', 'Rows scored')
  readonly #missing = this.#counter(
    'feature_missing_total',
    `Missing values by feature, of the first ${MOST_FEATURES}; divide by ranker_rows_total`,
    ['feature'],
  )
  readonly #scoreCounts = new Float64Array(SCORE_BOUNDS.length + 1)
  readonly #gauges: Gauges
  #scoreSum = 0
  #default = false

  constructor(gauges: Gauges) {
    this.#gauges = gauges
    this.#gauge('requests_in_flight', 'Requests whose bodies have arrived', gauges.inFlight)
    this.#gauge('queue_depth', 'Requests that wait for their turn', gauges.queueDepth)
    this.#gauge('body_bytes', 'Bytes of bodies that are held', gauges.bodyBytes)
    this.#gauge('models_loaded', 'Models that are loaded', gauges.models, 'max')
    const get = () => this.#scores()
    // A histogram that is counted elsewhere: prom-client takes one value at a time, and there is one a row.
    this.#registry.registerMetric({ name: 'ranker_score', ...get(), get } as never)
  }

  /** Counts every answer of a server. */
  observe(app: FastifyInstance): void {
    app.addHook('onResponse', (request, reply, done) => {
      const { trace, profile } = request
      const route = request.routeOptions.url ?? 'none'
      const status = String(reply.statusCode)
      this.#requests.inc({ route, status, content_type: contentTypeLabel(request.contentType) })
      if (trace.parseMs !== undefined || trace.scoreMs !== undefined) {
        this.#seconds.observe({ phase: 'total' }, reply.elapsedTime / 1000)
        for (const [field, phase] of Object.entries(PHASES)) {
          const ms = trace[field as keyof typeof PHASES]
          if (ms !== undefined) this.#seconds.observe({ phase }, ms / 1000)
        }
      }
      if (profile) this.#add(profile)
      done()
    })
  }

  observeLoad(milliseconds: number): void {
    this.#loadSeconds.observe(milliseconds / 1000)
  }

  observeReplaced(): void {
    this.#replaced.inc()
  }

  /** Everything so far, for another process to add up. */
  data(): Promise<MetricsData> {
    if (!this.#default) {
      // From the first time that anybody asks, since measuring the event loop is not free.
      collectDefaultMetrics({ register: this.#registry })
      this.#default = true
    }
    return this.#registry.getMetricsAsJSON()
  }

  #add({ rows, scoreCounts, scoreSum, missing }: Profile): void {
    this.#rows.inc(rows)
    this.#requestRows.observe(rows)
    for (const [bucket, count] of scoreCounts.entries()) this.#scoreCounts[bucket]! += count
    this.#scoreSum += scoreSum
    const names = this.#gauges.featureNames()
    if (!names) return
    for (const [feature, count] of missing.entries()) {
      if (count > 0) this.#missing.inc({ feature: names[feature]! }, count)
    }
  }

  #scores(): object {
    let count = 0
    const buckets = [...SCORE_BOUNDS, '+Inf'].map((le, bucket) => {
      count += this.#scoreCounts[bucket]!
      return { labels: { le }, value: count, metricName: 'ranker_score_bucket' }
    })
    const values = [
      ...buckets,
      { labels: {}, value: this.#scoreSum, metricName: 'ranker_score_sum' },
      { labels: {}, value: count, metricName: 'ranker_score_count' },
    ]
    return { name: 'ranker_score', help: 'Scores given', type: 'histogram', aggregator: 'sum', values }
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name: `ranker_${name}`, help, labelNames, registers: [this.#registry] })
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: L[] = [],
  ): Histogram<L> {
    return new Histogram({ name: `ranker_${name}`, help, labelNames, buckets, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, read: () => number, aggregator: 'sum' | 'max' = 'sum'): void {
    new Gauge({
      name: `ranker_${name}`,
      help,
      aggregator,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }
}

/** The metrics of several processes added up, as text. */
export async function formatMetrics(
  all: readonly MetricsData[],
): Promise<{ text: string; contentType: string }> {
  const registry = AggregatorRegistry.aggregate([...all] as never)
  return { text: await registry.metrics(), contentType: registry.contentType }
}

/** Clients may send anything: only what is known becomes a label. */
function contentTypeLabel(contentType: string): string {
  if (contentType === '') return 'none'
  const essence = parseMediaType(contentType)?.essence ?? ''
  return CONTENT_TYPES.includes(essence) ? essence : 'other'
}
