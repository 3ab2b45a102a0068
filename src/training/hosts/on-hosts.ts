import { setTimeout as sleep } from 'node:timers/promises'
import { RankerError, reasonOf } from '../../errors.ts'
import type { HostPlan } from '../../sagemaker/hosts.ts'
import { isCollectiveFailure } from '../../xgboost/collective.ts'
import { LeaderLine } from './leader.ts'
import type { HostLine } from './line.ts'
import { MemberLine } from './member.ts'

/** What XGBoost notices at once, the line may learn a moment later, with a name and a reason. */
const CAUSE_MS = 3000

/** Errors that every host reaches by itself, or that are about the others: they need no host's name in front. */
const OF_NO_HOST: ReadonlySet<string> = new Set([
  'HOST_FAILED',
  'HOSTS_ABSENT',
  'LEADER_ABSENT',
  'HOSTS_DIFFER',
  'HOSTS_STALLED',
  'MODELS_DIFFER',
  'CHANNEL_WITHOUT_ROWS',
  'FEWER_QUERIES_THAN_HOSTS',
])

/**
 * Runs one host's part of a job on several. It ends well on every host or on none: when one fails, all do, each with the
 * sentence `host NAME: …` of the one that failed first.
 * @throws {RankerError} HOST_FAILED, HOSTS_ABSENT, LEADER_ABSENT, HOSTS_STALLED, and what `work` throws of all hosts.
 */
export async function onHosts<T>(
  hosts: HostPlan,
  stop: AbortSignal,
  work: (line: HostLine) => Promise<T>,
): Promise<T> {
  const line = hosts.index === 0 ? new LeaderLine(hosts, stop) : new MemberLine(hosts, stop)
  const elsewhere = line.news.failure.then((failure) => {
    throw failure
  })
  try {
    const result = await Promise.race([work(line), elsewhere])
    await Promise.race([line.finish(), elsewhere])
    return result
  } catch (thrown) {
    const error = await causeOf(thrown, line, hosts)
    await line.fail(error)
    throw error
  }
}

async function causeOf(thrown: unknown, line: HostLine, hosts: HostPlan): Promise<RankerError> {
  if (isCollectiveFailure(thrown)) {
    const known = await Promise.race([line.news.failure, sleep(CAUSE_MS)])
    const { timeoutSeconds: seconds } = hosts
    return known ?? new RankerError('HOSTS_STALLED', { seconds, reason: reasonOf(thrown) }, { cause: thrown })
  }
  if (thrown instanceof RankerError && OF_NO_HOST.has(thrown.code)) return thrown
  const host = hosts.names[hosts.index]!
  return new RankerError('HOST_FAILED', { host, reason: reasonOf(thrown) }, { cause: thrown })
}
