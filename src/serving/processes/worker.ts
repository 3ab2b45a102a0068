import type { FastifyBaseLogger } from 'fastify'
import type { MetricsData } from '../metrics.ts'
import type { ModelDescription, ModelPage } from '../models/model-host.ts'
import { buildServer, type Peers } from '../server.ts'
import type { ServeSettings } from '../settings.ts'
import { Calls } from './calls.ts'
import { within } from './within.ts'

export interface WorkerOptions {
  readonly settings: ServeSettings
  readonly log: FastifyBaseLogger
  /** Whether it listens before its model is loaded. */
  readonly listens: boolean
  /** Sends a message to the supervisor. */
  readonly post: (message: object) => void
  /** Tells of every message that the supervisor sends. */
  readonly onMessage: (receive: (message: unknown) => void) => void
}

/** Leaves time for the supervisor to end before the platform kills. */
const DRAIN_MS = 21_000
const CLOSE_MS = 2000

/**
 * Serves as one of several processes, until the supervisor says to drain.
 * @returns the exit code
 */
export async function runWorker({ settings, log, listens, post, onMessage }: WorkerOptions): Promise<number> {
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
  onMessage((message) => supervisor.receive(message))
  const app = buildServer({ ...settings, log, peers: peersOver(supervisor) })
  try {
    if (listens) await listen()
    const serving = app.load().then(async (isReady) => {
      if (isReady) await supervisor.call('ready')
      else if (!listens) throw new Error('the model can no longer be served')
      if (isReady && !listens) await listen()
    })
    await Promise.race([told, serving.then(() => told)])
    await app.drain({ totalMs: DRAIN_MS })
    return 0
  } finally {
    // A connection that never sends anything would be waited for.
    await within(CLOSE_MS, app.close(), () => new Error('connections are open')).catch(() => {})
  }

  async function listen(): Promise<void> {
    try {
      await app.listen({ host: settings.host, port: settings.port })
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException
      await supervisor.call('listenFailed', code ?? message)
    }
  }
}

function peersOver(supervisor: Calls): Peers {
  return {
    metrics: () => supervisor.call<MetricsData[]>('metrics'),
    registry: {
      load: (name, url) => supervisor.call('load', [name, url]),
      unload: (name) => supervisor.call('unload', name),
      describe: (name) => supervisor.call<ModelDescription>('describe', name),
      list: (token, limit) => supervisor.call<ModelPage>('list', [token, limit]),
    },
  }
}
