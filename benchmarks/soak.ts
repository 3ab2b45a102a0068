import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from './benchmark.ts'
import { requestBodies } from './data.ts'
import { FEATURES, startServer, trainModel } from './http-server.ts'
import { residentTree } from './proc.ts'
import { rankerServe } from './ranker.ts'
import { formatTable } from './table.ts'

const BODIES = 50
/** Memory is looked at so often. */
const EVERY_SECONDS = 15
/** Share of the time after which memory should have settled, and how much more it may take from then on. */
const SETTLED = 1 / 3
const MOST_GROWTH = 1.1
const PAUSE_MS = 20

type Counts = Map<string, number>

/** What clients do, good and bad, for as long as it is asked. */
export const soakBenchmark: Benchmark = {
  name: 'soak',
  summary: 'mixed load (good, bad, slow, reconnecting) over minutes, and whether memory stays flat',
  comparesWithPython: false,
  onlyByName: true,
  async run(context) {
    const { say, minutes } = context
    const model = await trainModel(context)
    const server = await startServer('ranker', (port) => rankerServe(model, port, 2))
    const url = `http://127.0.0.1:${server.port}`
    const counts: Counts = new Map()
    const end = performance.now() + minutes * 60_000
    const goes = () => performance.now() < end
    const bodies = [1, 10, 100, 300].flatMap((rows) => requestBodies(BODIES / 2, rows, FEATURES, rows))
    const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
    const reference = await score(url, bodies[0]!)
    let wrong = 0

    const loops = [
      ...Array.from({ length: 6 }, (_, client) => good(client)),
      bad(),
      slow(),
      slow(),
      reconnecting(),
      leaving(),
      large(),
    ]
    const samples: number[] = []
    const watching = watch()
    await Promise.all([...loops, watching])
    const settled = samples.slice(Math.floor(samples.length * SETTLED))
    const [first = 0, last = 0] = [Math.max(...settled.slice(0, 3)), Math.max(...settled.slice(-3))]
    say(
      formatTable(
        ['what', 'times'],
        [...counts].sort().map(([what, times]) => [what, String(times)]),
      ),
    )
    say(`\nmemory (PSS of all processes, MB): ${samples.map((bytes) => (bytes / 1e6).toFixed(0)).join(' ')}`)
    say(`settled at ${(first / 1e6).toFixed(0)} MB, at the end ${(last / 1e6).toFixed(0)} MB`)
    const code = await server.child.stop().then(() => 'ended at SIGTERM')
    say(`wrong answers: ${wrong}; the server ${code}`)
    return wrong === 0 && last <= first * MOST_GROWTH

    async function good(client: number): Promise<void> {
      for (let turn = client; goes(); turn++) {
        const scores = await score(url, bodies[turn % bodies.length]!)
        if (turn % bodies.length === 0 && scores !== reference) wrong++
        count('good: 200')
        await sleep(PAUSE_MS)
      }
    }

    async function bad(): Promise<void> {
      const requests: [type: string, body: string | Buffer, status: number][] = [
        ['text/csv', '1,2,3', 422],
        ['text/csv', 'a'.repeat(5000), 422],
        ['text/csv', '', 400],
        ['application/json', '{"items":', 400],
        ['application/json', '['.repeat(100_000), 400],
        ['application/json', '{"__proto__":{},"items":[{}]}', 422],
        ['image/png', Buffer.alloc(1000), 415],
        ['text/csv', Buffer.from([0xff, 0xfe, 0x31, 0]), 400],
        ['text/csv', Buffer.alloc(27 << 20, '1'), 413],
      ]
      for (let turn = 0; goes(); turn++) {
        const [type, body, status] = requests[turn % requests.length]!
        const answer = await post(url, type, body).catch(() => undefined)
        // A server that answers before it has read everything may close under the client's hands.
        if (answer === undefined && status === 413) continue
        if (answer?.status !== status) wrong++
        await answer?.arrayBuffer()
        count(`bad: ${answer?.status}`)
        await sleep(PAUSE_MS)
      }
    }

    async function slow(): Promise<void> {
      while (goes()) {
        const body = bodies[BODIES]!
        const socket = connect(server.port, '127.0.0.1').on('error', () => {})
        const head = `POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
        let answer = ''
        socket.on('data', (chunk) => {
          answer += chunk
        })
        const closed = new Promise((resolve) => socket.once('close', resolve))
        socket.write(head)
        for (let at = 0; at < body.length; at += 500) {
          socket.write(body.slice(at, at + 500))
          await sleep(PAUSE_MS * 2)
        }
        await closed
        count(`slow: ${answer.slice(9, 12)}`)
        if (!answer.startsWith('HTTP/1.1 200')) wrong++
      }
    }

    async function reconnecting(): Promise<void> {
      while (goes()) {
        const answer = await fetch(`${url}/ping`, { headers: { connection: 'close' } })
        if (answer.status !== 200) wrong++
        await answer.arrayBuffer()
        await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).arrayBuffer()
        count('reconnecting: 200')
        await sleep(PAUSE_MS * 10)
      }
    }

    async function leaving(): Promise<void> {
      while (goes()) {
        const stop = new AbortController()
        const asking = fetch(`${url}/invocations`, {
          method: 'POST',
          headers: { 'content-type': 'text/csv' },
          body: bodies.at(-1)!,
          signal: stop.signal,
        })
        setTimeout(() => stop.abort(), 3)
        await asking.then((answer) => answer.arrayBuffer()).catch(() => {})
        count('leaving')
        await sleep(PAUSE_MS * 5)
      }
    }

    async function large(): Promise<void> {
      const body = bodies.at(-1)!.repeat(8)
      while (goes()) {
        await score(url, body)
        count('large: 200')
        await sleep(PAUSE_MS * 100)
      }
    }

    async function watch(): Promise<void> {
      while (goes()) {
        samples.push(residentTree(server.child.pid))
        await sleep(Math.min(EVERY_SECONDS * 1000, Math.max(1, end - performance.now())))
      }
    }
  },
}

async function score(url: string, body: string): Promise<string> {
  const answer = await post(url, 'text/csv', body)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`a good request is answered ${answer.status}: ${text}`)
  return text
}

function post(url: string, type: string, body: string | Buffer): Promise<Response> {
  return fetch(`${url}/invocations`, { method: 'POST', headers: { 'content-type': type }, body })
}
