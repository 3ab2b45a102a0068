import { type ErrorCode, RankerError, reasonOf } from '../../errors.ts'

/** An error as plain data. Its values are left out: a hook may have thrown values that cannot be sent. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** The code of a {@link RankerError}. */
  readonly code?: ErrorCode
  readonly status?: number
  readonly cause?: PlainError | undefined
}

/** How many levels of causes are kept. */
const MOST_CAUSES = 4

/** Anything thrown, as data that any channel carries. */
export function toPlainError(thrown: unknown, depth = 0): PlainError {
  const { name, stack, cause } = thrown instanceof Error ? thrown : new Error()
  return {
    name,
    message: thrown instanceof RankerError ? thrown.message : reasonOf(thrown),
    stack: thrown instanceof Error ? stack : undefined,
    ...(thrown instanceof RankerError && { code: thrown.code, status: thrown.status }),
    ...(cause !== undefined && depth < MOST_CAUSES && { cause: toPlainError(cause, depth + 1) }),
  }
}

/** The error restored, with the stack from where it was thrown. */
export function fromPlainError(plain: PlainError): Error {
  const options = plain.cause && { cause: fromPlainError(plain.cause) }
  const error =
    plain.code === undefined
      ? Object.assign(new Error(plain.message, options), { name: plain.name })
      : new RankerError(plain.code, {} as never, {
          ...options,
          sentence: plain.message,
          ...(plain.status !== undefined && { status: plain.status }),
        })
  if (plain.stack !== undefined) error.stack = plain.stack
  return error
}
