import type {
  PutScalingPolicyCommandInput,
  PutScheduledActionCommandInput,
  RegisterScalableTargetCommandInput,
  TargetTrackingScalingPolicyConfiguration,
} from '@aws-sdk/client-application-auto-scaling'
import type { PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch'
import { MANAGED } from '../names.ts'
import type { Config } from '../schema.ts'
import { type Scope, scopeTags } from '../scope.ts'
import { fill, readTemplate } from '../template.ts'
import { backlogAlarmOf } from './alarms.ts'
import { A, endpointName, modeOf } from './settings.ts'

export interface Autoscaling {
  readonly target: RegisterScalableTargetCommandInput
  readonly policies: readonly PutScalingPolicyCommandInput[]
  readonly actions: readonly PutScheduledActionCommandInput[]
  /** Alarms that set a policy off, whose ARN is known only once the policy is made. */
  readonly alarms: readonly PutMetricAlarmCommandInput[]
}

interface Template {
  readonly RegisterScalableTarget: { readonly MinCapacity: number }
  readonly TargetTrackingScalingPolicyConfiguration: TargetTrackingScalingPolicyConfiguration
}

/** Placeholder in a request for the ARN of a scaling policy, which AWS gives only when the policy is made. */
const policyArnOf = (policy: string): string => `{the ARN of the scaling policy ${policy}}`

export const resourceIdOf = (endpoint: string, variant: string): string =>
  `endpoint/${endpoint}/variant/${variant}`

/** Names of the parts of autoscaling: anything under another name was set up by somebody else. */
export const loadPolicyOf = (endpoint: string): string => `${endpoint}-load`
export const wakePolicyOf = (endpoint: string): string => `${endpoint}-wake`
const floorOf = (endpoint: string, floor: string): string => `${endpoint}-${floor}`
export const isFloorOf = (endpoint: string, action: string): boolean =>
  action.startsWith(floorOf(endpoint, ''))

const NAMESPACE = { ServiceNamespace: 'sagemaker' } as const

/**
 * Target tracking of variant A and its floors by the clock; undefined where autoscaling is not asked for.
 * Real-time follows the requests a minute and instance, async what waits for each instance (and the first request after
 * none), serverless how much of the provisioned concurrency is in use.
 */
export function autoscaling(scope: Scope, config: Config): Autoscaling | undefined {
  const endpoint = config.endpoint ?? {}
  const settings = endpoint.autoscaling
  if (settings?.max === undefined) return undefined
  const template = readTemplate<Template>('sagemaker-endpoint.json')
  const name = endpointName(config)
  const mode = modeOf(endpoint)
  const at = {
    ...NAMESPACE,
    ResourceId: resourceIdOf(name, A!),
    ScalableDimension:
      mode === 'serverless'
        ? ('sagemaker:variant:DesiredProvisionedConcurrency' as const)
        : ('sagemaker:variant:DesiredInstanceCount' as const),
  }
  const tracking: PutScalingPolicyCommandInput = {
    ...at,
    PolicyName: loadPolicyOf(name),
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: fill(template.TargetTrackingScalingPolicyConfiguration, {
      TargetValue: settings.target ?? DEFAULT_TARGET[mode],
      ScaleInCooldown: settings.scaleInCooldown,
      ScaleOutCooldown: settings.scaleOutCooldown,
      ...trackedMetric(mode, name),
    }),
  }
  const wake = mode === 'async' && settings.min === 0 ? wakeUp(scope, name, at) : undefined
  return {
    target: {
      ...at,
      MinCapacity: settings.min ?? template.RegisterScalableTarget.MinCapacity,
      MaxCapacity: settings.max,
      Tags: { [MANAGED.Key]: MANAGED.Value, ...scope.tags },
    },
    policies: [tracking, ...(wake ? [wake.policy] : [])],
    alarms: wake ? [wake.alarm] : [],
    actions: (settings.schedule ?? []).map((one) => ({
      ...at,
      ScheduledActionName: floorOf(name, one.name),
      Schedule: one.cron,
      ...(one.timezone !== undefined && { Timezone: one.timezone }),
      ScalableTargetAction: { MinCapacity: one.min, ...(one.max !== undefined && { MaxCapacity: one.max }) },
    })),
  }
}

/** Real-time: what the template says, in requests a minute and instance. */
const DEFAULT_TARGET = { realtime: undefined, 'multi-model': undefined, async: 5, serverless: 0.7 } as const

function trackedMetric(mode: string, endpoint: string): Partial<TargetTrackingScalingPolicyConfiguration> {
  if (mode === 'async') {
    return {
      CustomizedMetricSpecification: {
        Namespace: 'AWS/SageMaker',
        MetricName: 'ApproximateBacklogSizePerInstance',
        Dimensions: [{ Name: 'EndpointName', Value: endpoint }],
        Statistic: 'Average',
      },
    }
  }
  return {
    PredefinedMetricSpecification: {
      PredefinedMetricType:
        mode === 'serverless'
          ? 'SageMakerVariantProvisionedConcurrencyUtilization'
          : 'SageMakerVariantInvocationsPerInstance',
    },
  }
}

/** Target tracking does not see a backlog while there is no instance: a step from none to one does. */
function wakeUp(
  scope: Scope,
  endpoint: string,
  at: Pick<PutScalingPolicyCommandInput, 'ServiceNamespace' | 'ResourceId' | 'ScalableDimension'>,
) {
  const PolicyName = wakePolicyOf(endpoint)
  const policy: PutScalingPolicyCommandInput = {
    ...at,
    PolicyName,
    PolicyType: 'StepScaling',
    StepScalingPolicyConfiguration: {
      AdjustmentType: 'ChangeInCapacity',
      MetricAggregationType: 'Average',
      Cooldown: 300,
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
    },
  }
  const alarm: PutMetricAlarmCommandInput = {
    AlarmName: backlogAlarmOf(endpoint),
    AlarmDescription: `Requests to ${endpoint} wait while it has no instance`,
    Namespace: 'AWS/SageMaker',
    MetricName: 'HasBacklogWithoutCapacity',
    Dimensions: [{ Name: 'EndpointName', Value: endpoint }],
    Statistic: 'Average',
    Period: 60,
    EvaluationPeriods: 2,
    DatapointsToAlarm: 2,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'missing',
    ActionsEnabled: true,
    AlarmActions: [policyArnOf(PolicyName)],
    Tags: scopeTags(scope),
  }
  return { policy, alarm }
}
