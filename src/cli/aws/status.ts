import { lookForExtras } from '../../aws/endpoint/existing.ts'
import { configOf } from '../../aws/endpoint/move.ts'
import { endpointName } from '../../aws/endpoint/settings.ts'
import { type EndpointState, existingEndpoint } from '../../aws/endpoint/state.ts'
import { step } from '../../aws/plan.ts'
import { formatTable } from '../table.ts'
import type { AwsCommand, Context } from './aws-command.ts'

export const status: AwsCommand = {
  name: 'status',
  usage: '[--endpoint NAME] [flags]',
  about:
    'Says what an endpoint is: its state, its variants with their models, weights and instances, its alarms.',
  groups: ['endpoint'],
  examples: ['ranker aws status --endpoint ranker', 'ranker aws status --json'],
  run,
}

async function run(context: Context): Promise<number> {
  const name = endpointName(context.config)
  if (context.isDryRun)
    return context.printCalls({
      steps: [step('~', name, 'sagemaker:DescribeEndpoint', { EndpointName: name })],
      kept: [],
    })
  const tools = await context.tools()
  const endpoint = await existingEndpoint(tools.api, name)
  const config = await configOf(tools.api, endpoint)
  const { alarms, targets } = await lookForExtras(name, tools.api)
  const { description, previous, status } = endpoint
  const variants = variantsOf(description, config)
  const states = alarms.map(({ AlarmName, StateValue }) => ({
    alarm: AlarmName!,
    state: StateValue ?? 'unknown',
  }))
  const scaling = targets.map(({ MinCapacity: min, MaxCapacity: max }) => ({ min, max }))
  const facts = {
    endpoint: name,
    status,
    ...(description.FailureReason !== undefined && { reason: description.FailureReason }),
    configuration: endpoint.config,
    ...(previous !== undefined && { before: previous }),
    changed: description.LastModifiedTime,
    variants,
    autoscaling: scaling,
    alarms: states,
  }
  const head = [
    `${name}: ${status}${facts.reason ? `, ${facts.reason}` : ''}`,
    `configuration ${endpoint.config}${previous ? `, before it ${previous}` : ''}`,
    ...scaling.map(({ min, max }) => `${min} to ${max} instances by autoscaling`),
  ]
  const table = variantTable(variants)
  const ofAlarms = states.map(({ alarm, state }) => `alarm ${alarm}: ${state}\n`).join('')
  context.print(facts, `${head.join('\n')}\n\n${table}${ofAlarms && `\n${ofAlarms}`}`)
  return 0
}

type Variant = ReturnType<typeof variantsOf>[number]

/** The variants as the configuration has them, with the weights and instances of the moment. */
function variantsOf(
  description: EndpointState['description'],
  { ProductionVariants = [], ShadowProductionVariants = [] }: Awaited<ReturnType<typeof configOf>>,
) {
  const running = [...(description.ProductionVariants ?? []), ...(description.ShadowProductionVariants ?? [])]
  return [...ProductionVariants, ...ShadowProductionVariants].map((made, index) => {
    const now = running.find(({ VariantName }) => VariantName === made.VariantName)
    return {
      variant: made.VariantName!,
      kind: index < ProductionVariants.length ? 'production' : 'shadow',
      model: made.ModelName!,
      weight: now?.CurrentWeight ?? made.InitialVariantWeight ?? 1,
      on: made.InstanceType ?? `serverless ${made.ServerlessConfig?.MemorySizeInMB} MB`,
      instances: now?.CurrentInstanceCount ?? made.InitialInstanceCount ?? null,
    }
  })
}

function variantTable(variants: readonly Variant[]): string {
  const column = (title: keyof Variant, align?: 'right') => ({
    title,
    cells: variants.map((one) => String(one[title] ?? '')),
    ...(align && { align }),
  })
  return formatTable([
    column('variant'),
    column('kind'),
    column('model'),
    column('weight', 'right'),
    column('on'),
    column('instances', 'right'),
  ])
}
