import { lookForExtras } from '../../aws/endpoint/existing.ts'
import { configOf } from '../../aws/endpoint/move.ts'
import { endpointName } from '../../aws/endpoint/settings.ts'
import { existingEndpoint } from '../../aws/endpoint/state.ts'
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
  const shadows = new Set(config.ShadowProductionVariants?.map(({ VariantName }) => VariantName))
  const made = [...(config.ProductionVariants ?? []), ...(config.ShadowProductionVariants ?? [])]
  const running = [...(description.ProductionVariants ?? []), ...(description.ShadowProductionVariants ?? [])]
  const variants = made.map(({ VariantName, ModelName, InstanceType, ServerlessConfig, ...of }) => {
    const now = running.find((one) => one.VariantName === VariantName)
    return {
      variant: VariantName!,
      kind: shadows.has(VariantName) ? 'shadow' : 'production',
      model: ModelName!,
      weight: now?.CurrentWeight ?? of.InitialVariantWeight ?? 1,
      on: InstanceType ?? `serverless ${ServerlessConfig?.MemorySizeInMB} MB`,
      instances: now?.CurrentInstanceCount ?? of.InitialInstanceCount ?? null,
    }
  })
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
  const column = (title: string, cells: (string | number | null)[], align?: 'right') => ({
    title,
    cells: cells.map((cell) => (cell === null ? '' : String(cell))),
    ...(align && { align }),
  })
  const head = [
    `${name}: ${status}${facts.reason ? `, ${facts.reason}` : ''}`,
    `configuration ${endpoint.config}${previous ? `, before it ${previous}` : ''}`,
    ...scaling.map(({ min, max }) => `${min} to ${max} instances by autoscaling`),
  ]
  const table = formatTable([
    column(
      'variant',
      variants.map((one) => one.variant),
    ),
    column(
      'kind',
      variants.map((one) => one.kind),
    ),
    column(
      'model',
      variants.map((one) => one.model),
    ),
    column(
      'weight',
      variants.map((one) => one.weight),
      'right',
    ),
    column(
      'on',
      variants.map((one) => one.on),
    ),
    column(
      'instances',
      variants.map((one) => one.instances),
      'right',
    ),
  ])
  const ofAlarms = states.map(({ alarm, state }) => `alarm ${alarm}: ${state}\n`).join('')
  context.print(facts, `${head.join('\n')}\n\n${table}${ofAlarms && `\n${ofAlarms}`}`)
  return 0
}
