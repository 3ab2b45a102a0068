import { planDeploy } from '../../aws/endpoint/deploy.ts'
import { NOTHING } from '../../aws/endpoint/existing.ts'
import { deploy } from '../../aws/endpoint/run.ts'
import { checkEndpoint, endpointName, modeOf } from '../../aws/endpoint/settings.ts'
import { printedCalls } from '../../aws/plan.ts'
import { pinImage } from '../../aws/scope.ts'
import { type AwsCommand, type Context, FORCE_FLAG } from './aws-command.ts'
import { askEndpoint, smokeQuery } from './query.ts'
import { wantedBySettings } from './wanted.ts'

export const deployEndpoint: AwsCommand = {
  name: 'deploy',
  usage: '--model PLACE [flags]',
  about: `
Makes or changes an endpoint: the execution role, the models, the endpoint configuration, alarms, the endpoint itself,
autoscaling, a dashboard. Names follow from the content, so that a second run finds what is there and goes on from it.
Waits until the endpoint is in service and asks it the smoke query: the model's golden rows, or --query FILE. When the
endpoint does not come up or does not answer, it goes back to what it was before.`,
  groups: ['endpoint'],
  flags: FORCE_FLAG,
  examples: [
    'ranker aws deploy --model ranker-output/model --bucket my-bucket',
    'ranker aws deploy --model s3://my-bucket/jobs/x/output/model.tar.gz --deployment-strategy canary --dry-run',
    'ranker aws deploy --mode serverless --model ranker-output/model --bucket my-bucket --memory 3072',
  ],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, isDryRun } = context
  checkEndpoint(config)
  const endpoint = config.endpoint ?? {}
  const mode = modeOf(endpoint)
  const named = await context.scope()
  const scope = isDryRun ? named : await pinImage(named, (await context.tools()).api)
  const { wanted, model } = await wantedBySettings(context, scope)
  if (isDryRun) {
    const plan = planDeploy(wanted, NOTHING)
    context.shown(plan)
    return context.printCalls(plan)
  }
  const tools = await context.tools()
  const query = await smokeQuery(context, model, mode)
  const variants = endpoint.b ? ['A', 'B'] : [undefined]
  const { plan, answers } = await deploy(
    wanted,
    tools,
    context.shown,
    { force: context.flags.switches.has('force') },
    async () => {
      if (!query) {
        context.told('no smoke query: the model has no golden rows, and --query names none')
        return []
      }
      const all = []
      for (const variant of variants) all.push(await askEndpoint(context, scope, { ...query, variant }))
      return all
    },
  )
  const name = endpointName(config)
  context.told(`endpoint ${name} is in service`)
  const texts = answers.map(({ body }) => body.toString().trimEnd())
  context.print(
    {
      endpoint: name,
      config: wanted.endpointConfig.EndpointConfigName,
      calls: printedCalls(plan),
      answers: texts,
    },
    texts.map((text) => `${text}\n`).join(''),
  )
  return 0
}
