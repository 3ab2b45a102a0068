// The lambda target: Lambda's web adapter calls the server for each event that the Runtime API hands out.
import { chmodSync, existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { lambdaAdapter } from '../../scripts/test-parts.ts'
import { startServer } from '../helpers/container.ts'
import { modelFolder } from '../helpers/model.ts'
import { startRuntimeApi } from '../helpers/runtime-api.ts'

const skip =
  !existsSync(lambdaAdapter) &&
  'THE LAMBDA IMAGE IS NOT TESTED: node scripts/launch.mjs scripts/test-parts.ts builds its adapter, with cargo'

/** What API Gateway and function URLs send (payload format 2.0). */
const eventOf = (path: string, body: string, type: string) => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: path,
  rawQueryString: '',
  headers: { 'content-type': type, host: 'function' },
  requestContext: {
    accountId: '123456789012',
    apiId: 'function',
    domainName: 'function',
    domainPrefix: 'function',
    http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    requestId: 'id',
    routeKey: '$default',
    stage: '$default',
    time: '01/Jan/2026:00:00:00 +0000',
    timeEpoch: 1767225600000,
  },
  body,
  isBase64Encoded: false,
})

t.test('an event is answered by the server', { skip, timeout: 60_000 }, async (t) => {
  const api = await startRuntimeApi(t)
  const model = modelFolder(t)
  chmodSync(model, 0o755)
  const hardened = ['--read-only', '--tmpfs=/tmp', '--cap-drop=all', '--user=993:990', '--memory=512m']
  const env = {
    AWS_LAMBDA_RUNTIME_API: api.address,
    AWS_LAMBDA_FUNCTION_NAME: 'ranker',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_LOG_GROUP_NAME: 'group',
    AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
  }
  const given = Object.entries(env).map(([name, value]) => `--env=${name}=${value}`)
  const flags = [...hardened, ...given, `-v=${model}:/opt/ml/model:ro`]
  const server = await startServer(t, 'lambda', flags)
  const port = new URL(server.url).port
  while (server.isRunning() && server.exec('/bin/true').code !== 0) await setTimeout(50)
  // Lambda starts every program in /opt/extensions beside the function; here nobody else does.
  server.exec('/bin/sh', '-c', `AWS_LWA_PORT=${port} /opt/extensions/lambda-adapter >/tmp/adapter.log 2>&1 &`)

  const startedAt = performance.now()
  const rows = (await api.invoke(eventOf('/invocations', '9,4,1\n11,6,\n', 'text/csv'))) as {
    statusCode: number
    body: string
  }
  t.match(rows, { statusCode: 200, body: '1.5\n-0.25\n' })
  t.comment(
    `the first event took ${(performance.now() - startedAt).toFixed(0)} ms, the start of the server included`,
  )
  const query = JSON.stringify({
    items: [
      { id: 'a', price: 11, cost: 6, age: 1 },
      { id: 'b', price: 9, cost: 4, age: null },
    ],
    limit: 1,
  })
  const ranked = (await api.invoke(eventOf('/invocations', query, 'application/json'))) as typeof rows
  t.match(JSON.parse(ranked.body), { ranking: [{ id: 'b', rank: 1, score: 1.5 }] })
  t.match(await api.invoke(eventOf('/invocations', 'words', 'text/csv')), { statusCode: 422 })
})
