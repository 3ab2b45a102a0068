// Metrics as a process keeps them: numbers in plain memory, which cost a request next to nothing. prom-client, which
// turns them into Prometheus's text, is loaded only when somebody asks for that.

/** A metric as prom-client's `getMetricsAsJSON` gives it. */
export interface MetricData {
  readonly name: string
  readonly help: string
  readonly type: string
  /** How the values of several processes become one. */
  readonly aggregator: string
  readonly values: readonly MetricValue[]
}

interface MetricValue {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** If it differs from the metric's own name: a histogram's buckets, sum and count. */
  readonly metricName?: string
}

/** A counter, by the values of its labels. */
export class Tally {
  readonly #name: string
  readonly #help: string
  readonly #labelNames: readonly string[]
  readonly #counts = new Map<string, { readonly labels: Record<string, string>; value: number }>()

  constructor(name: string, help: string, labelNames: readonly string[] = []) {
    this.#name = name
    this.#help = help
    this.#labelNames = labelNames
    // Without labels, it is reported from the start.
    if (labelNames.length === 0) this.add(0)
  }

  /** @param labelValues in the order of the names */
  add(value: number, ...labelValues: readonly string[]): void {
    const key = labelValues.join('\n')
    const found = this.#counts.get(key)
    if (found) {
      found.value += value
      return
    }
    const labels = Object.fromEntries(this.#labelNames.map((name, at) => [name, labelValues[at]!]))
    this.#counts.set(key, { labels, value })
  }

  data(): MetricData {
    const values = [...this.#counts.values()].map((count) => ({ ...count }))
    return { name: this.#name, help: this.#help, type: 'counter', aggregator: 'sum', values }
  }
}

/** A histogram: how often values fell between bounds. */
export class Distribution {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #labels: Readonly<Record<string, string>>
  /** One more than there are bounds. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(name: string, help: string, bounds: readonly number[], labels: Record<string, string> = {}) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
    this.#labels = labels
    this.#counts = new Float64Array(bounds.length + 1)
  }

  add(value: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
  }

  /** Adds what was counted elsewhere with the same bounds. */
  addCounts(counts: Iterable<number>, sum: number): void {
    let bucket = 0
    for (const count of counts) this.#counts[bucket++]! += count
    this.#sum += sum
  }

  data(): MetricData {
    const name = this.#name
    const labels = this.#labels
    let count = 0
    const buckets = Array.from(this.#counts, (inBucket, bucket) => {
      count += inBucket
      const le = this.#bounds[bucket] ?? '+Inf'
      return { labels: { le, ...labels }, value: count, metricName: `${name}_bucket` }
    })
    const values = [
      ...buckets,
      { labels, value: this.#sum, metricName: `${name}_sum` },
      { labels, value: count, metricName: `${name}_count` },
    ]
    return { name, help: this.#help, type: 'histogram', aggregator: 'sum', values }
  }
}

/** The counters of several lists of metrics, added up by name and labels. */
export function sumOfCounts(all: readonly (readonly MetricData[])[]): MetricData[] {
  const sums = new Map<string, { metric: MetricData; values: Map<string, MetricValue> }>()
  for (const metric of all.flat()) {
    if (metric.type === 'gauge') continue
    const known = sums.get(metric.name)
    const { values } = known ?? { values: new Map<string, MetricValue>() }
    if (!known) sums.set(metric.name, { metric, values })
    for (const one of metric.values) {
      const labels = Object.entries(one.labels).sort(([a], [b]) => (a < b ? -1 : 1))
      const key = JSON.stringify([one.metricName, labels])
      values.set(key, { ...one, value: one.value + (values.get(key)?.value ?? 0) })
    }
  }
  return Array.from(sums.values(), ({ metric, values }) => ({ ...metric, values: [...values.values()] }))
}
