import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'
import { runInContext } from './context.ts'
import { importFile, prepareImports, withoutPaths } from './hook-imports.ts'
import type { HookContext } from './hook-types.ts'

const HOOK_NAMES = {
  modelFn: 'model_fn',
  inputFn: 'input_fn',
  predictFn: 'predict_fn',
  outputFn: 'output_fn',
  transformFn: 'transform_fn',
} as const

export type HookName = keyof typeof HOOK_NAMES

// biome-ignore lint/suspicious/noExplicitAny: users write them, and what they take and return is checked when called
type Hook = (...values: any[]) => any

/** What a model's code/ exports: each one replaces the default of the same name. The last value is the context. */
export type Hooks = Readonly<Partial<Record<HookName, Hook>>>

const CODE = 'code'
const ENTRY_FILES = ['inference.js', 'inference.mjs', 'inference.cjs', 'inference.ts']

/**
 * Imports the hooks of a model folder, if it has any.
 * @param program file in code/ (SAGEMAKER_PROGRAM) instead of `inference.{js,mjs,cjs,ts}`
 * @returns hooks that throw nothing but {@link RankerError}
 * @throws {RankerError} HOOK_INVALID when they cannot be imported or contradict each other.
 */
export async function loadHooks(modelDir: string, program?: string): Promise<Hooks> {
  const file = await hookFile(modelDir, program)
  if (file === undefined) return {}
  const folder = join(modelDir, CODE)
  prepareImports(folder)
  let exported: Record<string, unknown>
  try {
    const module = await importFile(join(folder, file))
    exported = { ...module.default, ...module }
  } catch (cause) {
    throw new RankerError('HOOK_INVALID', { file, reason: withoutPaths(reasonOf(cause)) }, { cause })
  }
  const hooks: Partial<Record<HookName, Hook>> = {}
  for (const [name, snakeCase] of Object.entries(HOOK_NAMES) as [HookName, string][]) {
    const hook = exported[name] ?? exported[snakeCase]
    if (hook === undefined) continue
    if (typeof hook !== 'function')
      throw new RankerError('HOOK_INVALID', { file, reason: `${name} is no function` })
    hooks[name] = guard(name, hook as Hook)
  }
  const beside = (['inputFn', 'predictFn', 'outputFn'] as const).find((name) => hooks[name])
  if (hooks.transformFn && beside) {
    throw new RankerError('HOOK_INVALID', {
      file,
      reason: `transformFn takes the place of ${beside}: wanted one of them`,
    })
  }
  return hooks
}

/**
 * The file in a model's code/ that exports its hooks; undefined when it has none.
 * @throws {RankerError} HOOK_INVALID when `program` names one that is not there.
 */
export async function hookFile(modelDir: string, program: string | undefined): Promise<string | undefined> {
  for (const file of program === undefined ? ENTRY_FILES : [program]) {
    const found = await stat(join(modelDir, CODE, file)).catch(() => undefined)
    if (found?.isFile() && !file.split('/').includes('..')) return file
  }
  if (program === undefined) return undefined
  throw new RankerError('HOOK_INVALID', {
    file: program,
    reason: 'SAGEMAKER_PROGRAM names it, and code/ has no such file',
  })
}

/**
 * What a hook throws becomes the answer: its own message, under its own `statusCode` of 400 to 599, else 500.
 * An error of a default that the hook called stays as it is.
 */
function guard(name: HookName, hook: Hook): Hook {
  return async (...values) => {
    try {
      return await runInContext(values.at(-1) as HookContext, () => hook(...values))
    } catch (cause) {
      if (cause instanceof RankerError) throw cause
      const status: unknown = (cause as { statusCode?: unknown } | null | undefined)?.statusCode
      const isStatus = Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
      throw new RankerError(
        'HOOK_FAILED',
        { hook: name, reason: withoutPaths(reasonOf(cause)) },
        { cause, ...(isStatus && { status: status as number }) },
      )
    }
  }
}
