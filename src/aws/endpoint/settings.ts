import { RankerError } from '../../errors.ts'
import type { Config } from '../schema.ts'
import { needed } from '../scope.ts'

export type Mode = 'realtime' | 'serverless' | 'async' | 'multi-model'
export type EndpointConfig = NonNullable<Config['endpoint']>

/** Variants by the names they have on the endpoint. */
export const [A, B, SHADOW] = ['A', 'B', 'Shadow']

export const endpointName = (config: Config): string => config.endpoint?.name ?? config.name ?? 'ranker'
export const modeOf = (endpoint: EndpointConfig): Mode => endpoint.mode ?? 'realtime'

/** Settings that an endpoint's kind rules out. AWS refuses them too, but minutes later and less clearly. */
const EXCLUDED: Readonly<Record<Mode, readonly (keyof EndpointConfig)[]>> = {
  realtime: [
    'memory',
    'maxConcurrency',
    'provisionedConcurrency',
    'output',
    'asyncConcurrency',
    'successTopic',
    'errorTopic',
    'targetModel',
  ],
  serverless: [
    'b',
    'shadow',
    'capture',
    'instanceType',
    'instanceCount',
    'output',
    'asyncConcurrency',
    'successTopic',
    'errorTopic',
    'targetModel',
    'deployment',
  ],
  async: ['b', 'shadow', 'memory', 'maxConcurrency', 'provisionedConcurrency', 'targetModel', 'alarms'],
  'multi-model': [
    'b',
    'shadow',
    'memory',
    'maxConcurrency',
    'provisionedConcurrency',
    'output',
    'asyncConcurrency',
    'successTopic',
    'errorTopic',
  ],
}

/** @throws {RankerError} BAD_CONFIG for settings that do not go together. */
export function checkEndpoint(config: Config): void {
  const endpoint = config.endpoint ?? {}
  const mode = modeOf(endpoint)
  const refuse = (where: string, reason: string): never => {
    throw new RankerError('BAD_CONFIG', { where, reason })
  }
  for (const name of EXCLUDED[mode])
    if (endpoint[name] !== undefined)
      refuse(`endpoint.${name}`, `an endpoint of mode ${mode} has no such setting`)
  if (mode === 'serverless') {
    if (config.subnets) refuse('subnets', 'serverless endpoints run in no VPC')
    if (config.networkIsolation) refuse('networkIsolation', 'serverless endpoints have no network isolation')
    if (config.kmsKey) refuse('kmsKey', 'serverless endpoints have no volume to encrypt')
  }
  if (endpoint.b && endpoint.shadow)
    refuse('endpoint.shadow', 'an endpoint with a shadow variant has one other variant, and there is B')
  for (const variant of ['b', 'shadow'] as const)
    if (endpoint[variant])
      needed(endpoint[variant].model, `endpoint.${variant}.model`, 'the model of the variant')
  const { min = 1, max, schedule = [] } = endpoint.autoscaling ?? {}
  if (endpoint.autoscaling && max === undefined)
    refuse('endpoint.autoscaling.max', 'it is not set: wanted the most instances')
  if (max !== undefined && max < min)
    refuse('endpoint.autoscaling.max', `it is ${max}, below the fewest instances, ${min}`)
  if (min === 0 && mode !== 'async')
    refuse('endpoint.autoscaling.min', 'it is 0: only asynchronous endpoints scale to none')
  if (mode === 'serverless' && endpoint.autoscaling && endpoint.provisionedConcurrency === undefined)
    refuse(
      'endpoint.autoscaling',
      'of a serverless endpoint it scales provisionedConcurrency, which is not set',
    )
  for (const { name, min: floor } of schedule)
    if (floor > max!)
      refuse(`endpoint.autoscaling.schedule ${name}`, `its floor ${floor} is above max ${max}`)
}
