import type { PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch'
import type { Config } from '../schema.ts'
import { type Scope, scopeTags } from '../scope.ts'
import { readTemplate } from '../template.ts'
import { A, B, endpointName, modeOf } from './settings.ts'

interface Template {
  readonly PutMetricAlarm: Pick<
    PutMetricAlarmCommandInput,
    'EvaluationPeriods' | 'DatapointsToAlarm' | 'TreatMissingData'
  > & { readonly Threshold: { readonly errors: number; readonly latency: number } }
}

const MINUTE = 60

/** Names of a variant's alarms; any of them rolls a deployment back. */
export const alarmsOfVariant = (endpoint: string, variant: string): { errors: string; latency: string } => ({
  errors: `${endpoint}-${variant}-errors`,
  latency: `${endpoint}-${variant}-latency`,
})

/** Name of the alarm that wakes an asynchronous endpoint. */
export const backlogAlarmOf = (endpoint: string): string => `${endpoint}-${A}-backlog`

/** Names of all alarms that this product may make for an endpoint. */
export const possibleAlarms = (endpoint: string): string[] => [
  ...[A!, B!].flatMap((variant) => Object.values(alarmsOfVariant(endpoint, variant))),
  backlogAlarmOf(endpoint),
]

/**
 * PutMetricAlarm for each variant that answers: the share of requests that fail, and the p99 of the model's latency.
 * A deployment that sets one off is rolled back by AWS itself.
 */
export function alarmRequests(scope: Scope, config: Config): PutMetricAlarmCommandInput[] {
  const endpoint = config.endpoint ?? {}
  if (modeOf(endpoint) === 'async') return []
  const { Threshold, ...rules } = readTemplate<Template>('sagemaker-endpoint.json').PutMetricAlarm
  const name = endpointName(config)
  const actions = endpoint.alarms?.topic
  const common = {
    ...rules,
    ActionsEnabled: true,
    ...(actions !== undefined && { AlarmActions: [actions] }),
    ComparisonOperator: 'GreaterThanThreshold',
    Tags: scopeTags(scope),
  } as const
  return [A!, ...(endpoint.b ? [B!] : [])].flatMap((variant): PutMetricAlarmCommandInput[] => {
    const { errors, latency } = alarmsOfVariant(name, variant)
    const metric = (MetricName: string) => ({
      Namespace: 'AWS/SageMaker',
      MetricName,
      Dimensions: [
        { Name: 'EndpointName', Value: name },
        { Name: 'VariantName', Value: variant },
      ],
    })
    const sum = (Id: string, MetricName: string) => ({
      Id,
      MetricStat: { Metric: metric(MetricName), Period: MINUTE, Stat: 'Sum' },
      ReturnData: false,
    })
    return [
      {
        ...common,
        AlarmName: errors,
        AlarmDescription: `Percent of the requests to variant ${variant} of ${name} that fail`,
        Threshold: endpoint.alarms?.errors ?? Threshold.errors,
        Metrics: [
          sum('failed', 'Invocation5XXErrors'),
          sum('all', 'Invocations'),
          { Id: 'percent', Expression: 'IF(all > 0, 100 * failed / all, 0)', ReturnData: true },
        ],
      },
      {
        ...common,
        AlarmName: latency,
        AlarmDescription: `p99 latency of the model of variant ${variant} of ${name}, in microseconds`,
        Threshold: 1000 * (endpoint.alarms?.latency ?? Threshold.latency),
        ...metric('ModelLatency'),
        ExtendedStatistic: 'p99',
        Period: MINUTE,
      },
    ]
  })
}
