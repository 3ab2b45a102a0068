import type { GetMetricDataCommandInput, MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import { type Api, pages } from '../api.ts'

/** Columns of the table: CloudWatch's metric, its statistic, and what it is divided by. */
export const METRIC_COLUMNS = [
  { id: 'requests', metric: 'Invocations', stat: 'Sum', per: 1 },
  { id: 'refused', metric: 'Invocation4XXErrors', stat: 'Sum', per: 1 },
  { id: 'failed', metric: 'Invocation5XXErrors', stat: 'Sum', per: 1 },
  { id: 'model_p50_ms', metric: 'ModelLatency', stat: 'p50', per: 1000 },
  { id: 'model_p99_ms', metric: 'ModelLatency', stat: 'p99', per: 1000 },
  { id: 'overhead_p99_ms', metric: 'OverheadLatency', stat: 'p99', per: 1000 },
] as const

export interface MetricRow {
  readonly from: Date
  readonly values: Readonly<Record<string, number>>
}

interface Span {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly minutes: number
  /** Seconds of a row. */
  readonly period: number
}

/** GetMetricData of a variant, over whole periods. */
export function metricRequest(
  endpoint: string,
  variant: string,
  { now, minutes, period }: Span,
): GetMetricDataCommandInput {
  const end = Math.ceil(now / 1000 / period) * period
  const Dimensions = [
    { Name: 'EndpointName', Value: endpoint },
    { Name: 'VariantName', Value: variant },
  ]
  return {
    StartTime: new Date(1000 * (end - 60 * minutes)),
    EndTime: new Date(1000 * end),
    ScanBy: 'TimestampAscending',
    MetricDataQueries: METRIC_COLUMNS.map(
      ({ id, metric, stat }): MetricDataQuery => ({
        Id: id,
        MetricStat: {
          Metric: { Namespace: 'AWS/SageMaker', MetricName: metric, Dimensions },
          Period: period,
          Stat: stat,
        },
      }),
    ),
  }
}

/** The rows in order of time; a value that CloudWatch does not have is absent. */
export async function readMetrics(api: Api, request: GetMetricDataCommandInput): Promise<MetricRow[]> {
  const rows = new Map<number, Record<string, number>>()
  for await (const page of pages(api, 'cloudwatch:GetMetricData', request)) {
    for (const { Id, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
      const { per } = METRIC_COLUMNS.find(({ id }) => id === Id)!
      for (const [at, time] of Timestamps.entries()) {
        const row = rows.get(time.getTime()) ?? {}
        row[Id!] = Values[at]! / per
        rows.set(time.getTime(), row)
      }
    }
  }
  return [...rows].sort(([a], [b]) => a - b).map(([time, values]) => ({ from: new Date(time), values }))
}
