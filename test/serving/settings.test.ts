import { constants } from 'node:buffer'
import t from 'tap'
import { logLevel } from '../../src/serving/log.ts'
import { readSettings } from '../../src/serving/settings.ts'

const MEBIBYTE = 1 << 20

t.test('defaults', async (t) => {
  const defaults = {
    host: '0.0.0.0',
    port: 8080,
    modelPath: '/opt/ml/model',
    program: undefined,
    bodyLimit: 26 * MEBIBYTE,
    defaultAccept: undefined,
    output: undefined,
    logLevel: 'info',
  }
  t.same(readSettings({}), defaults)
  const empty = ['PORT', 'SAGEMAKER_BIND_TO_PORT', 'RANKER_HOST', 'MAX_CONTENT_LENGTH', 'SAGEMAKER_BASE_DIR']
  t.same(readSettings(Object.fromEntries(empty.map((name) => [name, '']))), defaults, 'empty is unset')
})

t.test('what the platform sets', async (t) => {
  t.match(readSettings({ SAGEMAKER_BIND_TO_PORT: '9001', PORT: '9002' }), { port: 9001 })
  t.match(readSettings({ PORT: '9002', RANKER_HOST: '127.0.0.1' }), { port: 9002, host: '127.0.0.1' })
  t.match(readSettings({ SAGEMAKER_BASE_DIR: '/tmp/ml', SAGEMAKER_PROGRAM: 'serve.mjs' }), {
    modelPath: '/tmp/ml/model',
    program: 'serve.mjs',
  })
  const limit = (env: Record<string, string>) => readSettings(env).bodyLimit
  t.equal(limit({ MAX_CONTENT_LENGTH: '1000', SAGEMAKER_MAX_PAYLOAD_IN_MB: '6' }), 1000)
  t.equal(limit({ SAGEMAKER_MAX_PAYLOAD_IN_MB: '6' }), 6 * MEBIBYTE)
  t.equal(limit({ SAGEMAKER_MAX_PAYLOAD_IN_MB: '0' }), constants.MAX_STRING_LENGTH, 'no limit but one')
  t.equal(limit({ MAX_CONTENT_LENGTH: '99999999999' }), constants.MAX_STRING_LENGTH)
  t.same(readSettings({ SAGEMAKER_INFERENCE_OUTPUT: 'score, rank' }).output, ['score', 'rank'])
  t.match(readSettings({ SAGEMAKER_CONTAINER_LOG_LEVEL: '10' }), { logLevel: 'debug' })
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
