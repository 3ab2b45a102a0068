import { planShift, refuseForeign } from '../../aws/endpoint/move.ts'
import { endpointName } from '../../aws/endpoint/settings.ts'
import { existingEndpoint } from '../../aws/endpoint/state.ts'
import { printedCalls } from '../../aws/plan.ts'
import { RankerError } from '../../errors.ts'
import { type AwsCommand, type Context, FORCE_FLAG } from './aws-command.ts'

export const shift: AwsCommand = {
  name: 'shift',
  usage: '--weights A=0.9,B=0.1 [flags]',
  about: `
Moves traffic between the variants of an endpoint, in seconds and without a new fleet. A variant's share is its weight of the
sum; --weights A=0,B=1 sends everything to B.`,
  groups: ['endpoint'],
  flags: { weights: { value: 'A=N,B=N', does: 'the new weights' }, ...FORCE_FLAG },
  examples: ['ranker aws shift --weights A=0.9,B=0.1'],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, flags, isDryRun } = context
  const name = endpointName(config)
  const weights = readWeights(flags.values.weights)
  if (isDryRun) {
    await context.apply(planShift(name, Object.keys(weights), weights))
    return 0
  }
  const { api } = await context.tools()
  const endpoint = await existingEndpoint(api, name)
  refuseForeign(endpoint, flags.switches.has('force'))
  const { description, config: made } = endpoint
  const variants = description.ProductionVariants ?? []
  const known = variants.map(({ VariantName }) => VariantName!)
  const plan = planShift(name, known, weights)
  const isDone = Object.entries(weights).every(
    ([variant, weight]) =>
      variants.find(({ VariantName }) => VariantName === variant)?.CurrentWeight === weight,
  )
  const wait = { kind: 'wait', what: 'until it is done', endpoint: name, until: { config: made } } as const
  const whole = isDone
    ? { steps: [], kept: [`endpoint ${name}`] }
    : { steps: [...plan.steps, wait], kept: [] }
  await context.apply(whole)
  context.print({ endpoint: name, weights, calls: printedCalls(whole) }, `shifted ${name}\n`)
  return 0
}

function readWeights(text = ''): Record<string, number> {
  const pairs = text.split(',').map((pair) => /^\s*([\w-]+)\s*=\s*(\d+(?:\.\d+)?)\s*$/.exec(pair))
  if (pairs.some((pair) => pair === null))
    throw new RankerError('BAD_SETTING', { name: '--weights', seen: text, wanted: 'such as A=0.9,B=0.1' })
  const weights = Object.fromEntries(pairs.map((pair) => [pair![1]!, Number(pair![2])]))
  if (Object.values(weights).every((weight) => weight === 0))
    throw new RankerError('BAD_SETTING', {
      name: '--weights',
      seen: text,
      wanted: 'one weight above 0 at least',
    })
  return weights
}
