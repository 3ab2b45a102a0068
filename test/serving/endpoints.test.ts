import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import {
  InvokeEndpointAsyncCommand,
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime'
import t, { type Test } from 'tap'
import { awsPython, hasAwsPython } from '../../scripts/test-parts.ts'
import { eventStreamMessage } from '../../src/serving/event-stream.ts'
import type { ServerOptions } from '../../src/serving/server.ts'
import { emptyFolder, modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

const CSV = { EndpointName: 'ranker-1', ContentType: 'text/csv' }

async function client(t: Test, options: Partial<ServerOptions> = {}) {
  const { app } = await startServer(t, modelFolder(t), options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const connect = () => {
    const sdk = new SageMakerRuntimeClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    })
    t.teardown(() => sdk.destroy())
    return sdk
  }
  return { sdk: connect(), connect, app }
}

t.test('InvokeEndpoint of the real SDK', async (t) => {
  const { sdk } = await client(t)
  const answer = await sdk.send(
    new InvokeEndpointCommand({
      ...CSV,
      Body: Buffer.from('9,4,1\n11,6,'),
      Accept: 'application/json',
      CustomAttributes: 'trace=1',
      InferenceId: 'i-1',
    }),
  )
  t.same(JSON.parse(Buffer.from(answer.Body).toString()), { predictions: [{ score: 1.5 }, { score: -0.25 }] })
  t.match(answer, {
    ContentType: 'application/json',
    InvokedProductionVariant: 'AllTraffic',
    CustomAttributes: /^trace=1;request-id=/,
  })
})

const PYTHON = `
import json, sys, boto3
from botocore.config import Config
client = boto3.client('sagemaker-runtime', endpoint_url=sys.argv[1], region_name='eu-west-1', aws_access_key_id='a',
    aws_secret_access_key='b', config=Config(retries={'max_attempts': 0}))
call = dict(EndpointName='ranker-1', ContentType='text/csv')
answer = client.invoke_endpoint(**call, Body=b'9,4,1', Accept='application/json', CustomAttributes='trace=1')
said = [answer['ContentType'], answer['InvokedProductionVariant'], answer['CustomAttributes'][:19], json.load(answer['Body'])]
stream = client.invoke_endpoint_with_response_stream(**call, Body=b'9,4,1\\n' * 40000, Accept='application/jsonlines')
parts = [event['PayloadPart']['Bytes'] for event in stream['Body']]
said.append([len(parts) > 5, len(b''.join(parts).splitlines())])
later = client.invoke_endpoint_async(**call, InputLocation='s3://bucket/absent', Accept='text/csv', InferenceId='call-1')
said.append([later['InferenceId'], later['OutputLocation'].rsplit('/', 1)[1], later['FailureLocation'].rsplit('/', 1)[1]])
try:
    client.invoke_endpoint(**call, Body=b'9,4')
except client.exceptions.ModelError as error:
    original = error.response
    said.append([original['OriginalStatusCode'], json.loads(original['OriginalMessage'])['error']['code'],
        original['ResponseMetadata']['HTTPStatusCode'], original['LogStreamArn'][:13]])
print(json.dumps(said))
`
const noBoto3 =
  !hasAwsPython() && 'there is no boto3 here: node scripts/launch.mjs scripts/test-parts.ts installs it'

t.test('boto3 needs nothing but the URL either', { skip: noBoto3 }, async (t) => {
  const { app } = await startServer(t, modelFolder(t), { asyncOutput: emptyFolder(t) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const run = promisify(execFile)(awsPython, ['-c', PYTHON, `http://127.0.0.1:${port}`])
  t.same(JSON.parse((await run).stdout), [
    'application/json',
    'AllTraffic',
    'trace=1;request-id=',
    { predictions: [{ score: 1.5 }] },
    [true, 40_000],
    ['call-1', 'call-1.out', 'call-1-error.out'],
    [422, 'WRONG_WIDTH', 424, 'arn:aws:logs:'],
  ])
})

t.test('errors come as the SDK knows them', async (t) => {
  const { sdk, app, connect } = await client(t)
  let caller = sdk
  const rejected = (input: object) =>
    caller.send(new InvokeEndpointCommand({ ...CSV, Body: Buffer.from('9,4'), ...input })).then(
      () => t.fail('it should not be answered'),
      (error) => error,
    )
  const wide = await rejected({})
  t.match(wide, {
    name: 'ModelError',
    $metadata: { httpStatusCode: 424 },
    OriginalStatusCode: 422,
    OriginalMessage: /"code":"WRONG_WIDTH"/,
    LogStreamArn: /^arn:aws:logs:.*\/aws\/sagemaker\/Endpoints\/ranker-1$/,
    message: /^Received client error \(422\) from primary with message "\{.*WRONG_WIDTH/,
  })
  t.match(await rejected({ ContentType: 'image/png' }), { name: 'ModelError', OriginalStatusCode: 415 })
  t.match(await rejected({ EndpointName: '-x' }), {
    name: 'ValidationError',
    $metadata: { httpStatusCode: 400 },
  })
  // Idle connections end with the drain: what comes is on new ones.
  caller = connect()
  await app.drain()
  t.match(await rejected({}), { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } })
})

t.test('InvokeEndpointWithResponseStream', async (t) => {
  const { sdk } = await client(t)
  const rows = 40_000
  const answer = await sdk.send(
    new InvokeEndpointWithResponseStreamCommand({
      ...CSV,
      Body: Buffer.from('9,4,1\n'.repeat(rows)),
      Accept: 'application/jsonlines',
    }),
  )
  t.match(answer, { ContentType: 'application/jsonlines', InvokedProductionVariant: 'AllTraffic' })
  const parts: string[] = []
  for await (const { PayloadPart } of answer.Body!) parts.push(Buffer.from(PayloadPart!.Bytes!).toString())
  t.ok(parts.length > 5, 'a long list comes in parts')
  t.ok(
    parts.every((part) => part.endsWith('\n')),
    'of whole lines',
  )
  t.equal(parts.join(''), '{"score":1.5}\n'.repeat(rows))
  await t.rejects(sdk.send(new InvokeEndpointWithResponseStreamCommand({ ...CSV, Body: Buffer.from('x') })), {
    name: 'ModelError',
    OriginalStatusCode: 422,
  })
})

t.test('the encoding of events is the one that is specified', async (t) => {
  const message = eventStreamMessage({ a: 'bc' }, Buffer.from('{}'))
  // 12 bytes of prelude, 1 + 1 + 1 + 2 + 2 of a header, 2 of payload, 4 of checksum.
  t.equal(message.length, 25)
  t.same([message.readUInt32BE(0), message.readUInt32BE(4)], [25, 7])
  t.equal(message.readUInt32BE(8), crc32(message.subarray(0, 8)))
  t.equal(message.subarray(12, 21).toString('hex'), `01${'61'}070002${'6263'}7b7d`)
  t.equal(message.readUInt32BE(21), crc32(message.subarray(0, 21)))
})

t.test('InvokeEndpointAsync answers at once and leaves a file', async (t) => {
  const { sdk } = await client(t, { asyncOutput: emptyFolder(t) })
  const send = (input: object) =>
    sdk.send(
      new InvokeEndpointAsyncCommand({ ...CSV, Body: Buffer.from('9,4,1'), Accept: 'text/csv', ...input }),
    )
  const written = async (url: string | undefined) => {
    for (let tries = 0; tries < 200; tries++) {
      try {
        return readFileSync(fileURLToPath(url!), 'utf8')
      } catch {
        await delay(25)
      }
    }
    throw new Error(`${url} was never written`)
  }
  const answer = await send({ InferenceId: 'call-1' })
  t.match(answer, {
    $metadata: { httpStatusCode: 202 },
    InferenceId: 'call-1',
    OutputLocation: /call-1\.out$/,
  })
  t.equal(await written(answer.OutputLocation), '1.5\n')
  const wrong = await send({ Body: Buffer.from('9') })
  t.match(await written(wrong.FailureLocation), /WRONG_WIDTH/)
  for (const input of [
    { Body: undefined },
    { InputLocation: 's3://bucket/key' },
    { Body: undefined, InputLocation: 'file:///etc/passwd' },
    { Body: Buffer.alloc(128_001) },
    { InferenceId: '../x' },
  ])
    await t.rejects(send(input), { name: 'ValidationError' }, JSON.stringify(input).slice(0, 80))
  const { sdk: without } = await client(t)
  await t.rejects(without.send(new InvokeEndpointAsyncCommand({ ...CSV, Body: Buffer.from('9,4,1') })), {
    name: 'ValidationError',
    message: /RANKER_ASYNC_OUTPUT/,
  })
})
