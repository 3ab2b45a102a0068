import type { Api } from '../api.ts'
import { PREVIOUS_TAG } from '../names.ts'
import { type Plan, type Step, step } from '../plan.ts'
import type { Existing } from './existing.ts'
import { note, RETAIN } from './move.ts'
import { planRemoval } from './remove.ts'
import { deregistration } from './scaling-plan.ts'
import { describeEndpoint, type EndpointState } from './state.ts'
import type { Wanted } from './wanted.ts'

/** What to do after a failed deployment, and what state that leaves the endpoint in. */
export interface WayBack {
  readonly plan: Plan
  readonly outcome: string
}

/**
 * The way back from a failed deployment: to the endpoint's previous configuration, or, if it had none, to the removal
 * of all that this run made. An endpoint that this run has not changed is left alone.
 */
export async function planWayBack(wanted: Wanted, before: Existing, api: Api): Promise<WayBack> {
  const { name, endpointConfig, scaling } = wanted
  const made = endpointConfig.EndpointConfigName!
  const now = await describeEndpoint(api, name)
  const was = before.endpoint
  if (!was || was.status === 'Failed')
    return { plan: planUnmake(wanted, before, now), outcome: 'what was made of it is removed' }
  if (!now || now.config !== made) return stays(now ? `it serves ${now.config} as before` : 'it is gone')
  const isNew = was.config !== made
  if (!isNew && was.proven === made) return stays('this run did not change what it serves, so it stays')
  const target = isNew ? was.config : was.previous
  if (target === undefined || target === made) return stays('nothing was there to go back to')
  const steps: Step[] = [
    ...(scaling && before.targets.length === 0 ? [deregistration(scaling.target)] : []),
    step('~', `endpoint ${name}: back to ${target}`, 'sagemaker:UpdateEndpoint', {
      EndpointName: name,
      EndpointConfigName: target,
      ...(before.targets.length > 0 && RETAIN),
    }),
    { kind: 'wait', what: 'until it is in service', endpoint: name, until: { config: target } },
    ...(isNew && was.previous !== undefined && was.previous !== target
      ? [note(was, PREVIOUS_TAG, was.previous, 'what it had before')]
      : []),
  ]
  return { plan: { steps, kept: [] }, outcome: 'it was taken back' }
}

const stays = (outcome: string): WayBack => ({ plan: { steps: [], kept: [] }, outcome })

/** Removes what was not there before. */
function planUnmake(wanted: Wanted, before: Existing, now: EndpointState | undefined): Plan {
  const { name, scaling, models, endpointConfig, alarms, dashboard } = wanted
  const isNew = (made: string) => !before.names.has(made)
  return planRemoval(name, {
    endpoint: now !== undefined,
    targets: scaling && before.targets.length === 0 ? [scaling.target] : [],
    alarms: [...alarms, ...(scaling?.alarms ?? [])]
      .map(({ AlarmName }) => AlarmName!)
      .filter((made) => !before.alarms.some(({ AlarmName }) => AlarmName === made)),
    dashboard: dashboard !== undefined && before.dashboard === undefined,
    configs: [endpointConfig.EndpointConfigName!].filter(isNew),
    models: models.map(({ ModelName }) => ModelName!).filter(isNew),
    kept: [],
  })
}
