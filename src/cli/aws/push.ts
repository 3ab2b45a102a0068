import { resolve } from 'node:path'
import { findContainerTool, imageCommands, runLocal } from '../../aws/container-tool.ts'
import { printedCalls } from '../../aws/plan.ts'
import { planRepository, registryPassword } from '../../aws/repository.ts'
import { registryOf } from '../../aws/scope.ts'
import { RankerError } from '../../errors.ts'
import type { AwsCommand, Context } from './aws-command.ts'

export const push: AwsCommand = {
  name: 'push',
  usage: '[--target sagemaker|lambda|server] [flags]',
  about: `
Makes the ECR repository where it is not there (encrypted, scanned at each push), logs into the registry, builds the image
with docker, podman or buildah, and pushes it. The password of the registry goes from AWS to the tool, nowhere else.`,
  groups: [],
  flags: {
    target: { value: 'NAME', does: 'stage of the Dockerfile (default sagemaker)' },
    dockerfile: { value: 'FILE', does: 'default Dockerfile; of another one the last stage is built' },
    'build-arg': { value: 'NAME=VALUE', does: 'an argument of the build' },
    context: { value: 'DIR', does: 'folder that is built from (default the current one)' },
    platform: { value: 'NAME', does: 'default linux/amd64' },
    tool: { value: 'NAME', does: 'docker, podman or buildah (default the first that works)' },
    'no-build': { does: 'push the image as it is here already' },
  },
  examples: ['ranker aws push', 'ranker aws push --target lambda --repository ranker-lambda --tag v2'],
  run,
}

async function run(context: Context): Promise<number> {
  const { flags, io, isDryRun, told } = context
  const scope = await context.scope()
  const registry = registryOf(scope.account, scope.region)
  if (!scope.image.startsWith(`${registry}/${scope.repository}:`))
    throw new RankerError('BAD_CONFIG', {
      where: 'image',
      reason: `it is ${scope.image}: push goes to ${registry}/${scope.repository}, wanted --repository and --tag instead`,
    })
  const {
    target = flags.values.dockerfile === undefined ? 'sagemaker' : undefined,
    dockerfile = 'Dockerfile',
    platform = 'linux/amd64',
    tool: wanted,
  } = flags.values
  const tool = isDryRun ? ((wanted ?? 'docker') as 'docker') : findContainerTool(wanted)
  const {
    login,
    build,
    push: pushed,
  } = imageCommands(tool, {
    image: scope.image,
    registry,
    dockerfile,
    target,
    platform,
    context: flags.values.context ?? '.',
    argument: flags.values['build-arg'],
  })
  const commands = [login, ...(flags.switches.has('no-build') ? [] : [build]), pushed]
  const plan = await planRepository(scope, isDryRun ? undefined : (await context.tools()).api)
  context.shown(plan)
  for (const { command, args } of commands) told(`  $ ${[command, ...args].join(' ')}`)
  const calls = [
    ...printedCalls(plan),
    ...commands.map(({ command, args }) => ({ service: 'local', operation: command, request: { args } })),
  ]
  if (isDryRun) {
    io.stdout.write(`${JSON.stringify(calls, undefined, 2)}\n`)
    return 0
  }
  const { api } = await context.tools()
  await context.apply(plan, { isShown: true })
  const cwd = resolve(io.cwd)
  for (const one of commands) {
    const input = one === login ? await registryPassword(api) : ''
    await runLocal(one, { input, told, cwd, stop: io.stop })
  }
  context.print({ image: scope.image, calls }, `${scope.image}\n`)
  return 0
}
