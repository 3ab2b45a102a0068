// The load on a server: `node http-load.ts JOB`, a process of its own so that the server's CPU is the
// server's. So many connections are kept open for so many seconds, each sending its next body as soon as the
// last answer is in.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { pathToFileURL } from 'node:url'
import { quantile } from './table.ts'

export interface LoadJob {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  /**
   * A JSON file of bodies as text; every request sends the next one, since a repeated body flatters the
   * caches.
   */
  readonly bodies: string
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds from the first byte sent to the last one received. */
  readonly p50: number
  readonly p99: number
  /** Why a request got no 200; the load stops at the first. */
  readonly failure?: string
}

const TIMEOUT = 10_000

async function load({ port, connections, seconds, bodies }: LoadJob): Promise<LoadResult> {
  const buffers = (JSON.parse(readFileSync(bodies, 'utf8')) as string[]).map((body) => Buffer.from(body))
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latencies: number[] = []
  let sent = 0
  let failure: string | undefined
  const started = performance.now()
  const end = started + seconds * 1000
  const connection = async () => {
    while (failure === undefined && performance.now() < end) {
      const at = performance.now()
      try {
        await post(agent, port, buffers[sent++ % buffers.length]!)
        latencies.push(performance.now() - at)
      } catch (error) {
        failure ??= (error as Error).message
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, connection))
  const took = (performance.now() - started) / 1000
  agent.destroy()
  return {
    requests: latencies.length,
    seconds: took,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    ...(failure !== undefined && { failure }),
  }
}

function post(agent: Agent, port: number, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'text/csv', 'content-length': body.length }
    const sending = request(
      { agent, host: '127.0.0.1', port, method: 'POST', path: '/invocations', headers, timeout: TIMEOUT },
      (answer) => {
        answer.on('error', reject)
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve()
          else reject(new Error(`the answer's status is ${answer.statusCode}`))
        })
        answer.resume()
      },
    )
    sending.on('error', reject)
    sending.on('timeout', () => sending.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)))
    sending.end(body)
  })
}

const [, entry = '', job] = process.argv
if (import.meta.url === pathToFileURL(entry).href && job !== undefined) {
  process.stdout.write(`${JSON.stringify(await load(JSON.parse(job)))}\n`)
}
