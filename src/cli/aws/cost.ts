import { resolve } from 'node:path'
import { compare, HOURS, type Load, switchingPoint, trainingCost } from '../../aws/cost/model.ts'
import { readPrices, renewed } from '../../aws/cost/prices.ts'
import { readTemplate } from '../../aws/template.ts'
import { RankerError, reasonOf } from '../../errors.ts'
import { writeWhole } from '../../storage/files.ts'
import { formatTable } from '../table.ts'
import type { AwsCommand, Context } from './aws-command.ts'

const PRICE_LIST = 'https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current'

export const cost: AwsCommand = {
  name: 'cost',
  usage: '--qps N [--candidates N] [flags]',
  about: `
Lays the ways to serve a load side by side, by the month and by the million requests: SageMaker real-time and serverless,
Lambda, Fargate; and training on demand and on spot capacity. Instances are counted from what a request costs on a core, as
npm run bench -- http measured it (infrastructure/throughput.json); --cpu-ms says what yours costs. Prices are those of
infrastructure/prices.json, a table of one region and one day: --refresh writes a new one from AWS's public price list.`,
  groups: [],
  flags: {
    qps: { value: 'N', does: 'requests a second at the peak' },
    'mean-qps': { value: 'N', does: 'requests a second on average (default a third of the peak)' },
    candidates: { value: 'N', does: 'items of a request (default 100)' },
    'cpu-ms': {
      value: 'N',
      does: 'CPU milliseconds of a request (default from the measurement, by candidates)',
    },
    kilobytes: { value: 'N', does: 'size of a request with its answer (default 0.2 for each candidate)' },
    utilisation: { value: 'N', does: 'share of the cores that may be busy at the peak (default 0.5)' },
    'least-instances': { value: 'N', does: 'instances at least (default 2: one may fail)' },
    memory: { value: 'GB', does: 'memory of a function or a task (default 2)' },
    'training-hours': { value: 'N', does: 'hours of a training job (default 0.25)' },
    prices: { value: 'FILE', does: 'a table of prices of your own' },
    refresh: { does: 'write the table of --prices anew from the public price list, for the region' },
    'price-list': { value: 'URL', does: `where the price list is (default AWS's own)` },
  },
  examples: [
    'ranker aws cost --qps 50 --candidates 100',
    'ranker aws cost --refresh --prices prices.json --region eu-west-1',
    'ranker aws cost --qps 50 --prices prices.json',
  ],
  run,
}

interface Throughput {
  readonly rows: number
  readonly cpuMs: number
  readonly fixedCpuMs: number
  readonly asOf: string
  readonly command: string
}

/** Milliseconds that the adapter and the platform add to the model's own work in a function. */
const FUNCTION_OVERHEAD_MS = 1
/** GB of memory that come with one core in Lambda; serverless endpoints are taken to be alike. */
const GB_A_CORE = 1.769

async function run(context: Context): Promise<number> {
  const { flags, io } = context
  const { values } = flags
  if (flags.switches.has('refresh')) return refresh(context)
  const file = values.prices === undefined ? undefined : resolve(io.cwd, values.prices)
  const prices = readPrices(file)
  const measured = readTemplate<Throughput>('throughput.json')
  const peakQps = read(values.qps, '--qps')
  const candidates = read(values.candidates ?? '100', '--candidates')
  const perRow = (measured.cpuMs - measured.fixedCpuMs) / measured.rows
  const cpuMs =
    values['cpu-ms'] === undefined
      ? measured.fixedCpuMs + perRow * candidates
      : read(values['cpu-ms'], '--cpu-ms')
  const memoryGb = read(values.memory ?? '2', '--memory')
  const load: Load = {
    peakQps,
    meanQps: values['mean-qps'] === undefined ? peakQps / 3 : read(values['mean-qps'], '--mean-qps'),
    candidates,
    cpuMs,
    bytes: 1000 * (values.kilobytes === undefined ? 0.2 * candidates : read(values.kilobytes, '--kilobytes')),
    utilisation: read(values.utilisation ?? '0.5', '--utilisation', 1),
    leastInstances: Math.ceil(read(values['least-instances'] ?? '2', '--least-instances')),
    requestSeconds: Math.ceil(FUNCTION_OVERHEAD_MS + cpuMs * Math.max(1, GB_A_CORE / memoryGb)) / 1000,
    memoryGb,
  }
  if (load.meanQps > peakQps)
    throw new RankerError('BAD_SETTING', {
      name: '--mean-qps',
      seen: String(load.meanQps),
      wanted: `at most the peak, ${peakQps}`,
    })
  const options = compare(load, prices)
  const point = switchingPoint(load, prices)
  const training = trainingCost(prices, read(values['training-hours'] ?? '0.25', '--training-hours'))
  const money = (usd: number) => `$${usd.toFixed(usd < 1 ? 4 : 2)}`
  const serving = formatTable([
    { title: 'serving', cells: options.map(({ name }) => name) },
    { title: 'on', cells: options.map(({ on }) => on) },
    { title: 'a month', cells: options.map(({ usdPerMonth }) => money(usdPerMonth)), align: 'right' },
    { title: 'a million', cells: options.map(({ usdPerMillion }) => money(usdPerMillion)), align: 'right' },
    { title: '', cells: options.map(({ remark }) => remark) },
  ])
  const jobs = formatTable([
    { title: 'training', cells: training.map(({ instance }) => instance) },
    { title: 'on demand', cells: training.map(({ onDemand }) => money(onDemand)), align: 'right' },
    { title: 'spot', cells: training.map(({ spot }) => money(spot)), align: 'right' },
  ])
  const change =
    point === undefined
      ? 'Serverless stays cheaper than real-time at any rate.'
      : `Above ${point < 10 ? point.toFixed(1) : Math.round(point)} requests a second on average, real-time costs less than serverless.`
  const source = `Prices of ${prices.region} as of ${prices.asOf}: a snapshot, without data transfer and discounts (--refresh renews the instances).
A request takes ${cpuMs.toFixed(2)} ms of a core${values['cpu-ms'] === undefined ? `, by ${measured.command} of ${measured.asOf}` : ''}; a month has ${HOURS} hours.`
  context.print(
    {
      load,
      prices: { region: prices.region, asOf: prices.asOf },
      options,
      realtimeAboveQps: point ?? null,
      training,
    },
    `${serving}\n${change}\n\n${jobs}\n${source}\n`,
  )
  return 0
}

async function refresh(context: Context): Promise<number> {
  const { flags, io, config, isDryRun } = context
  const { prices: file, 'price-list': base = PRICE_LIST } = flags.values
  if (file === undefined)
    throw new RankerError('BAD_ARGUMENTS', {
      reason: '--refresh needs --prices FILE, where the table is written',
    })
  const region = config.region ?? readPrices().region
  const url = `${base}/${region}/index.json`
  if (isDryRun) {
    io.stdout.write(
      `${JSON.stringify([{ service: 'https', operation: 'GET', request: { url } }], undefined, 2)}\n`,
    )
    return 0
  }
  context.told(`reading ${url}`)
  let list: unknown
  try {
    const answer = await fetch(url, { signal: io.stop })
    if (!answer.ok) throw new Error(`it answers ${answer.status}`)
    list = await answer.json()
  } catch (cause) {
    throw new RankerError('INPUT_UNREADABLE', { path: url, reason: reasonOf(cause) }, { cause })
  }
  const table = renewed(readPrices(), list, region)
  const path = resolve(io.cwd, file)
  writeWhole(path, `${JSON.stringify(table, undefined, 2)}\n`)
  context.print(
    table,
    `wrote ${path}: ${Object.keys(table.hosting).length} instances for hosting, as of ${table.asOf}\n`,
  )
  return 0
}

function read(text: string | undefined, name: string, most = 1e9): number {
  const value = Number(text)
  if (text !== undefined && text.trim() !== '' && value > 0 && value <= most) return value
  throw new RankerError('BAD_SETTING', {
    name,
    seen: text ?? '',
    wanted: `a number above 0${most < 1e9 ? `, at most ${most}` : ''}`,
  })
}
