// How long a server keeps a new connection waiting: `node http-pings.ts JOB` asks /ping every so often, each time on
// a connection of its own, as a platform does that decides whether the server lives.
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { quantile } from './table.ts'

export interface PingJob {
  readonly port: number
  readonly seconds: number
}

export interface PingResult {
  readonly pings: number
  /** Milliseconds from the connection's first packet to the whole answer. */
  readonly p50: number
  readonly worst: number
  /** Answers that were no 200, and none at all. */
  readonly failures: number
}

const EVERY = 20

async function ping({ port, seconds }: PingJob): Promise<PingResult> {
  const latencies: number[] = []
  const running: Promise<void>[] = []
  let failures = 0
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    const at = performance.now()
    running.push(
      once(port).then(
        () => {
          latencies.push(performance.now() - at)
        },
        () => {
          failures++
        },
      ),
    )
    await sleep(EVERY)
  }
  await Promise.all(running)
  return { pings: latencies.length, p50: quantile(latencies, 0.5), worst: quantile(latencies, 1), failures }
}

function once(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { host: '127.0.0.1', port, path: '/ping', agent: false, timeout: 30_000 },
      (answer) => {
        answer.on('error', reject)
        answer.on('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`)),
        )
        answer.resume()
      },
    )
    asking.on('error', reject)
    asking.on('timeout', () => asking.destroy(new Error('no answer')))
    asking.end()
  })
}

const [, entry = '', job] = process.argv
if (import.meta.url === pathToFileURL(entry).href && job !== undefined) {
  process.stdout.write(`${JSON.stringify(await ping(JSON.parse(job)))}\n`)
}
