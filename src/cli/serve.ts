import { extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyBaseLogger } from 'fastify'
import { forkWorker } from '../serving/processes/fork-worker.ts'
import { readSettings } from '../serving/settings.ts'
import type { Command, Io } from './command.ts'
import { readFlags } from './flags.ts'
import { reapOrphans } from './orphans.ts'

const FLAGS = { 'model-path': true, host: true, port: true, workers: true, help: false }

export const serveCommand: Command = {
  name: 'serve',
  summary: 'answer /ping and /invocations with a trained ranker',
  help: `Usage: ranker serve [--model-path PATH] [--host HOST] [--port PORT]

Serves a model over HTTP, as SageMaker calls its containers. It listens at once; GET /ping answers 503 and the reason
until the model is loaded and has given its golden rows the scores they had in training, then 200. POST /invocations
scores rows (CSV, libsvm, JSON, JSON Lines, recordio-protobuf, npy, Arrow) or ranks the items of queries (JSON, JSON
Lines): docs/serving.md has an example of each. SIGTERM and SIGINT let requests in flight finish.

One process for each core listens, and one more watches over them; a model's hooks run in processes of their own.
/metrics has Prometheus's text, /execution-parameters what Batch Transform asks, /endpoints/NAME/invocations what AWS's
SDKs call, and /models the multi-model API where SAGEMAKER_MULTI_MODEL is true. docs/operations.md has all of it.

Flags
  --model-path PATH   model folder (ranker.json, or alone model.onnx or XGBoost's model.ubj, model.json, xgboost-model),
                      or one such file (default SAGEMAKER_BASE_DIR/model)
  --host HOST         address to listen on (default RANKER_HOST, else 0.0.0.0)
  --port PORT         port to listen on (default SAGEMAKER_BIND_TO_PORT, else PORT, else 8080)
  --workers N         processes that listen (default SAGEMAKER_MODEL_SERVER_WORKERS, else the cores there are)

Environment
  SAGEMAKER_BASE_DIR                    root of the platform's folders (default /opt/ml)
  SAGEMAKER_PROGRAM                     file in code/ that holds the hooks (default inference.js, .mjs, .cjs or .ts)
  SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT  answer's type for requests without an Accept (default the request's own)
  SAGEMAKER_INFERENCE_OUTPUT            what an answer holds: a list of score, rank, contributions (default score for
                                        rows, rank and score for items)
  MAX_CONTENT_LENGTH                    most bytes of a body, else SAGEMAKER_MAX_PAYLOAD_IN_MB, else 26 MiB
  SAGEMAKER_MODEL_SERVER_TIMEOUT        seconds that hooks may take over a request (default 60)
  SAGEMAKER_MODEL_JOB_QUEUE_SIZE        requests of a process at once, beyond which it answers 429 (default 100)
  RANKER_ENGINE                         wasm, onnxruntime, or auto (default), the faster of those that can
  SAGEMAKER_CONTAINER_LOG_LEVEL         10 debug, 20 info (default), 30 warnings, 40 errors

Examples
  ranker serve --model-path ranker-output/model --port 8080
  curl localhost:8080/invocations -H 'content-type: application/json' \\
    -d '{"items":[{"id":"a","retail_price":20,"cost":12},{"id":"b","retail_price":35,"cost":14}],"limit":10}'
`,
  run,
}

const WORKER = fileURLToPath(new URL(`./serve-worker${extname(import.meta.url)}`, import.meta.url))

/** In a checkout, the launcher tells of a bundle that is as the sources are; where it was built, it is one itself. */
function workerEntry(env: Io['env']): string {
  return (extname(WORKER) === '.ts' && env.RANKER_SERVE_WORKER) || WORKER
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values: flags } = readFlags('serve', argv, FLAGS)
  const settings = readSettings({
    ...io.env,
    ...(flags.host !== undefined && { RANKER_HOST: flags.host }),
    ...(flags.port !== undefined && { SAGEMAKER_BIND_TO_PORT: flags.port }),
    ...(flags.workers !== undefined && { SAGEMAKER_MODEL_SERVER_WORKERS: flags.workers }),
  })
  const modelPath = resolve(io.cwd, flags['model-path'] ?? settings.modelPath)
  let log: Promise<FastifyBaseLogger> | undefined
  const openLog = () => {
    log ??= import('../serving/log.ts').then(({ createLog }) => createLog(settings.logLevel, io.stdout))
    return log
  }
  const stopReaping = process.pid === 1 ? reapOrphans() : () => {}
  const { env, stdout, stderr, stop } = io
  const workers = { settings: { ...settings, modelPath }, workerEntry: workerEntry(env), env, stdout, stderr }
  // It takes the longest to start: what watches over it is loaded meanwhile.
  const first = forkWorker(workers, true)
  const { superviseWorkers } = await import('../serving/processes/supervisor.ts')
  await superviseWorkers({ ...workers, first, openLog, stop }).finally(stopReaping)
  ;(await openLog()).info('drained')
  return 0
}
