import { constants } from 'node:buffer'
import { availableParallelism } from 'node:os'
import t from 'tap'
import { logLevel } from '../../src/serving/log-level.ts'
import { readSettings } from '../../src/serving/settings.ts'

const MEBIBYTE = 1 << 20

t.test('defaults', async (t) => {
  const defaults = {
    host: '0.0.0.0',
    port: 8080,
    modelPath: '/opt/ml/model',
    modelsRoot: undefined,
    program: undefined,
    workers: availableParallelism(),
    queueSize: 100,
    bodyLimit: 26 * MEBIBYTE,
    hookMs: 60_000,
    openMs: 600_000,
    defaultAccept: undefined,
    output: undefined,
    batch: { on: false, strategy: 'MULTI_RECORD', maxPayloadInMb: 6 },
    asyncOutput: undefined,
    traces: false,
    logLevel: 'info',
  }
  t.match(readSettings({}), defaults)
  const empty = ['PORT', 'SAGEMAKER_BIND_TO_PORT', 'RANKER_HOST', 'MAX_CONTENT_LENGTH', 'SAGEMAKER_BASE_DIR']
  t.same(
    readSettings(Object.fromEntries(empty.map((name) => [name, '']))),
    readSettings({}),
    'empty is unset',
  )
})

t.test('what the platform sets', async (t) => {
  t.match(readSettings({ SAGEMAKER_BIND_TO_PORT: '9001', PORT: '9002' }), { port: 9001 })
  t.match(readSettings({ PORT: '9002', RANKER_HOST: '127.0.0.1' }), { port: 9002, host: '127.0.0.1' })
  t.match(readSettings({ SAGEMAKER_BASE_DIR: '/tmp/ml', SAGEMAKER_PROGRAM: 'serve.mjs' }), {
    modelPath: '/tmp/ml/model',
    modelsRoot: undefined,
    program: 'serve.mjs',
  })
  t.match(readSettings({ SAGEMAKER_BASE_DIR: '/tmp/ml', SAGEMAKER_MULTI_MODEL: 'true' }), {
    modelsRoot: '/tmp/ml/models',
  })
  const limit = (env: Record<string, string>) => readSettings(env).bodyLimit
  t.equal(limit({ MAX_CONTENT_LENGTH: '1000', SAGEMAKER_MAX_PAYLOAD_IN_MB: '6' }), 1000)
  t.equal(limit({ SAGEMAKER_MAX_PAYLOAD_IN_MB: '6' }), 6 * MEBIBYTE)
  t.equal(limit({ SAGEMAKER_MAX_PAYLOAD_IN_MB: '0' }), constants.MAX_STRING_LENGTH, 'no limit but one')
  t.equal(limit({ MAX_CONTENT_LENGTH: '99999999999' }), constants.MAX_STRING_LENGTH)
  t.same(readSettings({ SAGEMAKER_INFERENCE_OUTPUT: 'score, rank' }).output, ['score', 'rank'])
  t.match(readSettings({ SAGEMAKER_CONTAINER_LOG_LEVEL: '10' }), { logLevel: 'debug' })
})

t.test('what processes and hooks may take', async (t) => {
  t.match(
    readSettings({
      SAGEMAKER_MODEL_SERVER_WORKERS: '3',
      SAGEMAKER_MODEL_JOB_QUEUE_SIZE: '7',
      SAGEMAKER_MODEL_SERVER_TIMEOUT: '20',
      SAGEMAKER_STARTUP_TIMEOUT: '30',
      RANKER_HOOK_MEMORY_MB: '256',
    }),
    { workers: 3, queueSize: 7, hookMs: 20_000, openMs: 30_000, hookMemoryBytes: 256 * MEBIBYTE },
  )
  const both = { SAGEMAKER_MODEL_SERVER_TIMEOUT: '20', SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS: '21' }
  t.equal(readSettings(both).hookMs, 21_000)
  const { bufferBytes, bodyLimit } = readSettings({ MAX_CONTENT_LENGTH: String(300 * 2 ** 30) })
  t.ok(bufferBytes >= bodyLimit, 'one body of the largest size always fits')
})

t.test('what Batch Transform sets, and what it is told', async (t) => {
  const batch = (env: Record<string, string>) => readSettings(env).batch
  t.same(
    batch({
      SAGEMAKER_BATCH: 'true',
      SAGEMAKER_BATCH_STRATEGY: 'SINGLE_RECORD',
      SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: '4',
      SAGEMAKER_MAX_PAYLOAD_IN_MB: '10',
    }),
    { on: true, strategy: 'SINGLE_RECORD', maxConcurrentTransforms: 4, maxPayloadInMb: 10 },
  )
  t.equal(batch({ SAGEMAKER_MODEL_SERVER_WORKERS: '8' }).maxConcurrentTransforms, 8)
  const large = { SAGEMAKER_MODEL_SERVER_WORKERS: '8', SAGEMAKER_MAX_PAYLOAD_IN_MB: '40' }
  t.equal(batch(large).maxConcurrentTransforms, 2, 'together they may not be over 100 MB')
  t.match(batch({ SAGEMAKER_MAX_PAYLOAD_IN_MB: '0' }), { maxPayloadInMb: 0, maxConcurrentTransforms: 1 })
  t.equal(batch({ MAX_CONTENT_LENGTH: '3000000' }).maxPayloadInMb, 2, 'never more than a body may have')
})

t.test('traces', async (t) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
  t.equal(readSettings(env).traces, true)
  t.equal(readSettings({ ...env, OTEL_SDK_DISABLED: 'true' }).traces, false)
})

t.test('a wrong value names its variable', async (t) => {
  for (const [name, seen] of [
    ['PORT', 'http'],
    ['PORT', '65536'],
    ['SAGEMAKER_BIND_TO_PORT', '-1'],
    ['MAX_CONTENT_LENGTH', '0'],
    ['MAX_CONTENT_LENGTH', '6MB'],
    ['SAGEMAKER_MAX_PAYLOAD_IN_MB', '1.5'],
    ['SAGEMAKER_CONTAINER_LOG_LEVEL', 'INFO'],
    ['SAGEMAKER_INFERENCE_OUTPUT', 'probability'],
    ['SAGEMAKER_INFERENCE_OUTPUT', 'score,score'],
    ['SAGEMAKER_MODEL_SERVER_WORKERS', '0'],
    ['SAGEMAKER_MODEL_SERVER_TIMEOUT', '1m'],
    ['SAGEMAKER_MULTI_MODEL', 'yes'],
    ['SAGEMAKER_BATCH_STRATEGY', 'MultiRecord'],
    ['RANKER_HOOK_MEMORY_MB', '1'],
  ] as const) {
    t.throws(() => readSettings({ [name]: seen }), { code: 'BAD_SETTING', values: { name, seen } })
  }
})

t.test("levels count as Python's", async (t) => {
  t.same([0, 10, 20, 25, 30, 40, 50].map(logLevel), [
    'trace',
    'debug',
    'info',
    'warn',
    'warn',
    'error',
    'fatal',
  ])
})
