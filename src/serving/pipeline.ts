import { RankerError } from '../errors.ts'
import { acceptsAnything, negotiate } from './accept.ts'
import { type Pieces, wholeOf } from './bodies.ts'
import type { HookContext } from './hook-types.ts'
import type { HookName, Hooks } from './hooks.ts'
import { inputFn } from './input-fn.ts'
import { parseMediaType } from './media-type.ts'
import type { Model, ModelInfo } from './model.ts'
import { ANSWER_TYPES, answerTypesFor, outputFn, toJson } from './output-fn.ts'
import { predict, predictFn } from './predict-fn.ts'
import { type Profile, profileOf } from './profile.ts'

/** A request to a model. Plain data, so that it can also be sent to another thread. */
export interface Invocation {
  readonly body: Pieces
  /** The Content-Type header, empty when there was none. */
  readonly contentType: string
  readonly accept: string | undefined
  readonly requestId: string
  readonly customAttributes: string | undefined
}

/** The answer to a request. Plain data as well. */
export interface Answer {
  readonly body: Buffer
  readonly contentType: string
  readonly trace: Trace
  /** Counts over the rows and scores, if the defaults read and scored them. */
  readonly profile?: Profile | undefined
}

/** For the log: how much there was to do, and how long each step took. */
export interface Trace {
  readonly rows?: number
  /** Columns of the request that the model does not know. */
  readonly ignoredColumns?: number
  /** How long it waited for its turn. */
  readonly queueMs?: number
  readonly parseMs?: number
  readonly scoreMs?: number
  readonly encodeMs?: number
}

/** Everything between a request's bytes and its answer's: the defaults, and the hooks that replace some of them. */
export interface Pipeline {
  /** Undefined if a hook serves a model of its own. */
  readonly model: ModelInfo | undefined
  /** Why it cannot answer at the moment, if it cannot. */
  readonly failure?: RankerError | undefined
  /** @throws {RankerError} the error to answer with. */
  invoke(invocation: Invocation): Promise<Answer>
  close(): Promise<void>
}

export interface PipelineParts {
  /** The default model, proven. */
  readonly defaultModel: Model | undefined
  /** What predictFn and transformFn get as the model: a modelFn's own, else the default. */
  readonly model: unknown
  readonly hooks: Hooks
  readonly context: HookContext
  /** SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT. */
  readonly defaultAccept: string | undefined
}

/** Runs hooks and defaults on this thread. */
export class LocalPipeline implements Pipeline {
  readonly model: ModelInfo | undefined
  readonly #parts: PipelineParts

  constructor(parts: PipelineParts) {
    this.model = parts.defaultModel
    this.#parts = parts
  }

  async invoke(invocation: Invocation): Promise<Answer> {
    const { hooks, model } = this.#parts
    const { contentType, requestId, customAttributes } = invocation
    const body = wholeOf(invocation.body)
    const context: HookContext = { ...this.#parts.context, requestId, customAttributes }
    const accept = this.#chooseAccept(invocation)
    const started = performance.now()
    if (hooks.transformFn) {
      const returned = await hooks.transformFn(model, body, contentType, accept, context)
      const trace = { scoreMs: milliseconds(started, performance.now()) }
      return { ...toAnswer('transformFn', returned, accept), trace }
    }
    // Hooks get plain numbers; the default outputFn can write the scorer's own array faster.
    const steps = {
      inputFn,
      predictFn: hooks.outputFn ? predictFn : predict,
      outputFn,
      ...hooks,
    } as Required<Hooks>
    const data = await steps.inputFn(body, contentType, context)
    const parsed = performance.now()
    const prediction = await steps.predictFn(data, model, context)
    const scored = performance.now()
    const answer = toAnswer('outputFn', await steps.outputFn(prediction, accept, context), accept)
    const trace = {
      ...(hooks.inputFn === undefined && { rows: data.count, ignoredColumns: data.ignored.length }),
      parseMs: milliseconds(started, parsed),
      scoreMs: milliseconds(parsed, scored),
      encodeMs: milliseconds(scored, performance.now()),
    }
    const profile = hooks.inputFn || hooks.predictFn ? undefined : profileOf(data, prediction)
    return { ...answer, trace, profile }
  }

  async close(): Promise<void> {
    await this.#parts.defaultModel?.scorer.close()
  }

  /** The media type to answer in, or the whole header where only a hook can know what to make of it. */
  #chooseAccept({ accept, contentType }: Invocation): string {
    const { defaultAccept, hooks } = this.#parts
    const types = answerTypesFor(parseMediaType(contentType)?.essence ?? '')
    const isOpen = acceptsAnything(accept)
    const header = isOpen ? (defaultAccept ?? types[0]!) : accept!
    const chosen = negotiate(header, types)
    if (chosen !== undefined) return chosen
    if (hooks.outputFn || hooks.transformFn) return header
    // The configured default applies to requests that can be answered in it.
    if (isOpen && negotiate(header, ANSWER_TYPES) !== undefined) return types[0]!
    throw new RankerError('NOT_ACCEPTABLE', { seen: header, known: types })
  }
}

/** A duration for the log, in milliseconds with three digits. */
export function milliseconds(from: number, to: number): number {
  return Math.round((to - from) * 1000) / 1000
}

/** Makes an answer of what an outputFn or transformFn returned: text, bytes, a JSON value, or [body, contentType]. */
function toAnswer(hook: HookName, returned: unknown, accept: string): Pick<Answer, 'body' | 'contentType'> {
  const [value, named] = isPair(returned) ? returned : [returned, undefined]
  if (typeof value === 'string') {
    return { body: Buffer.from(value), contentType: named ?? concrete(accept) ?? 'text/plain; charset=utf-8' }
  }
  if (value instanceof Uint8Array) {
    const body = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return { body, contentType: named ?? concrete(accept) ?? 'application/octet-stream' }
  }
  const text = toJson(value)
  if (text !== undefined) return { body: Buffer.from(text), contentType: named ?? 'application/json' }
  throw new RankerError('HOOK_RETURNED', {
    hook,
    seen: value === undefined ? 'nothing' : `a ${typeof value} that is no JSON`,
    wanted: 'text, a Buffer, a JSON value or [body, contentType]',
  })
}

function isPair(returned: unknown): returned is [unknown, string] {
  return (
    Array.isArray(returned) &&
    returned.length === 2 &&
    typeof returned[1] === 'string' &&
    /^[\x20-\x7e]+$/.test(returned[1]) &&
    parseMediaType(returned[1]) !== undefined
  )
}

/** The accept value where it names one media type. */
function concrete(accept: string): string | undefined {
  const mediaType = parseMediaType(accept)
  return mediaType && !mediaType.essence.includes('*') && !accept.includes(',')
    ? mediaType.essence
    : undefined
}
