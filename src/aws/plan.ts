import { encryptionOf } from '../storage/s3.ts'
import type { S3Address } from '../storage/s3-address.ts'
import type { CallName, Calls } from './api.ts'
import { covers } from './template.ts'

/** What a step does to AWS: makes, changes or removes something. */
export type Mark = '+' | '~' | '-'

/** One call of AWS with its exact request. */
export interface CallStep<N extends CallName = CallName> {
  readonly kind: 'call'
  readonly mark: Mark
  /** Such as `model ranker-0a1b2c3d4e`. */
  readonly what: string
  readonly call: N
  readonly request: Calls[N][0]
}

/** A local file that becomes an object. */
export interface UploadStep {
  readonly kind: 'upload'
  readonly mark: '+'
  readonly what: string
  readonly from: string
  /** What the user named, of which `from` may be a packed copy. @default from */
  readonly named?: string
  readonly to: S3Address
  /** A key of KMS that S3 encrypts it with. @default S3's own */
  readonly kmsKey?: string | undefined
}

/** Something that takes AWS minutes, and must be over before the next step. */
interface WaitStep {
  readonly kind: 'wait'
  readonly what: string
  readonly endpoint: string
  /** The configuration that it is in service with, or that it is gone. */
  readonly until: { readonly config: string } | 'gone'
}

export type Step = CallStep | UploadStep | WaitStep

/** What a command is going to do, as data: made without touching AWS, shown before it is applied. */
export interface Plan {
  readonly steps: readonly Step[]
  /** What already is as wanted, or is left alone. */
  readonly kept: readonly string[]
}

export const step = <N extends CallName>(mark: Mark, what: string, call: N, request: Calls[N][0]): CallStep =>
  ({ kind: 'call', mark, what, call, request }) as unknown as CallStep

export const join = (...plans: readonly Plan[]): Plan => ({
  steps: plans.flatMap(({ steps }) => steps),
  kept: plans.flatMap(({ kept }) => kept),
})

/** Makes something unless it exists. */
export function make<N extends CallName>(what: string, there: boolean, call: N, request: Calls[N][0]): Plan {
  return there ? { steps: [], kept: [what] } : { steps: [step('+', what, call, request)], kept: [] }
}

type PutCall =
  | 'cloudwatch:PutMetricAlarm'
  | 'application-autoscaling:RegisterScalableTarget'
  | 'application-autoscaling:PutScalingPolicy'
  | 'application-autoscaling:PutScheduledAction'

/** Members that tell two things of a kind apart. */
const IDENTITY = [
  'AlarmName',
  'PolicyName',
  'ScheduledActionName',
  'ScalableDimension',
  'ResourceId',
] as const

/** Makes something unless it exists, and changes it if it differs. @param there everything of its kind that exists */
export function put<N extends PutCall>(
  kind: string,
  name: string,
  there: readonly object[],
  call: N,
  request: Calls[N][0],
): Plan {
  const what = `${kind} ${name}`
  const { Tags: _, ...wanted } = request as object as { Tags?: unknown } & Record<string, unknown>
  const key = IDENTITY.find((one) => wanted[one] !== undefined)!
  const same = there.find((one) => (one as Record<string, unknown>)[key] === wanted[key])
  // The ARN of a policy is known only once it is made, so its placeholder is not compared.
  const { AlarmActions: actions, ...rest } = wanted
  const isKnown = !JSON.stringify(actions ?? '').includes('{the ARN')
  if (same && covers(same, isKnown ? wanted : rest)) return { steps: [], kept: [what] }
  return { steps: [step(same ? '~' : '+', what, call, request)], kept: [] }
}

/** The plan for people: one line a step. */
export function formatPlan({ steps, kept }: Plan): string {
  const lines = [
    ...kept.map((what) => `  = ${what}`),
    ...steps.map((one) => (one.kind === 'wait' ? `  … ${one.what}` : `  ${one.mark} ${one.what}`)),
  ]
  const changes = steps.some(({ kind }) => kind !== 'wait')
  return `${lines.join('\n')}\n${changes ? '' : '  nothing to change\n'}`
}

/** A call as `--dry-run` and `--json` print it. */
export interface PrintedCall {
  readonly service: string
  readonly operation: string
  readonly request: object
}

export function printedCalls({ steps }: Plan): PrintedCall[] {
  return steps.flatMap((one): PrintedCall[] => {
    if (one.kind === 'wait') return []
    if (one.kind === 'call') {
      const [service, operation] = one.call.split(':') as [string, string]
      return [{ service, operation, request: one.request }]
    }
    const { bucket: Bucket, key: Key } = one.to
    const request = { Bucket, Key, Body: one.named ?? one.from, ...encryptionOf(one.kmsKey) }
    return [{ service: 's3', operation: 'PutObject', request }]
  })
}
