// A process that answers for `ranker serve`, which starts it, gives it connections and tells it when to end.
import { createLog, inBatches } from '../serving/log.ts'
import type { WorkerPlan } from '../serving/processes/fork-worker.ts'
import { runWorker } from '../serving/processes/worker.ts'

const { settings, takes } = JSON.parse(process.argv[2]!) as WorkerPlan
const { batches, flush } = inBatches(process.stdout)
const log = createLog(settings.logLevel, batches)
process.on('exit', flush)
// A signal to the whole process group (Ctrl-C, timeout) reaches the supervisor too, which says what to do.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
process.once('disconnect', () => process.exit(1))
// A bug of ours is no reason to drop everyone's requests.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (err: unknown) => log.error({ err }, 'something was thrown outside of a request'))
}
try {
  const code = await runWorker({
    settings,
    log,
    takes,
    post: (message) => process.send!(message, () => {}),
    onMessage: (receive) => process.on('message', receive),
  })
  process.exit(code)
} catch (err) {
  log.fatal({ err }, 'the worker gives up')
  process.exit(1)
}
