import { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { MetricsData } from '../metrics.ts'
import type { ModelDescription, ModelPage } from '../models/model-host.ts'
import { buildServer, type Peers } from '../server.ts'
import type { ServeSettings } from '../settings.ts'
import { Calls } from './calls.ts'
import type { Connection } from './supervisor.ts'
import { within } from './within.ts'

export interface WorkerOptions {
  readonly settings: ServeSettings
  readonly log: FastifyBaseLogger
  /** Whether it takes connections before its model is loaded. */
  readonly takes: boolean
  /** Sends a message to the supervisor. */
  readonly post: (message: object) => void
  /** Registers a listener for the supervisor's messages. */
  readonly onMessage: (receive: (message: unknown, handle?: unknown) => void) => void
}

/** Leaves time for the supervisor to end before the platform kills both. */
const DRAIN_MS = 19_000
/** A request on a new connection is there by then. */
const LATE_MS = 250
const CLOSE_MS = 2000

/**
 * Serves as one of several processes, until the supervisor says to drain.
 * @returns the exit code
 */
export async function runWorker({ settings, log, takes, post, onMessage }: WorkerOptions): Promise<number> {
  let drain = () => {}
  const told = new Promise<void>((resolve) => {
    drain = resolve
  })
  const supervisor = new Calls(post, {
    drain: () => drain(),
    metrics: () => app.metrics(),
    open: ([name, path]: [string, string]) => app.models.open(name, path),
    close: (name: string) => app.models.close(name),
  })
  const app = buildServer({ ...settings, log, peers: peersOver(supervisor) })
  onMessage((message, handle) => {
    const { kind } = message as Connection
    if (kind === 'connection') take(message as Connection, handle)
    else supervisor.receive(message)
  })
  try {
    await app.ready()
    // Node watches for slow clients only after this event; the port itself is the supervisor's.
    app.server.emit('listening')
    if (takes) supervisor.tell('takes')
    const serving = app.load().then((isReady) => {
      if (takes) return
      if (!isReady) throw new Error('the model can no longer be served')
      supervisor.tell('takes')
    })
    await Promise.race([told, serving.then(() => told)])
    await app.drain({ totalMs: DRAIN_MS })
    await supervisor.call('leaving')
    // Connections that were handed over until then are still answered.
    await app.drain({ idleMs: LATE_MS, bodyMs: LATE_MS, totalMs: CLOSE_MS })
    return 0
  } finally {
    // A connection that never sends anything would be waited for.
    await within(CLOSE_MS, app.close(), () => new Error('connections are open')).catch(() => {})
  }

  /** @param socket none where the connection could not be sent, which is no reason to wait for the next one */
  function take({ id, behind }: Connection, socket: unknown): void {
    supervisor.tell('taken', id)
    app.turns.expect(behind)
    if (!(socket instanceof Socket)) return
    app.server.emit('connection', socket)
    socket.resume()
  }
}

function peersOver(supervisor: Calls): Peers {
  return {
    metrics: (own) => supervisor.call<MetricsData[]>('metrics', own),
    join: () => supervisor.call('ready'),
    registry: {
      load: (name, url) => supervisor.call('load', [name, url]),
      unload: (name) => supervisor.call('unload', name),
      describe: (name) => supervisor.call<ModelDescription>('describe', name),
      list: (token, limit) => supervisor.call<ModelPage>('list', [token, limit]),
    },
  }
}
