import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { S3, s3Settings } from '../../src/storage/s3.ts'
import { isS3Address, parseS3Address } from '../../src/storage/s3-address.ts'
import { ranker } from '../helpers/command.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'
import { toJsonLines, toParquet } from '../helpers/judged-formats.ts'
import { cuttingProxy, makeBucket, noS3Server, s3Env, startS3 } from '../helpers/s3-server.ts'

/** The SDK reads the process's own environment. */
function setEnv(env: Record<string, string>): void {
  Object.assign(process.env, env)
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

t.test('addresses and settings', async (t) => {
  t.same(parseS3Address('s3://b/a/key with space?x'), { bucket: 'b', key: 'a/key with space?x' })
  t.same(parseS3Address('S3://b'), { bucket: 'b', key: '' })
  for (const text of ['s3://', 's3:///key']) {
    t.ok(isS3Address(text))
    t.throws(() => parseS3Address(text), {
      code: 'S3_ADDRESS',
      message: `"${text}" is not an S3 address: wanted s3://bucket/key`,
    })
  }
  t.same(s3Settings({}), { pathStyle: false })
  t.same(s3Settings({ AWS_DEFAULT_REGION: 'eu-west-1' }), { pathStyle: false, region: 'eu-west-1' })
  t.same(s3Settings({ AWS_ENDPOINT_URL: 'http://x' }), { pathStyle: true, region: 'us-east-1' })
})

t.test('objects of an address, over pages of the list', { skip: noS3Server }, async (t) => {
  const server = await startS3(t)
  const bucket = makeBucket(server, 'data')
  for (const folder of ['train/deep', 'train/_temporary', 'train-old', 'many/.x']) {
    mkdirSync(join(bucket, folder), { recursive: true })
  }
  for (const name of ['train/2.csv', 'train/1.csv', 'train/deep/3.csv', 'train/_SUCCESS', 'train/.1.crc']) {
    writeFileSync(join(bucket, name), name)
  }
  for (const name of [
    'train/_temporary/4.csv',
    'train-old/5.csv',
    'part-0.csv',
    'part-1.csv',
    '_hidden.csv',
  ]) {
    writeFileSync(join(bucket, name), name)
  }
  for (let file = 0; file < 1100; file++) writeFileSync(join(bucket, `many/${1000 + file}.csv`), '')
  setEnv(server.env)
  const s3 = await S3.open(s3Settings(server.env))
  t.teardown(() => s3.close())
  const find = async (key: string) => (await s3.find({ bucket: 'data', key })).map((object) => object.key)
  t.same(await find('train/1.csv'), ['train/1.csv'], 'an object')
  const folder = ['train/1.csv', 'train/2.csv', 'train/deep/3.csv']
  t.same(await find('train'), folder, 'a folder, and not train-old')
  t.same(await find('train/'), folder)
  t.same(await find('part-'), ['part-0.csv', 'part-1.csv'], 'a prefix')
  t.same(await find('_hidden.csv'), ['_hidden.csv'], 'a hidden object that is asked for')
  t.same(await find('gone'), [])
  t.equal((await find('many')).length, 1100, 'more than a page')
})

t.test('a connection that is lost is made again where it broke', { skip: noS3Server }, async (t) => {
  const server = await startS3(t)
  setEnv(server.env)
  makeBucket(server, 'data')
  const content = Buffer.alloc(3_000_000, 'label,qid,x\n')
  const local = t.testdir({ whole: content, other: content.subarray(1) })
  const direct = await S3.open(s3Settings(server.env))
  t.teardown(() => direct.close())
  const address = { bucket: 'data', key: 'big.csv' }
  await direct.put(join(local, 'whole'), address)

  const read = async (cuts: number[], onCut?: () => Promise<void>) => {
    const proxy = await cuttingProxy(t, server.port, cuts, onCut)
    setEnv(s3Env(proxy.port))
    const s3 = await S3.open(s3Settings(s3Env(proxy.port)))
    t.teardown(() => s3.close())
    const [object] = await direct.find(address)
    return { bytes: readAll(s3.read(object!)), requests: proxy.requests }
  }
  const cut = await read([1_000_000, 500_000, 300])
  t.ok((await cut.bytes).equals(content), 'every byte once')
  const ranges = [...cut.requests().matchAll(/^range: bytes=(\d+)-\r$/gim)].map((match) => Number(match[1]))
  t.ok(ranges.length >= 2 && ranges[0]! > 900_000 && ranges[1]! > ranges[0]!, `went on at ${ranges}`)
  t.equal([...cut.requests().matchAll(/^if-match: "/gim)].length, ranges.length + 1)

  const endless = await read(new Array(100).fill(300))
  await t.rejects(endless.bytes, {
    code: 'S3_FAILED',
    message: /^s3:\/\/data\/big\.csv: S3 cannot be reached/,
  })

  // The proxy waits for it before it lets the next connection through.
  const changed = await read([1_000_000], () => direct.put(join(local, 'other'), address))
  await t.rejects(changed.bytes, { code: 'S3_FAILED', message: /the object was changed while it was read/ })
})

t.test('training from S3 and back into it', { skip: noS3Server }, async (t) => {
  const server = await startS3(t)
  setEnv(server.env)
  const bucket = makeBucket(server, 'ranking')
  makeBucket(server, 'models')
  const train = judgedData()
  mkdirSync(join(bucket, 'valid/deep'), { recursive: true })
  writeFileSync(join(bucket, 'train.csv'), toCsv(train))
  writeFileSync(join(bucket, 'valid/a.parquet'), toParquet(judgedData({ seed: 2 })))
  writeFileSync(join(bucket, 'valid/deep/b.jsonl'), toJsonLines(judgedData({ seed: 3 })))
  const cwd = t.testdir({})
  const trained = await ranker(
    [
      'train',
      '--bucket',
      'ranking',
      '--key',
      'train.csv',
      '--n-estimators',
      '3',
      '--validation',
      's3://ranking/valid',
    ],
    { env: server.env, cwd },
  )
  t.equal(trained.code, 0, trained.stderr)
  t.match(trained.stderr, /train: 800 rows of 40 queries.*\n.*validation: 1,600 rows of/)
  const model = readFileSync(join(cwd, 'ranker-output/model/model.onnx'))

  const uploaded = await ranker(
    ['train', '--train', 's3://ranking/train.csv', '--num-round=3', '--output', 's3://models/mine/'],
    { env: server.env, cwd },
  )
  t.equal(uploaded.code, 0, uploaded.stderr)
  t.match(uploaded.stderr, /wrote s3:\/\/models\/mine\/model\/ranker\.json/)
  const files = readdirSync(join(server.folder, 'models/mine'), { recursive: true, encoding: 'utf8' })
  for (const name of [
    'model/model.onnx',
    'model/model.ubj',
    'model/ranker.json',
    'output/data/metrics.json',
  ]) {
    t.ok(files.includes(name), name)
  }
  t.ok(readFileSync(join(server.folder, 'models/mine/model/model.onnx')).equals(model))
  t.notOk(existsSync(join(cwd, 's3:')), 'nothing is written here')
})

t.test('what is wrong is said in one sentence', { skip: noS3Server }, async (t) => {
  const server = await startS3(t)
  const bucket = makeBucket(server, 'data')
  writeFileSync(join(bucket, 'a.csv'), toCsv(judgedData({ queries: 2 })))
  const refused = async (argv: string[], message: RegExp, env: Record<string, string> = {}) => {
    setEnv({ ...server.env, ...env })
    const { code, stderr } = await ranker(['train', ...argv], {
      env: { ...server.env, ...env },
      cwd: t.testdir({}),
    })
    t.equal(code, 1)
    t.match(stderr, message)
    t.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  }
  await refused(
    ['--bucket', 'nowhere', '--key', 'a.csv'],
    /^error: s3:\/\/nowhere\/a\.csv: there is no bucket "nowhere"/,
  )
  await refused(
    ['--train', 's3://data/b.csv'],
    /^error: channel "train" is missing: nothing at s3:\/\/data\/b\.csv/,
  )
  await refused(['--train', 's3://'], /"s3:\/\/" is not an S3 address/)
  await refused(
    ['--train', 's3://data/a.csv', '--output', 's3://nowhere/x'],
    /s3:\/\/nowhere\/x: there is no bucket/,
  )
  await refused(['--bucket', 'data'], /--bucket and --key .* go together: --key is missing/)
  await refused(['--bucket', 'data', '--key', 'a', '--train', 'b'], /two places of the same channel/)
  await refused(
    ['--train', 's3://data/a.csv'],
    /s3:\/\/data\/a\.csv: the credentials were refused \(SignatureDoesNotMatch\)/,
    {
      AWS_SECRET_ACCESS_KEY: 'wrong',
    },
  )
  await refused(['--train', 's3://data/a.csv'], /there are no AWS credentials/, {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    HOME: t.testdirName,
  })
  const endpoint = `http://127.0.0.1:${await freePort()}`
  await refused(['--train', 's3://data/a.csv'], /S3 cannot be reached: .*ECONNREFUSED/, {
    AWS_ENDPOINT_URL_S3: endpoint,
  })
})
