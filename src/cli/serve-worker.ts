// A process that listens for `ranker serve`, which starts it and tells it when to end.
import { createLog } from '../serving/log.ts'
import { runWorker } from '../serving/processes/worker.ts'
import type { ServeSettings } from '../serving/settings.ts'

const settings = JSON.parse(process.argv[2]!) as ServeSettings
const log = createLog(settings.logLevel, process.stdout)
// A signal to the whole process group (Ctrl-C, timeout) reaches the supervisor too, which says what to do.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
// A bug of ours is no reason to drop everyone's requests.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (err: unknown) => log.error({ err }, 'something was thrown outside of a request'))
}
try {
  const code = await runWorker({
    settings,
    log,
    listens: Boolean(process.env.RANKER_LISTENS),
    post: (message) => process.send!(message, () => {}),
    onMessage: (receive) => process.on('message', receive),
  })
  process.exit(code)
} catch (err) {
  log.fatal({ err }, 'the worker gives up')
  process.exit(1)
}
