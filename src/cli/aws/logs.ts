import { setTimeout as sleep } from 'node:timers/promises'
import { endpointName } from '../../aws/endpoint/settings.ts'
import { openLogTail } from '../../aws/jobs/log-tail.ts'
import { step } from '../../aws/plan.ts'
import { RankerError } from '../../errors.ts'
import type { AwsCommand, Context } from './aws-command.ts'
import { wholeFlag } from './metrics.ts'

const GROUPS = {
  endpoint: '/aws/sagemaker/Endpoints',
  training: '/aws/sagemaker/TrainingJobs',
  transform: '/aws/sagemaker/TransformJobs',
} as const

export const logs: AwsCommand = {
  name: 'logs',
  usage: '[--endpoint NAME | --job NAME] [--follow] [flags]',
  about:
    'Prints the log lines of an endpoint, of one of its variants, or of a job; with --follow also what comes.',
  groups: ['endpoint'],
  flags: {
    job: { value: 'NAME', does: 'a training job, or with --kind a transform job' },
    kind: { value: 'training|transform', does: 'what the job is (default training)' },
    variant: { value: 'NAME', does: 'only this variant of the endpoint' },
    minutes: { value: 'N', does: 'how far back (default 60 of an endpoint, all of a job)' },
    follow: { does: 'go on until Ctrl-C' },
  },
  examples: [
    'ranker aws logs --endpoint ranker --variant B --follow',
    'ranker aws logs --job ranker-20260131-142501',
  ],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, flags, io, isDryRun } = context
  const { job, kind = 'training', variant, minutes = job === undefined ? '60' : undefined } = flags.values
  const since = minutes === undefined ? undefined : Date.now() - 60_000 * wholeFlag(minutes, '--minutes', 1)
  if (kind !== 'training' && kind !== 'transform')
    throw new RankerError('BAD_SETTING', { name: '--kind', seen: kind, wanted: 'training or transform' })
  const group = job === undefined ? `${GROUPS.endpoint}/${endpointName(config)}` : GROUPS[kind]
  const streams = job === undefined ? (variant === undefined ? '' : `${variant}/`) : `${job}/`
  if (isDryRun) {
    const request = { logGroupName: group, ...(streams && { logStreamNamePrefix: streams }) }
    return context.printCalls({ steps: [step('~', group, 'logs:DescribeLogStreams', request)], kept: [] })
  }
  const { api, every } = await context.tools()
  let lines = 0
  const line = (text: string) => {
    lines++
    io.stdout.write(context.isJson ? `${JSON.stringify({ message: text })}\n` : `${text}\n`)
  }
  const tail = openLogTail(api, group, streams, line, since)
  await tail()
  while (flags.switches.has('follow') && !io.stop.aborted) {
    await sleep(every, undefined, { signal: io.stop }).catch(() => {})
    if (!io.stop.aborted) await tail()
  }
  if (lines === 0)
    context.told(
      `there are no lines in ${group}${minutes === undefined ? '' : ` of the last ${minutes} minutes`}`,
    )
  return 0
}
