import { alarmRequests } from '../../aws/endpoint/alarms.ts'
import { configOf, isPromoted, planMove, promoted } from '../../aws/endpoint/move.ts'
import { checkEndpoint, endpointName } from '../../aws/endpoint/settings.ts'
import { type EndpointState, existingEndpoint } from '../../aws/endpoint/state.ts'
import { wantedEndpoint } from '../../aws/endpoint/wanted.ts'
import { modelSource } from '../../aws/model-source.ts'
import { printedCalls } from '../../aws/plan.ts'
import { needed, type Scope } from '../../aws/scope.ts'
import { RankerError } from '../../errors.ts'
import type { AwsCommand, Context } from './aws-command.ts'

export const promote: AwsCommand = {
  name: 'promote',
  usage: '[--endpoint NAME] [flags]',
  about: `
The challenger, variant B or the shadow variant, becomes A and the only one: its model with A's name, on as many instances as
A had. ranker aws rollback undoes it. A dry run, which does not look, goes by what the settings would deploy.`,
  groups: ['endpoint'],
  examples: ['ranker aws promote', 'ranker aws promote --deployment-strategy linear'],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, isDryRun } = context
  const name = endpointName(config)
  const scope = await context.scope()
  const deployment = config.endpoint?.deployment
  if (isDryRun) {
    const current = await asDeployed(context, scope)
    const endpoint = assumed(scope, name, current.EndpointConfigName!)
    const options = { isNoted: true, deployment, alarms: namesOf(scope, context) }
    await context.apply(await planMove(endpoint, promoted(scope, name, current), options, undefined))
    return 0
  }
  const tools = await context.tools()
  const endpoint = await existingEndpoint(tools.api, name)
  if (!endpoint.ours) throw new RankerError('NAME_TAKEN', { what: `endpoint ${name}` })
  if (await isPromoted(scope, endpoint, tools.api)) {
    context.print({ endpoint: name, config: endpoint.config, calls: [] }, `${name} is promoted already\n`)
    return 0
  }
  const target = promoted(scope, name, await configOf(tools.api, endpoint))
  const { MetricAlarms = [] } = await tools.api.call('cloudwatch:DescribeAlarms', {
    AlarmNamePrefix: `${name}-A-`,
  })
  const alarms = MetricAlarms.map(({ AlarmName }) => AlarmName!).filter((one) => !one.endsWith('-backlog'))
  const plan = await planMove(endpoint, target, { isNoted: true, deployment, alarms }, tools.api)
  await context.apply(plan)
  context.print(
    { endpoint: name, config: target.EndpointConfigName, calls: printedCalls(plan) },
    `promoted: ${name} serves ${target.ProductionVariants![0]!.ModelName}\n`,
  )
  return 0
}

const namesOf = (scope: Scope, { config }: Context): string[] =>
  alarmRequests(scope, config)
    .map(({ AlarmName }) => AlarmName!)
    .filter((one) => one.startsWith(`${endpointName(config)}-A-`))

/** The configuration that the settings would deploy. */
async function asDeployed(context: Context, scope: Scope) {
  const { config, io, folder } = context
  checkEndpoint(config)
  const source = (place: string) => modelSource(scope, place, { cwd: io.cwd, folder })
  const { model, b, shadow } = config.endpoint ?? {}
  return wantedEndpoint(scope, config, {
    a: await source(needed(model, 'endpoint.model', 'the model that was deployed (--model)')),
    b: b?.model === undefined ? undefined : await source(b.model),
    shadow: shadow?.model === undefined ? undefined : await source(shadow.model),
  }).endpointConfig
}

/** An endpoint that a dry run takes to be there. */
export function assumed({ partition, region, account }: Scope, name: string, config: string): EndpointState {
  const arn = `arn:${partition}:sagemaker:${region}:${account}:endpoint/${name.toLowerCase()}`
  const state = { name, arn, status: 'InService', config, previous: undefined, ours: true }
  return { ...state, description: {} as EndpointState['description'] }
}
