import type { Context } from './benchmark.ts'
import { runChild } from './child.ts'
import { LOAD, startServer, trainModel } from './http-server.ts'
import { residentTree } from './proc.ts'
import { rankerServe } from './ranker.ts'
import { quantile, short } from './table.ts'

const TREES = 500
const RUNS = 7
const CONNECTIONS = 8
const LOAD_SECONDS = 3

/** How long a server of a large model takes from its start to the first good answer, and what memory it has under load. */
export async function sayStart(context: Context, bodies: { file: string; first: string }): Promise<void> {
  const model = await trainModel(context, TREES)
  const starts: number[] = []
  const empty: number[] = []
  let memory = 0
  for (let run = 0; run < RUNS; run++) {
    // Beside it what Node itself takes, as its share of a busy machine is about the same.
    const before = performance.now()
    await runChild(process.execPath, ['--eval', ''])
    empty.push(performance.now() - before)
    const started = performance.now()
    const server = await startServer('ranker', (port) => rankerServe(model, port))
    const answer = await fetch(`http://127.0.0.1:${server.port}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: bodies.first,
    })
    if (!answer.ok) throw new Error(`the first answer's status is ${answer.status}`)
    await answer.text()
    starts.push(performance.now() - started)
    if (run === RUNS - 1) {
      const { port } = server
      const job = { port, connections: CONNECTIONS, seconds: LOAD_SECONDS, bodies: bodies.file }
      await runChild(process.execPath, [LOAD, JSON.stringify(job)])
      memory = residentTree(server.child.pid) / 1e6
    }
    await server.child.stop()
  }
  const median = (times: readonly number[]) => short(quantile(times, 0.5))
  context.say(
    `${TREES} trees, ${RUNS} starts: first good answer after ${median(starts)} ms (best ${short(Math.min(...starts))}), where Node alone takes ${median(empty)} ms;\nmemory after ${LOAD_SECONDS} s of load ${memory.toFixed(0)} MB (PSS of supervisor and worker)\n`,
  )
}
