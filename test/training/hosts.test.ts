import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { Cluster } from '../helpers/cluster.ts'
import { ranker, writeTree } from '../helpers/command.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'

// Processes are started and killed, on a machine that may be busy.
t.setTimeout(110_000)

const csv = {
  train: toCsv(judgedData({ queries: 60 })),
  validation: toCsv(judgedData({ seed: 2, queries: 20 })),
}
const replicated = () => ({ 'train/a.csv': csv.train, 'validation/v.csv': csv.validation })
const hyperparameters = { num_round: '20', eta: '0.2', nthread: '1' }
const two = ['127.0.0.1', '127.0.0.2']
const four = ['127.0.0.1', '127.0.0.2', '127.0.0.3', 'localhost']
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))
const hashSaid = (stderr: string) => /came to the same model\.ubj, sha256 (\w+)/.exec(stderr)?.[1]

/** metrics.json of a job on the same rows on one machine, in a folder beside those of the hosts. */
async function onOneMachine(t: Test, cluster: Cluster, argv: readonly string[]) {
  writeTree(cluster.path('one'), { 'train.csv': csv.train, 'validation.csv': csv.validation })
  const flags = ['--train', 'train.csv', '--validation', 'validation.csv', '--eta', '0.2', '--nthread', '1']
  const { code, stderr } = await ranker(['train', ...flags, '--output', 'out', ...argv], {
    cwd: cluster.path('one'),
  })
  t.equal(code, 0, stderr)
  return json(cluster.path('one'), 'out/output/data/metrics.json')
}

t.test('two hosts that have all files train one model on all rows', async (t) => {
  const cluster = await Cluster.create(t, { names: two, hyperparameters, data: replicated })
  cluster.start(two, 'container/train')
  const [single, [leader, member]] = await Promise.all([
    onOneMachine(t, cluster, ['--num-round', '20']),
    cluster.ends(),
  ])
  t.same([leader!.code, member!.code], [0, 0], leader!.stderr + member!.stderr)
  t.same(Object.keys(leader!.model), ['model.onnx', 'model.ubj', 'ranker.json'])
  t.same(member!.model, {})
  const hash = leader!.model['model.ubj']
  t.same([hashSaid(leader!.stderr), hashSaid(member!.stderr)], [hash, hash], 'both hold the same model')
  t.equal(leader!.stdout.trimEnd().split('\n').length, 20)
  t.equal(member!.stdout, '', 'rounds are told once')

  const { training } = json(cluster.path(two[0]!), 'model/ranker.json')
  t.match(training, { rows: 1200, queries: 60 }, 'each query was read by one of them')
  const metrics = json(cluster.path(two[0]!), 'output/data/metrics.json')
  t.ok(
    Math.abs(metrics.validation['ndcg@10'] - single.validation['ndcg@10']) < 0.02,
    'as good as one machine',
  )
  const [best, bestOfSingle] = [metrics, single].map(({ baselines }) => baselines.single_features[0])
  t.equal(best.feature, bestOfSingle.feature)
  t.ok(Math.abs(best.validation - bestOfSingle.validation) < 1e-12, 'measured over all shares')

  for (const [channel, queries] of [
    ['train', 60],
    ['validation', 20],
  ] as const) {
    const { comparisons } = metrics
    t.equal(comparisons[channel].queries, queries, `the ${channel} queries of all hosts are compared`)
    t.ok(Math.abs(comparisons[channel].metrics['ndcg@10'].mean - metrics[channel]['ndcg@10']) < 1e-12)
    const meansOf = (of: typeof metrics) =>
      of.comparisons[channel].baselines.map(({ mean }: { mean: number }) => Number(mean.toFixed(9)))
    t.same(meansOf(metrics), meansOf(single), 'and against what one machine compares with')
  }
  const lines = readFileSync(join(cluster.path(two[0]!), 'output/data/per_query.csv'), 'utf8').split('\n')
  const idsOf = (channel: string) =>
    lines.filter((line) => line.startsWith(`${channel},`)).map((line) => line.split(',')[1]!)
  const all = (count: number) => Array.from({ length: count }, (_, query) => `q${query}`).sort()
  t.same(idsOf('train').sort(), all(60))
  t.same(idsOf('validation').sort(), all(20))
  const report = readFileSync(join(cluster.path(two[0]!), 'output/data/report.html'), 'utf8')
  t.match(report, /Only 20 queries of validation are judged/)
})

t.test('four hosts, sharded: one has no file, one comes late', async (t) => {
  const lines = csv.train.trimEnd().split('\n')
  const [header, rows] = [lines[0]!, lines.slice(1)]
  // 20 rows a query: shards of 25, 20 and 15 queries; f5 has numbers in the last one only.
  const shards: Record<string, string[]> = {
    '127.0.0.1': rows.slice(0, 500).map((row) => row.replace(/[^,]*$/, '')),
    '127.0.0.3': rows.slice(500, 900).map((row) => row.replace(/[^,]*$/, '')),
    localhost: rows.slice(900),
  }
  // XGBoost's own empty worker falls out of step with this pair.
  const sampling = { subsample: '0.8', colsample_bynode: '0.8' }
  const cluster = await Cluster.create(t, {
    names: four,
    hyperparameters: { ...hyperparameters, ...sampling, num_round: '200', early_stopping_rounds: '10' },
    data: (name) => ({
      'validation/v.csv': csv.validation,
      ...(shards[name] && { 'train/part.csv': [header, ...shards[name]].join('\n') }),
    }),
    inputDataConfig: { train: { S3DistributionType: 'ShardedByS3Key' }, validation: {} },
  })
  cluster.start(four.slice(0, 3))
  const flags = ['--num-round', '200', '--early-stopping-rounds', '10', '--subsample', '0.8']
  const single = await onOneMachine(t, cluster, [...flags, '--colsample-bynode', '0.8'])
  await sleep(500)
  cluster.start(['localhost'])
  const ends = await cluster.ends()
  t.same(
    ends.map(({ code }) => code),
    [0, 0, 0, 0],
    ends.map(({ stderr }) => stderr).join(),
  )
  t.equal(new Set(ends.map(({ stderr }) => hashSaid(stderr))).size, 1)
  t.match(ends[1]!.stderr, /train: no row here, so one query of 127\.0\.0\.1 is taken over/)

  const manifest = json(cluster.path(four[0]!), 'model/ranker.json')
  t.match(manifest.training, { rows: 1200, queries: 60 })
  t.same(manifest.featureNames, ['f0', 'f1', 'f2', 'f3', 'f4', 'f5'])
  const { best_iteration: best, validation } = json(cluster.path(four[0]!), 'output/data/metrics.json')
  t.equal(
    ends[0]!.stdout.trimEnd().split('\n').length,
    best + 11,
    'all stopped ten rounds after the best one',
  )
  t.ok(Math.abs(validation['ndcg@10'] - single.validation['ndcg@10']) < 0.02, 'as good as one machine')
})

t.test(
  'columns that have but numbers, weights beside the label, a part held out to validate on',
  async (t) => {
    const rows = (columns: readonly number[]) =>
      Array.from({ length: 60 }, (_, row) => {
        const query = Math.floor(row / 10)
        const cells = columns.map((column) => `${column}:${(row * (column + 7)) % 11}`)
        return `${row % 3}:${1 + (query % 2)} qid:${query} ${cells.join(' ')}`
      }).join('\n')
    const names = four.slice(0, 3)
    const columns: Record<string, number[]> = { '127.0.0.1': [0, 1], '127.0.0.3': [0, 3] }
    const cluster = await Cluster.create(t, {
      names,
      hyperparameters: { ...hyperparameters, num_round: '3', validation_fraction: '0.3' },
      // The same ids on both hosts are other queries: whoever shards sees to it that none is torn.
      data: (name): Record<string, string> =>
        columns[name] ? { 'train/a.libsvm': rows(columns[name]) } : {},
      inputDataConfig: { train: { S3DistributionType: 'ShardedByS3Key' } },
    })
    cluster.start()
    const ends = await cluster.ends()
    t.same(
      ends.map(({ code }) => code),
      [0, 0, 0],
      ends.map(({ stderr }) => stderr).join(),
    )
    const { featureNames, training } = json(cluster.path('127.0.0.1'), 'model/ranker.json')
    t.same(featureNames, ['f0', 'f1', 'f2', 'f3'])
    t.match(training, { rows: 80, queries: 8 }, 'two of six queries are held out on each host that has some')
    const { validation } = json(cluster.path('127.0.0.1'), 'output/data/metrics.json')
    t.ok(validation['ndcg@10'] > 0 && validation['ndcg@10'] <= 1)
  },
)

t.test('hosts that were killed go on from the leader’s checkpoint, to the same bytes', async (t) => {
  const options = {
    names: two,
    hyperparameters: {
      ...hyperparameters,
      num_round: '120',
      eta: '0.05',
      subsample: '0.7',
      colsample_bynode: '0.7',
      checkpoint_interval: '7',
    },
    data: replicated,
    checkpoints: true,
  }
  const undisturbed = await Cluster.create(t, options)
  undisturbed.start()
  const killed = await Cluster.create(t, options)
  killed.start()
  t.ok(await killed.round(30))
  for (const name of two) killed.kill(name, 'SIGKILL')
  for (const end of await killed.ends()) t.equal(end.signal, 'SIGKILL', 'it had not ended before')
  t.same(readdirSync(killed.path('127.0.0.2')).includes('checkpoints'), false, 'the leader alone keeps them')
  killed.start()
  const [leader, member] = await killed.ends()
  t.same([leader!.code, member!.code], [0, 0], leader!.stderr + member!.stderr)
  t.match(leader!.stderr, /resumed from .*: (28|35) rounds are done/)
  t.same(leader!.model, (await undisturbed.end('127.0.0.1')).model)
})

t.test('a host that dies or hangs ends the others, by name', async (t) => {
  for (const [names, victim, signal, reason] of [
    [four.slice(0, 3), '127.0.0.2', 'SIGKILL', 'its process ended without a word'],
    [two, '127.0.0.1', 'SIGKILL', 'its process ended without a word'],
    [two, '127.0.0.2', 'SIGSTOP', 'nothing was heard of it for 4 s'],
  ] as const) {
    await t.test(`${signal} of ${victim}`, async (t) => {
      const endless = { ...hyperparameters, num_round: '100000' }
      const cluster = await Cluster.create(t, {
        names,
        hyperparameters: endless,
        data: replicated,
        timeout: 4,
      })
      cluster.start()
      await cluster.round(3)
      cluster.kill(victim, signal)
      const begin = performance.now()
      const others = await cluster.ends(names.filter((name) => name !== victim))
      t.ok(performance.now() - begin < 12_000, 'soon')
      for (const end of others) t.match(end, { code: 1, failure: `host ${victim}: ${reason}`, model: {} })
    })
  }
})

t.test('what is wrong on one host is said by all', async (t) => {
  const cases: Record<string, [Partial<Parameters<typeof Cluster.create>[1]>, string | RegExp]> = {
    'a bad cell': [
      {
        data: (name) => ({
          ...replicated(),
          'train/a.csv': name === '127.0.0.2' ? csv.train.replaceAll(/\n0,/g, '\n-7,') : csv.train,
        }),
      },
      /^host 127\.0\.0\.2: train\/a\.csv line \d+, column "label" \(the label\) is "-7"/,
    ],
    'a column less': [
      {
        data: (name) => ({
          ...replicated(),
          'train/a.csv': name === '127.0.0.2' ? csv.train.replace(',f4,', ',g4,') : csv.train,
        }),
      },
      'host 127.0.0.2: train/a.csv has no feature column "f4": its columns are "f0", "f1", "f2", "f3", "g4", "f5"',
    ],
  }
  for (const [name, [options, sentence]] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const cluster = await Cluster.create(t, { names: two, hyperparameters, data: replicated, ...options })
      cluster.start()
      for (const end of await cluster.ends()) {
        t.equal(end.code, 1)
        t.match(end.failure, sentence)
        t.same(end.model, {})
        t.equal(end.stdout, '')
      }
    })
  }
})

t.test('hosts that cannot come together', async (t) => {
  /** XGBoost is not reached: the hosts of a case that take part run in this process. */
  const refused = async (
    taking: readonly string[],
    sentence: RegExp,
    options: Partial<Parameters<typeof Cluster.create>[1]> = {},
  ) => {
    const cluster = await Cluster.create(t, {
      names: two,
      hyperparameters,
      data: replicated,
      timeout: 1,
      ...options,
    })
    await Promise.all(
      taking.map(async (name) => {
        t.equal((await ranker(['train'], { env: cluster.env(name) })).code, 1)
        t.match(cluster.left(name).failure, sentence)
        t.same(cluster.left(name).model, {})
      }),
    )
  }
  const occupied = createServer().listen(0)
  const { port } = occupied.address() as AddressInfo
  const resource = 'input/config/resourceconfig.json'
  const config = 'input/config/hyperparameters.json'
  await Promise.all([
    refused(['127.0.0.1'], /waited 1 s for the host 127\.0\.0\.2: nothing came/),
    refused(['127.0.0.2'], /waited 1 s for the leading host 127\.0\.0\.1 on port \d+: .*ECONNREFUSED/),
    refused(['localhost'], /for the leading host algo-1\.invalid on .*(ENOTFOUND|EAI_AGAIN)/, {
      names: ['algo-1.invalid', 'localhost'],
    }),
    refused(['127.0.0.1'], /cannot listen on port \d+: .*EADDRINUSE.*RANKER_TRACKER_PORT moves it/, { port }),
    refused(['127.0.0.2'], /host 127\.0\.0\.1 on port \d+: what listens there does not answer as a host/, {
      port,
    }),
    refused(['127.0.0.2'], /current_host is "algo-9": wanted one of its hosts, "127\.0\.0\.1"/, {
      files: { '127.0.0.2': { [resource]: { current_host: 'algo-9', hosts: two } } },
    }),
    // What is wrong before the data is read reaches the others too.
    refused(two, /^host 127\.0\.0\.2: channel "train" is missing: nothing at /, {
      data: (name) => (name === '127.0.0.2' ? { 'validation/v.csv': csv.validation } : replicated()),
    }),
    refused(two, /^host 127\.0\.0\.1: unknown hyperparameter "max_dept"/, {
      files: { '127.0.0.1': { [config]: { ...hyperparameters, max_dept: '3' } } },
    }),
  ])
  occupied.close()
})

t.test('strangers on the port are not let in, and do no harm', async (t) => {
  const endless = { ...hyperparameters, num_round: '100000' }
  const cluster = await Cluster.create(t, { names: two, hyperparameters: endless, data: replicated })
  cluster.start()
  await cluster.round(1)
  const answer = async (text: string) => {
    const socket = connect(cluster.port, '127.0.0.1').setEncoding('utf8')
    socket.on('error', () => {})
    socket.write(text)
    return (await socket.toArray()).join('')
  }
  t.notMatch(await answer('GET / HTTP/1.1\r\n\r\n'), /welcome|refused/)
  t.notMatch(await answer('{"type":"failed","host":"127.0.0.2","reason":"no"}\n'), /welcome|failed/)
  const hello = { type: 'hello', host: '127.0.0.2', hosts: two, version: '0.0.0' }
  t.match(await answer(`${JSON.stringify(hello)}\n`), /"refused".*the leader runs version/)
  const { version } = json(import.meta.dirname, '../../package.json')
  t.match(
    await answer(`${JSON.stringify({ ...hello, version })}\n`),
    /another machine came as 127\.0\.0\.2 before/,
  )
  t.match(await answer(`${JSON.stringify({ ...hello, hosts: ['a', 'b'] })}\n`), /has another job/)

  // SIGTERM on a host that does not lead: all stop after the same round, and the leader keeps the model.
  cluster.kill('127.0.0.2', 'SIGTERM')
  const [leader, member] = await cluster.ends()
  t.same([leader!.code, member!.code], [0, 0], leader!.stderr)
  const { bestIteration } = json(cluster.path('127.0.0.1'), 'model/ranker.json')
  t.ok(bestIteration > 0 && bestIteration < 100_000)
  const model = readFileSync(cluster.path('127.0.0.1', 'model/model.ubj'))
  t.equal(readXGBoostModel(model, 'model.ubj').trees.length, bestIteration + 1)
  for (const { stderr } of [leader!, member!]) t.match(stderr, `asked to stop after round ${bestIteration}`)
  t.same(member!.model, {})
})
