import { join, type Plan, put, type Step, step } from '../plan.ts'
import { isFloorOf, loadPolicyOf, wakePolicyOf } from './autoscaling.ts'
import type { Existing } from './existing.ts'
import type { Wanted } from './wanted.ts'

/** Autoscaling as it is wanted; a floor or a policy of ours that is no longer wanted goes. */
export function planScaling({ name, scaling }: Wanted, existing: Existing): Plan {
  if (!scaling) return { steps: [], kept: [] }
  const { target, policies, actions, alarms } = scaling
  const { ServiceNamespace, ResourceId, ScalableDimension } = target
  const at = { ServiceNamespace, ResourceId, ScalableDimension }
  const isGone = (one: string | undefined, wanted: readonly (string | undefined)[]) => !wanted.includes(one)
  const floors = actions.map(({ ScheduledActionName }) => ScheduledActionName)
  const steps: Step[] = []
  for (const { ScheduledActionName } of existing.actions)
    if (isFloorOf(name, ScheduledActionName!) && isGone(ScheduledActionName, floors))
      steps.push(
        step('-', `floor ${ScheduledActionName}`, 'application-autoscaling:DeleteScheduledAction', {
          ...at,
          ScheduledActionName,
        }),
      )
  const kept = policies.map(({ PolicyName }) => PolicyName)
  for (const { PolicyName } of existing.policies)
    if (PolicyName === wakePolicyOf(name) && isGone(PolicyName, kept))
      steps.push(
        step('-', `scaling policy ${PolicyName}`, 'application-autoscaling:DeleteScalingPolicy', {
          ...at,
          PolicyName,
        }),
      )
  return join(
    put(
      'autoscaling',
      ResourceId!,
      existing.targets,
      'application-autoscaling:RegisterScalableTarget',
      target,
    ),
    ...policies.map((one) =>
      put(
        'scaling policy',
        one.PolicyName!,
        existing.policies,
        'application-autoscaling:PutScalingPolicy',
        one,
      ),
    ),
    ...actions.map((one) =>
      put(
        'floor',
        one.ScheduledActionName!,
        existing.actions,
        'application-autoscaling:PutScheduledAction',
        one,
      ),
    ),
    ...alarms.map((one) => put('alarm', one.AlarmName!, existing.alarms, 'cloudwatch:PutMetricAlarm', one)),
    { steps, kept: [] },
  )
}

/**
 * Ends autoscaling that is no longer wanted, before the endpoint changes: AWS keeps the instances as they are. One that
 * somebody else set up stays, unless it scales what an endpoint of the wanted kind does not have.
 */
export function planScalingRemoval({ name, scaling }: Wanted, existing: Existing): Plan {
  const isOurs = existing.policies.some(({ PolicyName }) => PolicyName === loadPolicyOf(name))
  const isKept = ({ ScalableDimension }: (typeof existing.targets)[number]) =>
    scaling ? ScalableDimension === scaling.target.ScalableDimension : !isOurs
  return {
    steps: existing.targets.filter((target) => !isKept(target)).map(deregistration),
    kept: scaling
      ? []
      : existing.targets.filter(isKept).map(({ ResourceId }) => `autoscaling of ${ResourceId}`),
  }
}

export const deregistration = ({
  ResourceId,
  ScalableDimension,
}: Pick<Existing['targets'][number], 'ResourceId' | 'ScalableDimension'>): Step =>
  step('-', `autoscaling of ${ResourceId}`, 'application-autoscaling:DeregisterScalableTarget', {
    ServiceNamespace: 'sagemaker',
    ResourceId,
    ScalableDimension,
  })
