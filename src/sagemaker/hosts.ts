import { existsSync } from 'node:fs'
import * as z from 'zod'
import { RankerError } from '../errors.ts'
import { readJson } from './job.ts'

/** The machines of a job that has several, and how they find each other. */
export interface HostPlan {
  /** In sorted order: the first one leads. */
  readonly names: readonly string[]
  /** Place of this machine among them; 0 leads. */
  readonly index: number
  /** Port of the leader where the others come together. */
  readonly port: number
  /** Seconds that hosts wait for each other before they give up. */
  readonly timeoutSeconds: number
}

export type Environment = Readonly<Record<string, string | undefined>>

const DEFAULT_PORT = 9099
/** XGBoost's own default: a host that reads far more than the others keeps them waiting. */
const DEFAULT_TIMEOUT_SECONDS = 1800

/** Local mode writes only some of the platform's keys, and a host's network interface is not needed here. */
const resourceConfigFile = z.looseObject({
  current_host: z.string().optional(),
  hosts: z.array(z.string().min(1)).default([]),
})

/**
 * Reads resourceconfig.json. Names sort by code unit, as SageMaker's do: `algo-10` comes before `algo-2`.
 * @param env RANKER_TRACKER_PORT and RANKER_HOST_TIMEOUT.
 * @returns undefined where there is no file, or it names a single host: the job is then on one machine.
 * @throws {RankerError} CONFIG_UNREADABLE, HOST_UNKNOWN, HOST_REPEATED, BAD_SETTING.
 */
export function readHosts(path: string, env: Environment): HostPlan | undefined {
  if (!existsSync(path)) return undefined
  const { current_host: current, hosts } = readJson(
    path,
    resourceConfigFile,
    'a JSON object with current_host and hosts',
  )
  if (hosts.length < 2) return undefined
  const names = hosts.toSorted((a, b) => (a < b ? -1 : 1))
  const repeated = names.find((name, index) => name === names[index + 1])
  if (repeated !== undefined) throw new RankerError('HOST_REPEATED', { path, host: repeated })
  const index = names.indexOf(current ?? '')
  if (index < 0) throw new RankerError('HOST_UNKNOWN', { path, seen: current, wanted: names })
  return {
    names,
    index,
    port: setting(env, 'RANKER_TRACKER_PORT', DEFAULT_PORT, 65_535),
    timeoutSeconds: setting(env, 'RANKER_HOST_TIMEOUT', DEFAULT_TIMEOUT_SECONDS, 1_000_000),
  }
}

function setting(env: Environment, name: string, otherwise: number, most: number): number {
  const seen = env[name]
  if (!seen) return otherwise
  const value = Number(seen)
  if (/^\d+$/.test(seen.trim()) && value >= 1 && value <= most) return value
  throw new RankerError('BAD_SETTING', { name, seen, wanted: `an integer from 1 to ${most}` })
}
