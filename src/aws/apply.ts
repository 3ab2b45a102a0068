import { setTimeout as sleep } from 'node:timers/promises'
import { RankerError } from '../errors.ts'
import { S3, s3Settings } from '../storage/s3.ts'
import type { Api, CallName, Calls } from './api.ts'
import { waitForEndpoint } from './endpoint/state.ts'
import { isFailure } from './failures.ts'
import type { CallStep, Plan, Step } from './plan.ts'
import type { Waiting } from './wait.ts'

/** What a plan is carried out with. */
export interface Tools extends Waiting {
  readonly api: Api
  readonly s3: S3
}

/** Opens S3 as the settings have it; `close()` ends its connections. */
export const openS3 = (env: Readonly<Record<string, string | undefined>>, region: string): Promise<S3> =>
  S3.open({ ...s3Settings(env), region })

/** A new role takes some seconds to be known everywhere: how often its use is retried. */
const ROLE_TRIES = 12
/** The pause between those tries, as a share of the usual polling interval. */
const ROLE_PAUSE = 0.5

/**
 * Carries out the steps of a plan in order. Each step can be repeated: creating what already exists and removing what
 * is already gone both succeed.
 * @throws {RankerError} AWS_FAILED, S3_FAILED, ENDPOINT_FAILED, WAIT_STOPPED, PLAN_STOPPED
 */
export async function applyPlan({ steps }: Plan, tools: Tools): Promise<void> {
  const arns = new Map<string, string>()
  const madeRole = steps.some((one) => one.kind === 'call' && one.call === 'iam:CreateRole')
  for (const one of steps) {
    if (tools.stop.aborted) throw new RankerError('PLAN_STOPPED', { what: one.what })
    if (one.kind === 'wait') await waitForEndpoint(one.endpoint, one.until, tools)
    else if (one.kind === 'upload') {
      tools.told(`${one.mark} ${one.what}`)
      await tools.s3.put(one.from, one.to, one.kmsKey)
    } else {
      tools.told(`${one.mark} ${one.what}`)
      await applyCall(withArns(one, arns), tools, madeRole ? ROLE_TRIES : 1, arns)
    }
  }
}

async function applyCall(
  one: CallStep,
  tools: Tools,
  tries: number,
  arns: Map<string, string>,
): Promise<void> {
  for (let left = tries; ; left--) {
    try {
      const answer = await tools.api.call(one.call, one.request)
      if (one.call === 'application-autoscaling:PutScalingPolicy') {
        const { PolicyARN } = answer as Calls['application-autoscaling:PutScalingPolicy'][1]
        const { PolicyName } = one.request as Calls['application-autoscaling:PutScalingPolicy'][0]
        arns.set(PolicyName!, PolicyARN!)
      }
      return
    } catch (thrown) {
      if (one.mark === '+' && isFailure(thrown, 'exists')) return
      if (one.mark === '-' && isFailure(thrown, 'absent')) return
      if (left <= 1 || tools.stop.aborted || !isFailure(thrown, 'role')) throw thrown
      await sleep(tools.every * ROLE_PAUSE, undefined, { signal: tools.stop }).catch(() => {})
    }
  }
}

/** Replaces placeholders in a request by the ARNs that earlier answers gave. */
function withArns<S extends Step>(one: S & CallStep, arns: ReadonlyMap<string, string>): CallStep {
  if (arns.size === 0) return one
  const request = JSON.parse(JSON.stringify(one.request), (_, value: unknown) => {
    const [, policy] =
      typeof value === 'string' ? (/^\{the ARN of the scaling policy (.+)\}$/.exec(value) ?? []) : []
    return policy === undefined ? value : (arns.get(policy) ?? value)
  }) as Calls[CallName][0]
  return { ...one, request } as CallStep
}
