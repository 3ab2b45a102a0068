import { lookForExtras } from '../../aws/endpoint/existing.ts'
import { planMove, refuseForeign } from '../../aws/endpoint/move.ts'
import { endpointName } from '../../aws/endpoint/settings.ts'
import { existingEndpoint } from '../../aws/endpoint/state.ts'
import { printedCalls } from '../../aws/plan.ts'
import { RankerError } from '../../errors.ts'
import { type AwsCommand, type Context, FORCE_FLAG } from './aws-command.ts'
import { assumed } from './promote.ts'

export const rollback: AwsCommand = {
  name: 'rollback',
  usage: '[--endpoint NAME] [--to CONFIGURATION] [flags]',
  about: `
Takes an endpoint back to the configuration that it had before its last change, which a tag on it names, or to another one.
Run again, it changes nothing.`,
  groups: ['endpoint'],
  flags: {
    to: { value: 'NAME', does: 'the endpoint configuration to go to; a dry run needs it' },
    ...FORCE_FLAG,
  },
  examples: ['ranker aws rollback', 'ranker aws rollback --to ranker-0a1b2c3d4e'],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, flags, isDryRun } = context
  const name = endpointName(config)
  const deployment = config.endpoint?.deployment
  if (isDryRun) {
    const { to } = flags.values
    if (to === undefined) throw new RankerError('NOTHING_BEFORE', { name })
    const endpoint = assumed(await context.scope(), name, 'unknown')
    await context.apply(
      await planMove(
        endpoint,
        to,
        { isNoted: false, deployment, alarms: [], isScaled: config.endpoint?.autoscaling !== undefined },
        undefined,
      ),
    )
    return 0
  }
  const { api } = await context.tools()
  const endpoint = await existingEndpoint(api, name)
  refuseForeign(endpoint, flags.switches.has('force'))
  const target = flags.values.to ?? endpoint.previous
  if (target === undefined) throw new RankerError('NOTHING_BEFORE', { name })
  const { targets } = await lookForExtras(name, api)
  const options = { isNoted: false, deployment, alarms: [], isScaled: targets.length > 0 }
  const plan = await planMove(endpoint, target, options, api)
  await context.apply(plan)
  context.print(
    { endpoint: name, config: target, calls: printedCalls(plan) },
    `${name} is back on ${target}\n`,
  )
  return 0
}
