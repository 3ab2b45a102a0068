import { alarmsOfVariant } from '../../aws/endpoint/alarms.ts'
import { lookForExtras } from '../../aws/endpoint/existing.ts'
import { configOf, isPromoted, planMove, promoted, refuseForeign } from '../../aws/endpoint/move.ts'
import { A, checkEndpoint, endpointName } from '../../aws/endpoint/settings.ts'
import { type EndpointState, existingEndpoint } from '../../aws/endpoint/state.ts'
import { printedCalls } from '../../aws/plan.ts'
import type { Scope } from '../../aws/scope.ts'
import { type AwsCommand, type Context, FORCE_FLAG } from './aws-command.ts'
import { wantedBySettings } from './wanted.ts'

export const promote: AwsCommand = {
  name: 'promote',
  usage: '[--endpoint NAME] [flags]',
  about: `
The challenger, variant B or the shadow variant, becomes A and the only one: its model with A's name, on as many instances as
A had. ranker aws rollback undoes it. A dry run, which does not look, goes by what the settings would deploy.`,
  groups: ['endpoint'],
  flags: FORCE_FLAG,
  examples: ['ranker aws promote', 'ranker aws promote --deployment-strategy linear'],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, isDryRun } = context
  const name = endpointName(config)
  const scope = await context.scope()
  const deployment = config.endpoint?.deployment
  if (isDryRun) {
    checkEndpoint(config)
    const current = (await wantedBySettings(context, scope)).wanted.endpointConfig
    const endpoint = assumed(scope, name, current.EndpointConfigName!)
    const alarms = Object.values(alarmsOfVariant(name, A!))
    const options = {
      isNoted: true,
      deployment,
      alarms,
      isScaled: config.endpoint?.autoscaling !== undefined,
    }
    await context.apply(await planMove(endpoint, promoted(scope, name, current), options, undefined))
    return 0
  }
  const tools = await context.tools()
  const endpoint = await existingEndpoint(tools.api, name)
  refuseForeign(endpoint, context.flags.switches.has('force'))
  if (await isPromoted(scope, endpoint, tools.api)) {
    context.print({ endpoint: name, config: endpoint.config, calls: [] }, `${name} is promoted already\n`)
    return 0
  }
  const target = promoted(scope, name, await configOf(tools.api, endpoint))
  const { alarms: there, targets } = await lookForExtras(name, tools.api)
  const alarms = Object.values(alarmsOfVariant(name, A!)).filter((wanted) =>
    there.some(({ AlarmName }) => AlarmName === wanted),
  )
  const options = { isNoted: true, deployment, alarms, isScaled: targets.length > 0 }
  const plan = await planMove(endpoint, target, options, tools.api)
  await context.apply(plan)
  context.print(
    { endpoint: name, config: target.EndpointConfigName, calls: printedCalls(plan) },
    `promoted: ${name} serves ${target.ProductionVariants![0]!.ModelName}\n`,
  )
  return 0
}

/** An endpoint that a dry run assumes to exist. */
export function assumed({ partition, region, account }: Scope, name: string, config: string): EndpointState {
  const arn = `arn:${partition}:sagemaker:${region}:${account}:endpoint/${name.toLowerCase()}`
  const state = { name, arn, status: 'InService', config, previous: undefined, proven: undefined, ours: true }
  return { ...state, description: {} as EndpointState['description'] }
}
