import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { RankerError, reasonOf } from '../../errors.ts'
import { readTemplate } from '../template.ts'

const byInstance = z.record(z.string(), z.number().positive())

/** Prices in USD of one region on one day. */
const pricesSchema = z.strictObject({
  /** The day that they were noted. */
  asOf: z.iso.date(),
  region: z.string(),
  note: z.string(),
  /** Of an hour of an instance. */
  hosting: byInstance,
  training: byInstance,
  serverless: z.strictObject({ gigabyteSecond: z.number(), gigabyte: z.number() }),
  lambda: z.strictObject({ gigabyteSecond: z.number(), millionRequests: z.number() }),
  fargate: z.strictObject({
    vcpuHour: z.number(),
    gigabyteHour: z.number(),
    loadBalancerHour: z.number(),
    capacityUnitHour: z.number(),
  }),
  /** Share of the on-demand price that spot training usually saves. */
  spot: z.strictObject({ saving: z.number().min(0).max(1) }),
})

export type Prices = z.infer<typeof pricesSchema>

/** The price table of a file, or the one shipped with the package. @throws {RankerError} CONFIG_UNREADABLE */
export function readPrices(path?: string): Prices {
  if (path === undefined) return pricesSchema.parse(readTemplate('prices.json'))
  try {
    return pricesSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : reasonOf(cause)
    throw new RankerError('CONFIG_UNREADABLE', { path, reason, wanted: 'a table of prices' }, { cause })
  }
}

/** USD of an hour of an instance; undefined where the table does not have it. */
export function priceOf(use: 'hosting' | 'training', instance: string, region: string): number | undefined {
  const prices = readPrices()
  return prices.region === region ? prices[use][instance] : undefined
}

/** What is read of AWS's public price list of a service in a region. */
const priceList = z.object({
  publicationDate: z.string(),
  products: z.record(z.string(), z.object({ sku: z.string(), attributes: z.record(z.string(), z.string()) })),
  terms: z.object({
    OnDemand: z.record(
      z.string(),
      z.record(
        z.string(),
        z.object({
          priceDimensions: z.record(z.string(), z.object({ pricePerUnit: z.record(z.string(), z.string()) })),
        }),
      ),
    ),
  }),
})

/** The table with the hourly prices of instances taken from AWS's price list of SageMaker; other prices stay. */
export function renewed(prices: Prices, list: unknown, region: string): Prices {
  const result = priceList.safeParse(list)
  if (!result.success) {
    const reason = z.prettifyError(result.error).split('\n')[0]!
    const wanted = 'a price list as AWS publishes them'
    throw new RankerError('CONFIG_UNREADABLE', { path: 'the price list', reason, wanted })
  }
  const { products, terms, publicationDate } = result.data
  const hours = (component: RegExp): Record<string, number> =>
    Object.fromEntries(
      Object.values(products).flatMap(({ sku, attributes }) => {
        const { instanceName, instanceType = '', component: part = '' } = attributes
        const name = instanceName ?? /^ml\.[\w.]+?(?=-|$)/.exec(instanceType)?.[0]
        const price = Object.values(terms.OnDemand[sku] ?? {})
          .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
          .map(({ pricePerUnit }) => Number(pricePerUnit.USD))
          .find((usd) => usd > 0)
        return name !== undefined && component.test(part) && price !== undefined ? [[name, price]] : []
      }),
    )
  const [hosting, training] = [hours(/^hosting$/i), hours(/^training$/i)]
  if (Object.keys(hosting).length === 0)
    throw new RankerError('CONFIG_UNREADABLE', {
      path: 'the price list',
      reason: 'it has no instance for hosting',
      wanted: 'that of AmazonSageMaker',
    })
  const note = `Instances from AWS's price list of AmazonSageMaker; the rest as of ${prices.asOf}`
  return { ...prices, asOf: publicationDate.slice(0, 10), region, note, hosting, training }
}
