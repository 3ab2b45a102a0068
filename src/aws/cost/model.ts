import type { Prices } from './prices.ts'

/** The load that a service must bear. */
export interface Load {
  /** Requests a second at the busiest. */
  readonly peakQps: number
  /** Requests a second on average, over the month. */
  readonly meanQps: number
  readonly candidates: number
  /** CPU milliseconds of one request, on one core. */
  readonly cpuMs: number
  /** Bytes of a request and its answer. */
  readonly bytes: number
  /** Share of the cores that may be busy at the peak; the rest is for latency and for bursts. */
  readonly utilisation: number
  /** At least this many instances, so that one of them may fail. */
  readonly leastInstances: number
  /** Seconds a function takes for one request, overhead included. */
  readonly requestSeconds: number
  readonly memoryGb: number
}

export interface Option {
  readonly name: string
  /** What it runs on, such as `2 x ml.c6i.large`. */
  readonly on: string
  readonly usdPerMonth: number
  readonly usdPerMillion: number
  readonly remark: string
}

export const HOURS = 730
const SECONDS = HOURS * 3600

/** Cores of an instance, by the last part of its name. */
const CORES: Readonly<Record<string, number>> = {
  medium: 2,
  large: 2,
  xlarge: 4,
  '2xlarge': 8,
  '4xlarge': 16,
}
/** An AWS vCPU is one of the two hardware threads of a core, and does about 0.6 of a core's work. */
const THREAD_SHARE = 0.6

/** Instances that bear the peak. */
export function instancesFor(load: Load, cores: number): number {
  const perInstance = (cores * THREAD_SHARE * load.utilisation * 1000) / load.cpuMs
  return Math.max(load.leastInstances, Math.ceil(load.peakQps / perInstance))
}

const coresOf = (instance: string): number => CORES[instance.split('.').at(-1)!] ?? 2

/** Each way to serve the load, cheapest first. */
export function compare(load: Load, prices: Prices): Option[] {
  const requests = load.meanQps * SECONDS
  const option = (name: string, on: string, usdPerMonth: number, remark: string): Option => ({
    name,
    on,
    usdPerMonth,
    usdPerMillion: requests > 0 ? (usdPerMonth / requests) * 1e6 : 0,
    remark,
  })
  const gigabytes = (requests * load.bytes) / 1e9
  const gigabyteSeconds = requests * load.requestSeconds * load.memoryGb
  const realtime = Object.entries(prices.hosting)
    .map(([instance, hourly]) => {
      const count = instancesFor(load, coresOf(instance))
      return option(
        'SageMaker real-time',
        `${count} x ${instance}`,
        count * hourly * HOURS,
        'no cold starts; canary, shadow, capture',
      )
    })
    .sort((a, b) => a.usdPerMonth - b.usdPerMonth)[0]
  const vcpu = 1
  const tasks = instancesFor(load, vcpu)
  const { fargate, serverless, lambda } = prices
  const fargateMonth =
    HOURS *
    (tasks * (vcpu * fargate.vcpuHour + load.memoryGb * fargate.gigabyteHour) +
      fargate.loadBalancerHour +
      // A unit of the load balancer is 25 new connections or 1 GB an hour; connections are kept.
      Math.max(1, gigabytes / HOURS) * fargate.capacityUnitHour)
  return [
    ...(realtime ? [realtime] : []),
    option(
      'SageMaker serverless',
      `${load.memoryGb} GB`,
      gigabyteSeconds * serverless.gigabyteSecond + gigabytes * serverless.gigabyte,
      'nothing when idle; cold starts of seconds',
    ),
    option(
      'Lambda',
      `${load.memoryGb} GB`,
      gigabyteSeconds * lambda.gigabyteSecond + (requests / 1e6) * lambda.millionRequests,
      'nothing when idle; cold starts of a second or two',
    ),
    option(
      'Fargate',
      `${tasks} x ${vcpu} vCPU, ${load.memoryGb} GB`,
      fargateMonth,
      'with a load balancer inside the VPC',
    ),
  ].sort((a, b) => a.usdPerMonth - b.usdPerMonth)
}

/**
 * Requests a second on average above which the cheapest real-time endpoint costs less than serverless; undefined where it
 * never does. The peak grows with the mean.
 */
export function switchingPoint(load: Load, prices: Prices): number | undefined {
  const ratio = load.meanQps > 0 ? load.peakQps / load.meanQps : 1
  const costs = (meanQps: number) => {
    const options = compare({ ...load, meanQps, peakQps: meanQps * ratio }, prices)
    const of = (name: string) => options.find((one) => one.name === name)!.usdPerMonth
    return { realtime: of('SageMaker real-time'), serverless: of('SageMaker serverless') }
  }
  let [low, high] = [0, 10_000]
  const { realtime, serverless } = costs(high)
  if (realtime >= serverless) return undefined
  for (let turn = 0; turn < 60; turn++) {
    const middle = (low + high) / 2
    const at = costs(middle)
    if (at.realtime < at.serverless) high = middle
    else low = middle
  }
  return high
}

export interface Training {
  readonly instance: string
  readonly hours: number
  readonly onDemand: number
  readonly spot: number
}

/** What a training job of so many hours costs, on demand and on spot capacity. */
export function trainingCost(prices: Prices, hours: number): Training[] {
  return Object.entries(prices.training).map(([instance, hourly]) => ({
    instance,
    hours,
    onDemand: hourly * hours,
    spot: hourly * hours * (1 - prices.spot.saving),
  }))
}
