import { RankerError, reasonOf } from '../../errors.ts'
import type { Api } from '../api.ts'
import { applyPlan, type Tools } from '../apply.ts'
import { PROVEN_TAG } from '../names.ts'
import { join, type Plan } from '../plan.ts'
import { planDeploy } from './deploy.ts'
import { lookForEndpoint } from './existing.ts'
import type { Answer } from './invoke.ts'
import { note } from './move.ts'
import { existingEndpoint } from './state.ts'
import type { Wanted } from './wanted.ts'
import { planWayBack } from './way-back.ts'

export interface Deployment {
  readonly plan: Plan
  /** One of each variant that answers. */
  readonly answers: readonly Answer[]
}

/**
 * Brings an endpoint to what is wanted: looks, plans, shows the plan, applies it, waits, sends the smoke query. If
 * one of these fails after something was changed, the endpoint goes back to what it was.
 * @param shown is given every plan before it is applied
 * @param smoke queries the endpoint, and throws unless the answer is right
 * @throws {RankerError} what went wrong, with what became of the endpoint in its sentence
 */
export async function deploy(
  wanted: Wanted,
  tools: Tools,
  shown: (plan: Plan) => void,
  options: { readonly force: boolean },
  smoke: () => Promise<readonly Answer[]>,
): Promise<Deployment> {
  const before = await lookForEndpoint(wanted, tools)
  const plan = planDeploy(wanted, before, options)
  shown(plan)
  try {
    await applyPlan(plan, tools)
    const answers = await smoke()
    const proven = answers.length > 0 ? await planProof(wanted, tools.api) : NO_STEPS
    await applyPlan(proven, tools)
    return { plan: join(plan, proven), answers }
  } catch (thrown) {
    // Whoever interrupts the wait wants the deployment to go on, and a call that AWS refused has changed nothing that
    // serves.
    if (!(thrown instanceof RankerError) || !BROKEN.includes(thrown.code)) throw thrown
    const { plan: back, outcome } = await planWayBack(wanted, before, tools.api)
    if (back.steps.length > 0) {
      tools.told(`${reasonOf(thrown)}; going back`)
      shown(back)
      await applyPlan(back, tools)
    }
    throw new RankerError('DEPLOYMENT_FAILED', { reason: reasonOf(thrown), outcome }, { cause: thrown })
  }
}

const NO_STEPS: Plan = { steps: [], kept: [] }

/**
 * Notes on the endpoint that it answers with its present configuration, so that a later failed smoke query does not
 * undo it.
 */
async function planProof({ name }: Wanted, api: Api): Promise<Plan> {
  const endpoint = await existingEndpoint(api, name)
  const { config, proven } = endpoint
  if (config === proven) return NO_STEPS
  return { steps: [note(endpoint, PROVEN_TAG, config, 'that it answers')], kept: [] }
}

/** Errors that mean the endpoint itself is broken. */
const BROKEN: readonly string[] = ['ENDPOINT_FAILED', 'SMOKE_FAILED']
