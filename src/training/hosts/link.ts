import { once } from 'node:events'
import type { Socket } from 'node:net'
import * as z from 'zod'

const messages = z.discriminatedUnion('type', [
  /** The first word of a host to the leader: who it is, and the job that it was given. */
  z.object({ type: z.literal('hello'), host: z.string(), hosts: z.array(z.string()), version: z.string() }),
  /** The leader knows the host. */
  z.object({ type: z.literal('welcome') }),
  /** The leader does not take the host in. */
  z.object({ type: z.literal('refused'), reason: z.string() }),
  /** All hosts are there, and XGBoost's tracker listens on this port of the leader. */
  z.object({ type: z.literal('tracker'), port: z.int() }),
  /** A host has failed, and so must all. */
  z.object({ type: z.literal('failed'), host: z.string(), reason: z.string() }),
  /** The work is done; from the leader: by all, and the model is written. */
  z.object({ type: z.literal('done') }),
  z.object({ type: z.literal('alive') }),
])
export type Message = z.infer<typeof messages>

interface Listener {
  onMessage(message: Message): void
  /** The other end is gone, without {@link HostLink.end} having been called here. */
  onLost(reason: string): void
}

const BEATS_PER_SILENCE = 4
/** Every message's line is far shorter; a longer one does not come from a host. */
const MOST_LINE = 1 << 16
const STRANGER = 'it does not speak as a host of a job does'
/** A last message that does not get through in this time never will. */
const GOODBYE_MS = 1000

/**
 * One connection between the leader and another host: a JSON object a line, and heartbeats from both ends, which tell
 * a machine that hangs from one that is busy.
 */
export class HostLink {
  readonly #socket: Socket
  readonly #listener: Listener
  readonly #beat: NodeJS.Timeout
  #text = ''
  #heard = performance.now()
  #over = false

  /** @param silenceMs after so long without a message, the other end counts as lost. */
  constructor(socket: Socket, silenceMs: number, listener: Listener) {
    this.#socket = socket
    this.#listener = listener
    let reason = 'its process ended without a word'
    socket.setEncoding('utf8').setNoDelay(true)
    socket.on('data', (text: string) => this.#take(text))
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      // A reset is how it looks when a process ends before it has read everything.
      if (code !== 'ECONNRESET' && code !== 'EPIPE') reason = `it cannot be reached (${code ?? message})`
    })
    socket.on('close', () => this.#lose(reason))
    this.#beat = setInterval(() => {
      if (performance.now() - this.#heard > silenceMs) {
        this.#lose(`nothing was heard of it for ${Math.round(silenceMs / 1000)} s`)
      } else {
        this.send({ type: 'alive' })
      }
    }, silenceMs / BEATS_PER_SILENCE)
  }

  send(message: Message): void {
    if (!this.#over && this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Sends a last message, waits for it to get through, and closes. */
  async end(message?: Message): Promise<void> {
    if (message) this.send(message)
    this.#stop()
    if (!this.#socket.closed) {
      this.#socket.end()
      await once(this.#socket, 'close', { signal: AbortSignal.timeout(GOODBYE_MS) }).catch(() => {})
    }
    this.#socket.destroy()
  }

  #stop(): void {
    this.#over = true
    clearInterval(this.#beat)
  }

  #lose(reason: string): void {
    if (this.#over) return
    this.#stop()
    this.#socket.destroy()
    this.#listener.onLost(reason)
  }

  #take(text: string): void {
    this.#heard = performance.now()
    this.#text += text
    const lines = this.#text.split('\n')
    this.#text = lines.pop()!
    for (const line of lines) {
      const message = readMessage(line)
      if (this.#over) return
      if (message === undefined) this.#lose(STRANGER)
      else if (message.type !== 'alive') this.#listener.onMessage(message)
    }
    if (this.#text.length > MOST_LINE) this.#lose(STRANGER)
  }
}

function readMessage(line: string): Message | undefined {
  try {
    return messages.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
