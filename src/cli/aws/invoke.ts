import { invokeAsynchronously, invokeEndpoint } from '../../aws/endpoint/invoke.ts'
import { endpointName, modeOf } from '../../aws/endpoint/settings.ts'
import { step } from '../../aws/plan.ts'
import { addressIn } from '../../aws/scope.ts'
import type { AwsCommand, Context } from './aws-command.ts'
import { readQuery } from './query.ts'

export const invoke: AwsCommand = {
  name: 'invoke',
  usage: '[--query FILE] [flags]',
  about: `
Sends a request to an endpoint and prints the answer. The request is a query with its candidates in JSON, or whatever the
server reads; its name tells what it is, or --content-type. Without --query it is read from standard input.`,
  groups: ['endpoint'],
  flags: {
    'content-type': {
      value: 'TYPE',
      does: 'what the request is (default by its name, else application/json)',
    },
    accept: { value: 'TYPE', does: 'what the answer should be' },
    variant: { value: 'NAME', does: 'the variant that is asked' },
  },
  examples: [
    'ranker aws invoke --query query.json',
    `echo '{"items":[{"id":"a","retail_price":20,"cost":12}]}' | ranker aws invoke --variant B`,
  ],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, flags, isDryRun, folder } = context
  const endpoint = config.endpoint ?? {}
  const name = endpointName(config)
  const query = await readQuery(context, endpoint.query ?? '-')
  const { variant } = flags.values
  const asked = { ...query, variant, targetModel: endpoint.targetModel }
  if (isDryRun) {
    const request = {
      EndpointName: name,
      ContentType: query.contentType,
      Body: query.body.toString() as unknown as Uint8Array,
      ...(query.accept !== undefined && { Accept: query.accept }),
      ...(variant !== undefined && { TargetVariant: variant }),
      ...(endpoint.targetModel !== undefined && { TargetModel: endpoint.targetModel }),
    }
    return context.printCalls({
      steps: [step('~', name, 'sagemaker-runtime:InvokeEndpoint', request)],
      kept: [],
    })
  }
  const tools = await context.tools()
  const answer =
    modeOf(endpoint) === 'async'
      ? await invokeAsynchronously(tools, name, asked, {
          output: endpoint.output ?? addressIn(await context.scope(), 'async'),
          folder,
          kmsKey: config.kmsKey,
        })
      : await invokeEndpoint(tools.api, name, asked)
  if (context.isJson) {
    const { body, contentType, variant: by } = answer
    context.print({ endpoint: name, variant: by, contentType, body: body.toString() }, '')
  } else {
    context.io.stdout.write(answer.body)
    if (answer.body.at(-1) !== 0x0a) context.io.stdout.write('\n')
  }
  return 0
}
