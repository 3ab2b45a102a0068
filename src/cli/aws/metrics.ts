import { METRIC_COLUMNS, metricRequest, readMetrics } from '../../aws/endpoint/metric-data.ts'
import { endpointName } from '../../aws/endpoint/settings.ts'
import { step } from '../../aws/plan.ts'
import { RankerError } from '../../errors.ts'
import { formatTable } from '../table.ts'
import type { AwsCommand, Context } from './aws-command.ts'

export const metrics: AwsCommand = {
  name: 'metrics',
  usage: '[--endpoint NAME] [--minutes N] [flags]',
  about: 'Prints what CloudWatch has of an endpoint’s variant: requests, errors, latency, minute by minute.',
  groups: ['endpoint'],
  flags: {
    minutes: { value: 'N', does: 'how far back (default 60)' },
    period: { value: 'SECONDS', does: 'length of a row (default 300)' },
    variant: { value: 'NAME', does: 'which variant (default A)' },
  },
  examples: ['ranker aws metrics --minutes 180 --period 600', 'ranker aws metrics --variant B --json'],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, flags } = context
  const name = endpointName(config)
  const minutes = wholeFlag(flags.values.minutes ?? '60', '--minutes', 1)
  const period = wholeFlag(flags.values.period ?? '300', '--period', 60)
  const variant = flags.values.variant ?? 'A'
  const request = metricRequest(name, variant, { now: Date.now(), minutes, period })
  if (context.isDryRun)
    return context.printCalls({ steps: [step('~', name, 'cloudwatch:GetMetricData', request)], kept: [] })
  const { api } = await context.tools()
  const rows = await readMetrics(api, request)
  const table = formatTable([
    { title: 'from', cells: rows.map(({ from }) => from.toISOString().slice(0, 16)) },
    ...METRIC_COLUMNS.map(({ id, per }) => ({
      title: id,
      cells: rows.map(({ values }) => values[id]?.toFixed(per === 1 ? 0 : 2) ?? ''),
      align: 'right' as const,
    })),
  ])
  context.print(
    { endpoint: name, variant, rows: rows.map(({ from, values }) => ({ from, ...values })) },
    rows.length > 0 ? table : `CloudWatch has nothing of ${name} ${variant} in the last ${minutes} minutes\n`,
  )
  return 0
}

/** A flag's whole number. @throws {RankerError} BAD_SETTING */
export function wholeFlag(text: string, name: string, least: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= 100_000) return value
  throw new RankerError('BAD_SETTING', { name, seen: text, wanted: `a whole number from ${least}` })
}
