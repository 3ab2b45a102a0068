import { fromPlainError, type PlainError, toPlainError } from './plain-error.ts'

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly value: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PlainError }

type Handler = (value: never) => unknown

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Stands for "no answer is wanted". */
const TOLD = 0

/**
 * Calls between two processes, over a channel that carries plain data both ways and in order. What a handler returns
 * is the call's result, and what it throws is thrown there.
 */
export class Calls {
  readonly #post: (message: object) => void
  readonly #handlers: ReadonlyMap<string, Handler>
  readonly #waiting = new Map<number, Waiting>()
  #last = TOLD
  #gone: Error | undefined

  /**
   * @param post sends a message to the other side, whose `receive` gets it
   * @param handlers by the names that the other side calls
   */
  constructor(post: (message: object) => void, handlers: Readonly<Record<string, Handler>> = {}) {
    this.#post = post
    this.#handlers = new Map(Object.entries(handlers))
  }

  /** Takes a message of the other side; a message of another kind is ignored. */
  receive(message: unknown): void {
    const { kind } = (message ?? {}) as Partial<Message>
    if (kind === 'call') void this.#handle(message as Message & { kind: 'call' })
    if (kind !== 'result' && kind !== 'failure') return
    const answer = message as Message & { kind: 'result' | 'failure' }
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.kind === 'result') waiting?.resolve(answer.value)
    else waiting?.reject(fromPlainError(answer.error))
  }

  /** @throws what the other side's handler threw, or what {@link fail} was given. */
  call<T>(name: string, value?: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#gone) return reject(this.#gone)
      const id = ++this.#last
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      try {
        this.#post({ kind: 'call', id, name, value } satisfies Message)
      } catch (thrown) {
        // The value is not plain data.
        this.#waiting.delete(id)
        reject(thrown)
      }
    })
  }

  /** Calls without waiting for a result. */
  tell(name: string, value?: unknown): void {
    this.#post({ kind: 'call', id: TOLD, name, value } satisfies Message)
  }

  /** The other side is gone: every waiting call fails, and so does every later one. */
  fail(error: Error): void {
    this.#gone = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async #handle({ id, name, value }: Message & { kind: 'call' }): Promise<void> {
    try {
      const handler = this.#handlers.get(name)
      if (!handler) throw new Error(`nothing answers ${name}`)
      const result = await handler(value as never)
      if (id !== TOLD) this.#post({ kind: 'result', id, value: result } satisfies Message)
    } catch (thrown) {
      if (id !== TOLD) this.#post({ kind: 'failure', id, error: toPlainError(thrown) } satisfies Message)
    }
  }
}
