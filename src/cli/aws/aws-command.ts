import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { type Api, openApi, regionOfProfile } from '../../aws/api.ts'
import { applyPlan, openS3, type Tools } from '../../aws/apply.ts'
import { readConfig } from '../../aws/config.ts'
import { formatPlan, type Plan, printedCalls } from '../../aws/plan.ts'
import { type Config, type Group, leavesOf } from '../../aws/schema.ts'
import { needed, openScope, type Scope, UNKNOWN_ACCOUNT } from '../../aws/scope.ts'
import { RankerError } from '../../errors.ts'
import { makeTemporaryFolder } from '../../storage/files.ts'
import type { Io } from '../command.ts'
import { type FlagSpec, type Flags, readFlags } from '../flags.ts'

/** A command of `ranker aws`. */
export interface AwsCommand {
  readonly name: string
  /** What stands after `Usage: ranker aws NAME`. */
  readonly usage: string
  /** What the help says of it, in some lines. */
  readonly about: string
  /** The groups of settings that it takes as flags. */
  readonly groups: readonly Group[]
  /** Its other flags, with a line each. */
  readonly flags?: Readonly<Record<string, { readonly value?: string; readonly does: string }>>
  /** Flags that its help does not list one by one, because there are too many. */
  readonly moreFlags?: FlagSpec
  readonly examples: readonly string[]
  run(context: Context): Promise<number>
}

/** What a command works with. */
export interface Context {
  readonly io: Io
  readonly flags: Flags
  readonly config: Config
  readonly isDryRun: boolean
  readonly isJson: boolean
  /** A temporary folder, removed afterwards. */
  readonly folder: string
  /** Where everything is made; asks AWS for the account, except in a dry run. */
  scope(): Promise<Scope>
  /** AWS. @throws in a dry run, which calls nothing */
  tools(): Promise<Tools>
  /** Tells what happens, on stderr. */
  told(line: string): void
  /** Shows a plan, on stderr. */
  shown(plan: Plan): void
  /** Shows a plan and carries it out; in a dry run prints its requests instead. */
  apply(plan: Plan, options?: { readonly isShown: boolean }): Promise<void>
  /** Prints the requests of a plan as JSON, on stdout. */
  printCalls(plan: Plan): number
  /** Prints a result: JSON with --json, else its text. */
  print(result: object, text: string): void
  /** @throws {RankerError} NOT_CONFIRMED without --yes or a y at the terminal. */
  confirm(what: string): Promise<void>
}

export const COMMON_FLAGS = {
  config: { value: 'FILE', does: 'settings (default ranker.config.json or .yaml here, where there is one)' },
  'dry-run': { does: 'print the exact requests as JSON and call nothing' },
  json: { does: 'print the result as JSON' },
  'poll-seconds': { value: 'N', does: 'seconds between two looks while waiting (default 10)' },
  help: { does: 'this text' },
} as const

/** The flag of commands that change an endpoint. */
export const FORCE_FLAG = { force: { does: 'change also an endpoint that was not made here' } } as const

function flagSpecOf({ groups, flags = {}, moreFlags = {} }: AwsCommand): FlagSpec {
  const own = Object.entries({ ...COMMON_FLAGS, ...flags }).map(([name, flag]) => [name, 'value' in flag])
  return {
    ...moreFlags,
    ...Object.fromEntries(leavesOf(groups).map(({ flag }) => [flag, true])),
    ...Object.fromEntries(own),
  }
}

export async function runAwsCommand(command: AwsCommand, argv: readonly string[], io: Io): Promise<number> {
  const flags = readFlags(`aws ${command.name}`, argv, flagSpecOf(command))
  const { cwd, env } = io
  const { groups } = command
  const config = await readConfig({ file: flags.values.config, cwd, env, flags: flags.values, groups })
  const temporary = makeTemporaryFolder(tmpdir(), 'ranker-aws-')
  const opened: { api?: Api; tools?: Promise<Tools>; scope?: Promise<Scope> } = {}
  const isDryRun = flags.switches.has('dry-run')
  const told = (line: string) => io.stderr.write(`${line}\n`)
  const region = async () => needed(config.region ?? (await regionOfProfile()), 'region', SUCH_REGION)
  const context: Context = {
    io,
    flags,
    config,
    isDryRun,
    isJson: flags.switches.has('json'),
    folder: temporary.path,
    scope() {
      opened.scope ??= (async () => {
        const api = isDryRun ? undefined : (await context.tools()).api
        const scope = await openScope(config, await region(), api)
        if (scope.account === UNKNOWN_ACCOUNT)
          told(
            `the account is not known without asking AWS: ${UNKNOWN_ACCOUNT} stands for it (--account sets it)`,
          )
        return scope
      })()
      return opened.scope
    },
    tools() {
      if (isDryRun) throw new Error('a dry run calls nothing')
      opened.tools ??= (async () => {
        const known = await region()
        const api = openApi(known)
        opened.api = api
        const every = 1000 * secondsOf(flags.values['poll-seconds'] ?? '10')
        return { api, s3: await openS3(env, known), every, stop: io.stop, told, now: Date.now }
      })()
      return opened.tools
    },
    told,
    shown: (plan) => {
      io.stderr.write(`Plan\n${formatPlan(plan)}`)
    },
    async apply(plan, { isShown } = { isShown: false }) {
      if (!isShown) context.shown(plan)
      if (isDryRun) context.printCalls(plan)
      else await applyPlan(plan, await context.tools())
    },
    printCalls(plan) {
      io.stdout.write(`${JSON.stringify(printedCalls(plan), undefined, 2)}\n`)
      return 0
    },
    print(result, text) {
      io.stdout.write(context.isJson ? `${JSON.stringify(result, undefined, 2)}\n` : text)
    },
    async confirm(what) {
      if (flags.switches.has('yes')) return
      if (!(io.stdin as { isTTY?: boolean }).isTTY) throw new RankerError('NOT_CONFIRMED', { what })
      const answer = await ask(io, `${what}? [y/N] `)
      if (!/^y(es)?$/i.test(answer.trim())) throw new RankerError('NOT_CONFIRMED', { what })
    },
  }
  try {
    return await command.run(context)
  } finally {
    await opened.tools?.then(({ s3 }) => s3.close()).catch(() => {})
    opened.api?.close()
    temporary.close()
  }
}

/** A line from the terminal; empty when it is left by Ctrl-C. */
async function ask({ stdin, stderr, stop }: Io, question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: stdin, output: stderr })
  const left = once(terminal, 'close').then(() => '')
  terminal.once('SIGINT', () => terminal.close())
  // A question that is asked because of Ctrl-C is not itself ended by it.
  if (!stop.aborted) stop.addEventListener('abort', () => terminal.close(), { once: true })
  const answer = await Promise.race([terminal.question(question), left])
  terminal.close()
  return answer
}

const SUCH_REGION = 'such as us-east-1 (--region, AWS_REGION, or a profile that has one)'

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (text.trim() !== '' && seconds > 0 && seconds <= 3600) return seconds
  throw new RankerError('BAD_SETTING', { name: '--poll-seconds', seen: text, wanted: 'a number of seconds' })
}
