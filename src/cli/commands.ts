import { reasonOf } from '../errors.ts'
import { PRODUCT } from '../version.ts'
import type { Command, Io } from './command.ts'

/** Commands by name, loaded when asked for: `serve` must not wait for what only `train` needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  train: async () => (await import('./train.ts')).trainCommand,
  features: async () => (await import('./features.ts')).featuresCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  aws: async () => (await import('./aws/aws.ts')).awsCommand,
  score: async () => (await import('./score.ts')).scoreCommand,
  tradeoff: async () => (await import('./tradeoff.ts')).tradeoffCommand,
  types: async () => (await import('./types.ts')).typesCommand,
}

/** EX_USAGE of sysexits.h. */
const USAGE_ERROR = 64

/** Runs `ranker ARGV`. @returns the exit code. */
export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--version') {
    io.stdout.write(`${PRODUCT.name} ${PRODUCT.version}\n`)
    return 0
  }
  const load = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!load) {
    const isHelp = name === '--help' || name === '-h' || name === 'help'
    const out = isHelp ? io.stdout : io.stderr
    if (!isHelp && name !== undefined) out.write(`unknown command ${JSON.stringify(name)}\n\n`)
    out.write(await usage())
    return isHelp ? 0 : USAGE_ERROR
  }
  const command = await load()
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(typeof command.help === 'string' ? command.help : await command.help(rest))
    return 0
  }
  try {
    return await command.run(rest, io)
  } catch (thrown) {
    io.stderr.write(`error: ${reasonOf(thrown)}\n`)
    return 1
  }
}

async function usage(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`)
  return `Usage: ranker COMMAND [flags]

Learning to rank on SageMaker: train an XGBoost ranker, serve it as ONNX.

${lines.join('\n')}

ranker COMMAND --help tells more of each.
`
}
