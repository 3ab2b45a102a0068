import type { CapacitySize, DeploymentConfig } from '@aws-sdk/client-sagemaker'
import type { Config } from '../schema.ts'
import { readTemplate } from '../template.ts'

type Settings = NonNullable<NonNullable<Config['endpoint']>['deployment']>

interface Template {
  readonly DeploymentConfig: Required<Pick<DeploymentConfig, 'BlueGreenUpdatePolicy'>>
}

/** Percent of the fleet in one step, where it is not set. */
const DEFAULT_STEP = { canary: 10, linear: 25, rolling: 25 } as const

/**
 * How traffic moves from the old fleet to the new one (blue/green all at once, canary or linear, or rolling over the same
 * fleet), and the alarms that make AWS take it back.
 */
export function deploymentConfig(settings: Settings = {}, alarms: readonly string[] = []): DeploymentConfig {
  const { strategy = 'all-at-once', step, wait, terminationWait, timeout } = settings
  const { BlueGreenUpdatePolicy: template } =
    readTemplate<Template>('sagemaker-endpoint.json').DeploymentConfig
  const WaitIntervalInSeconds = wait ?? template!.TrafficRoutingConfiguration!.WaitIntervalInSeconds
  const MaximumExecutionTimeoutInSeconds = timeout ?? template!.MaximumExecutionTimeoutInSeconds
  const rollback = alarms.length > 0 && {
    AutoRollbackConfiguration: { Alarms: alarms.map((AlarmName) => ({ AlarmName })) },
  }
  if (strategy === 'rolling') {
    return {
      RollingUpdatePolicy: {
        MaximumBatchSize: percent(step ?? DEFAULT_STEP.rolling),
        WaitIntervalInSeconds,
        MaximumExecutionTimeoutInSeconds,
      },
      ...rollback,
    }
  }
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: {
        Type: ({ 'all-at-once': 'ALL_AT_ONCE', canary: 'CANARY', linear: 'LINEAR' } as const)[strategy],
        WaitIntervalInSeconds,
        ...(strategy === 'canary' && { CanarySize: percent(step ?? DEFAULT_STEP.canary) }),
        ...(strategy === 'linear' && { LinearStepSize: percent(step ?? DEFAULT_STEP.linear) }),
      },
      TerminationWaitInSeconds: terminationWait ?? template!.TerminationWaitInSeconds,
      MaximumExecutionTimeoutInSeconds,
    },
    ...rollback,
  }
}

const percent = (Value: number): CapacitySize => ({ Type: 'CAPACITY_PERCENT', Value })
