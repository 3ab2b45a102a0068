import { RankerError } from '../../errors.ts'
import type { Api, Calls } from '../api.ts'
import { found } from '../failures.ts'
import { type Waiting, waitFor } from '../wait.ts'
import { openLogTail } from './log-tail.ts'

export type TrainingDescription = Calls['sagemaker:DescribeTrainingJob'][1]

const ENDED = ['Completed', 'Failed', 'Stopped']

/** A value of a metric after a round. */
export interface CurvePoint {
  readonly round: number
  readonly values: Readonly<Record<string, number>>
}

/**
 * Follows a training job to its end: status, log lines and the curve of its metrics.
 * @param line is given each line of the log
 * @throws {RankerError} JOB_FAILED with AWS's reason, WAIT_STOPPED
 */
export async function followTraining(
  job: string,
  tools: Waiting & { readonly api: Api },
  line: (text: string) => void,
): Promise<{ readonly description: TrainingDescription; readonly curve: readonly CurvePoint[] }> {
  // Each host reports a round, and again after a spot interruption: the last report counts.
  const curve = new Map<number, CurvePoint>()
  const tail = openLogTail(tools.api, '/aws/sagemaker/TrainingJobs', `${job}/`, (text) => {
    const point = curvePoint(text)
    if (point) curve.set(point.round, point)
    line(text)
  })
  const description = await waitFor(`training job ${job}`, tools, async () => {
    const now = await tools.api.call('sagemaker:DescribeTrainingJob', { TrainingJobName: job })
    await tail()
    const { TrainingJobStatus = '', SecondaryStatus, SecondaryStatusTransitions = [] } = now
    const isOver = ENDED.includes(TrainingJobStatus)
    const message = SecondaryStatusTransitions.at(-1)?.StatusMessage
    const status = isOver ? TrainingJobStatus : (SecondaryStatus ?? TrainingJobStatus)
    return { line: message && !isOver ? `${status}, ${message}` : status, done: isOver ? now : undefined }
  })
  // The last lines may come after the status.
  await tail()
  refuseFailed(`training job ${job}`, description.TrainingJobStatus, description.FailureReason)
  return { description, curve: [...curve.values()].sort((a, b) => a.round - b.round) }
}

function refuseFailed(what: string, status: string | undefined, reason = 'AWS says no more'): void {
  if (status === 'Failed') throw new RankerError('JOB_FAILED', { what, status, reason })
}

/** A metric line of training, such as `[12]\ttrain-ndcg@10:0.61`; the log agent writes tabs as #011. */
function curvePoint(text: string): CurvePoint | undefined {
  const [, round, rest] = /^\[(\d+)\](?:\t|#011)(.+)$/.exec(text.trim()) ?? []
  if (rest === undefined) return undefined
  const pairs = rest.split(/\t|#011/).map((pair) => {
    const at = pair.lastIndexOf(':')
    return [pair.slice(0, at), Number(pair.slice(at + 1))] as const
  })
  if (pairs.some(([name, value]) => name === '' || !Number.isFinite(value))) return undefined
  return { round: Number(round), values: Object.fromEntries(pairs) }
}

const BARS = '▁▂▃▄▅▆▇█'
const CURVE_WIDTH = 40

/** The last metric of each point as a line of bars, with its first, best and last value. */
export function drawCurve(curve: readonly CurvePoint[]): string {
  const name = Object.keys(curve.at(-1)?.values ?? {}).at(-1)
  if (name === undefined) return ''
  const values = curve.flatMap(({ values }) => values[name] ?? [])
  const [least, most] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number])
  const width = Math.min(CURVE_WIDTH, values.length)
  const bars = Array.from({ length: width }, (_, at) => {
    const value = values[Math.floor((at * values.length) / width)]!
    return BARS[most === least ? 0 : Math.round(((value - least) / (most - least)) * (BARS.length - 1))]
  })
  return `${name} ${values[0]!.toFixed(4)} ${bars.join('')} ${values.at(-1)!.toFixed(4)} (${values.length} rounds)`
}

/** Follows a tuning job. @throws {RankerError} JOB_FAILED, WAIT_STOPPED */
export async function followTuning(job: string, tools: Waiting & { readonly api: Api }) {
  const description = await waitFor(`tuning job ${job}`, tools, async () => {
    const now = await tools.api.call('sagemaker:DescribeHyperParameterTuningJob', {
      HyperParameterTuningJobName: job,
    })
    const status = now.HyperParameterTuningJobStatus ?? ''
    const { Completed = 0, InProgress = 0 } = now.TrainingJobStatusCounters ?? {}
    const best = now.BestTrainingJob?.FinalHyperParameterTuningJobObjectiveMetric
    const line = [
      status,
      `${Completed} jobs done, ${InProgress} at work`,
      ...(best ? [`best ${best.MetricName} ${best.Value}`] : []),
    ].join(', ')
    return { line, done: [...ENDED, 'DeleteFailed'].includes(status) ? now : undefined }
  })
  refuseFailed(`tuning job ${job}`, description.HyperParameterTuningJobStatus, description.FailureReason)
  return description
}

/** Follows a transform job. @throws {RankerError} JOB_FAILED, WAIT_STOPPED */
export async function followTransform(job: string, tools: Waiting & { readonly api: Api }) {
  const description = await waitFor(`transform job ${job}`, tools, async () => {
    const now = await tools.api.call('sagemaker:DescribeTransformJob', { TransformJobName: job })
    const status = now.TransformJobStatus ?? ''
    return { line: status, done: ENDED.includes(status) ? now : undefined }
  })
  refuseFailed(`transform job ${job}`, description.TransformJobStatus, description.FailureReason)
  return description
}

/** Whether a job of that name is there: a second run with the same name follows the first one's. */
export const isTrainingThere = async (api: Api, TrainingJobName: string): Promise<boolean> =>
  (await found(api.call('sagemaker:DescribeTrainingJob', { TrainingJobName }))) !== undefined
export const isTuningThere = async (api: Api, HyperParameterTuningJobName: string): Promise<boolean> =>
  (await found(api.call('sagemaker:DescribeHyperParameterTuningJob', { HyperParameterTuningJobName }))) !==
  undefined
export const isTransformThere = async (api: Api, TransformJobName: string): Promise<boolean> =>
  (await found(api.call('sagemaker:DescribeTransformJob', { TransformJobName }))) !== undefined

/** Lists jobs in progress whose name contains a text. */
const AT_WORK = { StatusEquals: 'InProgress', SortBy: 'CreationTime' } as const
export async function trainingAtWork(api: Api, NameContains: string): Promise<string | undefined> {
  const { TrainingJobSummaries } = await api.call('sagemaker:ListTrainingJobs', { ...AT_WORK, NameContains })
  return TrainingJobSummaries?.[0]?.TrainingJobName
}
export async function tuningAtWork(api: Api, NameContains: string): Promise<string | undefined> {
  const { HyperParameterTuningJobSummaries } = await api.call('sagemaker:ListHyperParameterTuningJobs', {
    ...AT_WORK,
    NameContains,
  })
  return HyperParameterTuningJobSummaries?.[0]?.HyperParameterTuningJobName
}
export async function transformAtWork(api: Api, NameContains: string): Promise<string | undefined> {
  const { TransformJobSummaries } = await api.call('sagemaker:ListTransformJobs', {
    ...AT_WORK,
    NameContains,
  })
  return TransformJobSummaries?.[0]?.TransformJobName
}
