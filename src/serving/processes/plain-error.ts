import { type ErrorCode, RankerError, reasonOf } from '../../errors.ts'

/** An error as plain data. Values are left out: they may be whatever a hook threw, which need not be data. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Of a {@link RankerError}. */
  readonly code?: ErrorCode
  readonly status?: number
  readonly cause?: PlainError | undefined
}

/** Causes of causes are kept so deep. */
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

/** The error again, with the stack of where it was thrown. */
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
