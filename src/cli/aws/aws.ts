import { closestMatch } from 'leven'
import { RankerError } from '../../errors.ts'
import type { Command, Io } from '../command.ts'
import type { AwsCommand } from './aws-command.ts'

/** Commands by name with their line in the list; the rest of a command is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<AwsCommand> }>> = {
  push: { summary: 'build the image and push it to ECR', load: async () => (await import('./push.ts')).push },
  train: {
    summary: 'run a training job and follow it',
    load: async () => (await import('./train.ts')).train,
  },
  tune: { summary: 'search hyperparameters', load: async () => (await import('./tune.ts')).tune },
  package: {
    summary: 'pack an artefact as model.tar.gz, with hooks',
    load: async () => (await import('./package.ts')).packageModel,
  },
  deploy: {
    summary: 'make or change an endpoint, and ask it something',
    load: async () => (await import('./deploy.ts')).deployEndpoint,
  },
  invoke: { summary: 'send a query to an endpoint', load: async () => (await import('./invoke.ts')).invoke },
  status: { summary: 'what an endpoint is and does', load: async () => (await import('./status.ts')).status },
  shift: { summary: 'move traffic between variants', load: async () => (await import('./shift.ts')).shift },
  promote: {
    summary: 'B or the shadow variant becomes A',
    load: async () => (await import('./promote.ts')).promote,
  },
  rollback: {
    summary: 'back to the configuration before',
    load: async () => (await import('./rollback.ts')).rollback,
  },
  batch: {
    summary: 'score files with a transform job',
    load: async () => (await import('./batch.ts')).batch,
  },
  logs: { summary: 'log lines of an endpoint or a job', load: async () => (await import('./logs.ts')).logs },
  metrics: {
    summary: 'requests, errors and latency of an endpoint',
    load: async () => (await import('./metrics.ts')).metrics,
  },
  cost: {
    summary: 'what serving and training cost, side by side',
    load: async () => (await import('./cost.ts')).cost,
  },
  delete: {
    summary: 'remove an endpoint and all that was made for it',
    load: async () => (await import('./delete.ts')).deleteEndpoint,
  },
}

export const AWS_COMMANDS = Object.keys(COMMANDS)

/** @throws {RankerError} BAD_ARGUMENTS with the nearest known one. */
export async function loadAwsCommand(name: string | undefined): Promise<AwsCommand> {
  const known = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (known) return known.load()
  const nearest = name === undefined ? undefined : closestMatch(name, AWS_COMMANDS, { maxDistance: 3 })
  throw new RankerError('BAD_ARGUMENTS', {
    reason: `ranker aws ${name === undefined ? 'needs a command' : `has no command ${JSON.stringify(name)}`}${nearest ? `; did you mean ${nearest}?` : ''} (ranker aws --help lists them)`,
  })
}

export const awsCommand: Command = {
  name: 'aws',
  summary: 'train, deploy, change, watch and remove on AWS, one command each',
  help: async ([name]) => {
    if (name === undefined || name.startsWith('-')) return overview()
    const { awsHelp } = await import('./help.ts')
    return awsHelp(await loadAwsCommand(name))
  },
  async run([name, ...argv]: readonly string[], io: Io): Promise<number> {
    const command = await loadAwsCommand(name)
    const { runAwsCommand } = await import('./aws-command.ts')
    return runAwsCommand(command, argv, io)
  },
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  return `Usage: ranker aws COMMAND [flags]

From an artefact to an endpoint on SageMaker, and back. Every command shows its plan before it changes anything; run
again, it does what is left to do. With --dry-run it prints the exact requests and calls nothing.

${lines.join('\n')}

Settings come from flags, else RANKER_AWS_* variables, else ranker.config.json or ranker.config.yaml in the current
folder. ranker aws COMMAND --help lists them.
`
}
