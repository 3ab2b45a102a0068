// The load on a server: `node http-load.ts JOB`, a process of its own so that the server's CPU is the server's. So many
// connections are kept open for so many seconds, each sending its next body as soon as the last answer is in, or when it
// is due where a rate is given. It speaks as little HTTP as will do, to take little of the cores that it shares.
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { RequestFile } from './http-requests.ts'
import { quantile } from './table.ts'

export interface LoadJob {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  /** A JSON file of {@link RequestFile}; every request sends the next body, since a repeated one flatters the caches. */
  readonly requests: string
  /**
   * Requests a second, due at even distances whatever became of those before; a request waits for its answer from when it
   * was due.
   * Without it there are as many as the connections carry.
   */
  readonly rate?: number
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds to the last byte received. */
  readonly p50: number
  readonly p99: number
  /** Why a request got no 200; the load stops at the first. */
  readonly failure?: string
}

const TIMEOUT = 30_000

async function load(job: LoadJob): Promise<LoadResult> {
  const { port, seconds, rate } = job
  const messages = readMessages(job.requests)
  const connections = await Promise.all(Array.from({ length: job.connections }, () => Connection.open(port)))
  const latencies: number[] = []
  let sent = 0
  let failure: string | undefined
  const started = performance.now()
  const end = started + seconds * 1000
  const run = async (connection: Connection) => {
    while (failure === undefined) {
      const turn = sent++
      const due = rate === undefined ? performance.now() : started + (1000 * turn) / rate
      if (due >= end) return
      const early = due - performance.now()
      if (early > 0) await sleep(early)
      // A timer of Node's is late by up to a millisecond, which is not the server's; a connection that was busy is.
      const from = early > 0 ? performance.now() : due
      try {
        await connection.send(messages[turn % messages.length]!)
        latencies.push(performance.now() - from)
      } catch (error) {
        failure ??= (error as Error).message
      }
    }
  }
  await Promise.all(connections.map(run))
  const took = (performance.now() - started) / 1000
  for (const connection of connections) connection.close()
  return {
    requests: latencies.length,
    seconds: took,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    ...(failure !== undefined && { failure }),
  }
}

function readMessages(file: string): Buffer[] {
  const { contentType, bodies } = JSON.parse(readFileSync(file, 'utf8')) as RequestFile
  return bodies.map((text) => {
    const body = Buffer.from(text, 'base64')
    const head = [
      'POST /invocations HTTP/1.1',
      'host: 127.0.0.1',
      `content-type: ${contentType}`,
      `content-length: ${body.length}`,
    ]
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
  })
}

/** A connection that is kept open, with one request at a time. */
class Connection {
  readonly #socket: Socket
  #answer = { resolve: () => {}, reject: (_: Error) => {} }
  #head = ''
  /** Bytes of the body that are still to come; undefined while the head is read. */
  #left: number | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setTimeout(TIMEOUT, () => socket.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)))
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.#answer.reject(error))
    socket.on('close', () => this.#answer.reject(new Error('the connection was closed')))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port }, () => resolve(new Connection(socket)))
      socket.once('error', reject)
    })
  }

  /** Resolves when the answer is in. @throws when it is no 200. */
  send(message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject }
      this.#socket.write(message)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    let body = chunk.length
    if (this.#left === undefined) {
      const before = this.#head.length
      this.#head += chunk.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end + 2))?.[1]
      if (!/^HTTP\/1\.1 200 /.test(this.#head) || length === undefined) {
        this.#socket.destroy(new Error(`the answer starts ${JSON.stringify(this.#head.slice(0, 300))}`))
        return
      }
      this.#left = Number(length)
      body = before + chunk.length - end - 4
      this.#head = ''
    }
    this.#left -= body
    if (this.#left > 0) return
    this.#left = undefined
    this.#answer.resolve()
  }
}

const [, entry = '', job] = process.argv
if (import.meta.url === pathToFileURL(entry).href && job !== undefined) {
  process.stdout.write(`${JSON.stringify(await load(JSON.parse(job)))}\n`)
}
