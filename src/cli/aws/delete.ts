import { belongingsOf, lookForBelongings, planRemoval } from '../../aws/endpoint/remove.ts'
import { endpointName } from '../../aws/endpoint/settings.ts'
import { join, printedCalls } from '../../aws/plan.ts'
import { planRoleRemoval } from '../../aws/role.ts'
import type { AwsCommand, Context } from './aws-command.ts'
import { wantedBySettings } from './wanted.ts'

export const deleteEndpoint: AwsCommand = {
  name: 'delete',
  usage: '[--endpoint NAME] [--yes] [flags]',
  about: `
Removes an endpoint and all that was made for it, in the order that leaves nothing running: autoscaling, the endpoint, its
configurations, its models, alarms, the dashboard; with --with-role the execution role. What does not carry the tag
managed-by=two-stage-ranking is left alone and named, unless --force says otherwise. Archives in S3 and logs stay.
A dry run, which does not look, prints the requests for what the settings would deploy.`,
  groups: ['endpoint'],
  flags: {
    yes: { does: 'do not ask' },
    force: { does: 'remove also what was not made here, where it has the name of the endpoint' },
    'with-role': { does: 'remove the execution role too, where it was made here' },
  },
  examples: ['ranker aws delete --endpoint ranker', 'ranker aws delete --yes --with-role'],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, flags, isDryRun } = context
  const name = endpointName(config)
  const scope = await context.scope()
  const tools = isDryRun ? undefined : await context.tools()
  const belongings = tools
    ? await lookForBelongings(name, flags.switches.has('force'), tools.api)
    : belongingsOf((await wantedBySettings(context, scope)).wanted)
  const removal = planRemoval(name, belongings)
  const plan = flags.switches.has('with-role')
    ? join(removal, await planRoleRemoval(scope, tools?.api))
    : removal
  context.shown(plan)
  if (!isDryRun && plan.steps.length > 0) {
    await context.confirm(`remove endpoint ${name} and what belongs to it`)
  }
  await context.apply(plan, { isShown: true })
  if (!isDryRun)
    context.print(
      { endpoint: name, calls: printedCalls(plan), kept: plan.kept },
      plan.steps.length > 0 ? `removed endpoint ${name}\n` : `nothing of endpoint ${name} is there\n`,
    )
  return 0
}
