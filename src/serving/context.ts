import { AsyncLocalStorage } from 'node:async_hooks'
import type { HookContext } from './hook-types.ts'

const current = new AsyncLocalStorage<HookContext>()

/** Runs a user's hook so that a default which it calls without a context still finds its own. */
export function runInContext<T>(context: HookContext, run: () => T): T {
  return current.run(context, run)
}

/** The context of the hook that is running, if one is. */
export function currentContext(): HookContext | undefined {
  return current.getStore()
}
