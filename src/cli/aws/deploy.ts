import { planDeploy } from '../../aws/endpoint/deploy.ts'
import { NOTHING } from '../../aws/endpoint/existing.ts'
import { deploy } from '../../aws/endpoint/run.ts'
import { checkEndpoint, endpointName, modeOf } from '../../aws/endpoint/settings.ts'
import { wantedEndpoint } from '../../aws/endpoint/wanted.ts'
import { type ModelSource, modelSource } from '../../aws/model-source.ts'
import { printedCalls } from '../../aws/plan.ts'
import { needed, pinImage, type Scope } from '../../aws/scope.ts'
import { RankerError } from '../../errors.ts'
import { isS3Address } from '../../storage/s3-address.ts'
import { type AwsCommand, type Context, FORCE_FLAG } from './aws-command.ts'
import { askEndpoint, smokeQuery } from './query.ts'

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
  const place = needed(
    endpoint.model,
    'endpoint.model',
    'a model (--model): a local artefact, or s3://bucket/key',
  )
  if (mode === 'multi-model' && !isS3Address(place))
    throw new RankerError('BAD_CONFIG', {
      where: 'endpoint.model',
      reason: 'wanted s3://bucket/prefix/, below which the models are',
    })
  const a = await source(context, scope, place)
  const b = endpoint.b && (await source(context, scope, endpoint.b.model!))
  const shadow = endpoint.shadow && (await source(context, scope, endpoint.shadow.model!))
  const wanted = wantedEndpoint(scope, config, { a, b, shadow })
  if (isDryRun) {
    const plan = planDeploy(wanted, NOTHING)
    context.shown(plan)
    return context.printCalls(plan)
  }
  const tools = await context.tools()
  const query = await smokeQuery(context, a, mode)
  const variants = b ? ['A', 'B'] : [undefined]
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

const source = ({ io, folder, config }: Context, scope: Scope, place: string): Promise<ModelSource> =>
  modeOf(config.endpoint ?? {}) === 'multi-model'
    ? Promise.resolve({ address: place.endsWith('/') ? place : `${place}/` })
    : modelSource(scope, place, { cwd: io.cwd, folder })
