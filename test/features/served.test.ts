import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FUNCTIONS } from '../../src/features/expression.ts'
import { planFeatures } from '../../src/features/plan.ts'
import { specJsonSchema } from '../../src/features/spec.ts'
import { parseSpec } from '../../src/features/spec-text.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { modelFn } from '../../src/serving/model-fn.ts'
import { Cluster } from '../helpers/cluster.ts'
import { ranker } from '../helpers/command.ts'
import { seededRandom } from '../helpers/judged-data.ts'
import { emptyFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'
import { readBySpec } from '../helpers/spec-data.ts'

const SPEC = `
# What a shop knows of a lot.
features:
  - retail_price
  - { kind: derived, name: margin, expr: (retail_price - cost) / retail_price }
  - { kind: categorical, column: brand, max: 3 }
  - { kind: categorical, name: condition, column: condition, encode: onehot }
  - { kind: text, column: title, measures: [coverage, bm25, trigrams] }
  - { kind: date, name: age, column: listed, at: query.time }
  - { kind: group, of: margin, measures: [rank, from_best] }
  - { kind: embedding, column: vector, against: query.vector }
  - { kind: prior, name: rate, columns: [brand] }
`
const WORDS = ['oak', 'table', 'red', 'lampe', 'café', '東京', 'chair', 'old']
const BRANDS = ['Acme', 'Öko', 'Zeta', '3', 'b, c', 'rare']

interface Judged {
  readonly qid: string
  readonly query: Record<string, unknown>
  readonly items: Record<string, unknown>[]
}

/** Queries whose grades follow the margin, a brand and the words that an item shares with the query. */
function judged(queries: number, seed = 3): Judged[] {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const text = (words: number) => Array.from({ length: words }, () => pick(WORDS)).join(' ')
  const vector = () => [random(), random(), random()].map((one) => Math.fround(one - 0.5))
  return Array.from({ length: queries }, (_, at) => {
    const query = { text: text(2), time: '2026-11-01T10:00:00Z', vector: vector() }
    const items = Array.from({ length: 4 + Math.floor(random() * 12) }, (_, id) => {
      const [price, cost] = [10 + Math.round(random() * 1000) / 10, Math.round(random() * 100) / 10]
      const brand = random() < 0.1 ? null : pick(BRANDS)
      const title = text(4)
      const shared = title.split(' ').filter((word) => query.text.includes(word)).length
      const grade = Math.min(4, Math.floor((1 - cost / price) * 2 + shared / 2 + (brand === 'Acme' ? 1 : 0)))
      return {
        id: `i${id}`,
        label: grade,
        retail_price: price,
        cost,
        brand,
        condition: pick(['new', 'used']),
        title,
        listed: `2026-0${1 + Math.floor(random() * 9)}-15`,
        vector: vector(),
      }
    })
    return { qid: `q${at}`, query, items }
  })
}

const jsonLines = (all: readonly Judged[]) => all.map((one) => JSON.stringify(one)).join('\n')

function csv(all: readonly Judged[], names: readonly string[]): string {
  const cell = (value: unknown) => {
    const text = value === null ? '' : Array.isArray(value) ? JSON.stringify(value) : String(value)
    return `"${text.replaceAll('"', '""')}"`
  }
  const rows = all.flatMap(({ qid, query, items }) =>
    items.map((item) => {
      const ofQuery = Object.fromEntries(
        Object.entries(query).map(([name, value]) => [`query.${name}`, value]),
      )
      const row: Record<string, unknown> = { qid, ...ofQuery, ...item }
      return names.map((name) => cell(row[name]))
    }),
  )
  return [names, ...rows].join('\n')
}
const NAMES = [
  'title',
  'qid',
  'label',
  'vector',
  'query.vector',
  'cost',
  'retail_price',
  'listed',
  'query.text',
  'brand',
  'condition',
  'query.time',
]

/** Trains in a folder of its own. */
async function train(t: Test, files: Record<string, string>, flags: readonly string[]) {
  const folder = emptyFolder(t)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const result = await ranker(['train', '--output', folder, '--num-round', '8', ...flags], { cwd: folder })
  const manifest = () => JSON.parse(readFileSync(join(folder, 'model/ranker.json'), 'utf8')) as Manifest
  return { ...result, folder, model: join(folder, 'model'), manifest }
}

const all = judged(30)
const FILES = { 'features.yaml': SPEC, 'train.jsonl': jsonLines(all), 'train.csv': csv(all, NAMES) }
const TRAIN = ['--train', 'train.jsonl', '--features', 'features.yaml', '--enable-categorical', 'true']

/** One model for several tests. */
const trained = train(t, FILES, TRAIN)

t.test('raw rows are trained on, proven and served', { timeout: 60_000 }, async (t) => {
  const { code, stderr, model, manifest } = await trained
  t.equal(code, 0, stderr)
  const { featureNames, goldenRows } = manifest()
  t.same(featureNames, [
    'retail_price',
    'margin',
    'brand',
    'condition=new',
    'condition=used',
    'title.coverage',
    'title.bm25',
    'title.trigrams',
    'age',
    'group.margin.rank',
    'group.margin.from_best',
    'vector.cosine',
    'rate',
  ])
  t.equal(goldenRows.rows.length, goldenRows.scores.length)
  t.ok(
    goldenRows.sizes!.some((size) => size > 1),
    'golden rows are whole queries',
  )
  t.ok(goldenRows.columns.includes('query.text') && goldenRows.columns.includes('brand'))

  const server = await startServer(t, model)
  t.equal((await server.ping()).statusCode, 200)
  const { query, items } = all[4]!
  const raw = items.map(({ label: _, ...item }) => item)
  const ranked = await server.invoke({ query, items: raw, explain: true })
  t.equal(ranked.statusCode, 200, ranked.body)
  const { ranking } = ranked.json()
  t.equal(ranking.length, items.length)
  const scores = new Map<string, number>(
    ranking.map((one: { id: string; score: number }) => [one.id, one.score]),
  )

  const types = await ranker(['types', '--model-path', model])
  t.match(types.stdout, 'readonly brand: string | number | boolean | null')
  t.match(types.stdout, 'readonly vector: readonly number[] | string | null')
  t.match(types.stdout, /interface Query \{\n[^}]*readonly time\?: string \| null\n/)

  await t.test('contributions are told by feature of the spec, with the raw values', async (t) => {
    for (const { id, score, contributions, base, values } of ranking) {
      const names = [
        'retail_price',
        'margin',
        'brand',
        'condition',
        'title',
        'age',
        'group.margin',
        'vector',
        'rate',
      ]
      t.same(Object.keys(contributions), names)
      const sum = Object.values<number>(contributions).reduce((total, one) => total + one, base)
      t.ok(Math.abs(sum - score) < 1e-4, `${sum} is ${score}`)
      const item = raw.find((one) => one.id === id)!
      t.match(values, { brand: item.brand, title: item.title, retail_price: item.retail_price })
      t.ok(Math.abs(values.margin - (1 - Number(item.cost) / Number(item.retail_price))) < 1e-6)
    }
    const csv = await server.invoke({ query, items: raw, explain: true }, { accept: 'text/csv' })
    t.match(csv.body.split('\n')[0], /"\{""retail_price"":/)
  })

  await t.test('the order of columns and items is of no matter', async (t) => {
    const turned = raw.toReversed().map((item) => Object.fromEntries(Object.entries(item).toReversed()))
    const again = (await server.invoke({ items: turned, query })).json().ranking
    for (const { id, score } of again) t.equal(score, scores.get(id), id)
    const one: Judged = { qid: 'x', query, items: items.toReversed() }
    const table = await server.invoke(csv([one], NAMES.toReversed()), {
      'content-type': 'text/csv; header=present',
    })
    t.same(
      table.body.trim().split('\n').map(Number),
      one.items.map(({ id }) => scores.get(id as string)),
    )
  })

  await t.test('a column that is lost, misspelt or of another type is refused by name', async (t) => {
    const without = (name: string) => raw.map(({ [name]: _, ...item }: Record<string, unknown>) => item)
    const refused = async (body: object, sentence: RegExp) => {
      const answer = await server.invoke(body)
      t.equal(answer.statusCode, 422, answer.body)
      t.match(answer.json().error.message, sentence)
    }
    for (const name of ['retail_price', 'cost', 'brand', 'condition', 'title', 'listed', 'vector']) {
      await refused(
        { query, items: without(name) },
        new RegExp(`the column "${name}" .* nowhere in the request`),
      )
    }
    await refused({ items: raw }, /the columns "query\.text", "query\.vector" .* nowhere/)
    await refused({ query: { text: 'a' }, items: raw }, /the column "query\.vector"/)
    await refused({ query: { ...query, text: {} }, items: raw }, /query\.text is an object: wanted text/)
    const changed = (change: object) => ({
      query,
      items: raw.map((item, at) => (at === 2 ? { ...item, ...change } : item)),
    })
    await refused(changed({ cost: '5' }), /item "i2", column "cost" is "5": wanted a finite number/)
    await refused(
      changed({ brand: ['Acme'] }),
      /column "brand" is an array: wanted text, a number, true, false or a missing value/,
    )
    await refused(changed({ listed: 'soon' }), /column "listed" is "soon": wanted a date of ISO 8601/)
    await refused(changed({ listed: 1_700_000_000 }), /column "listed" is 1700000000: wanted a date/)
    await refused(
      changed({ vector: [1, 2] }),
      /column "vector" is an array: wanted a vector of 3 values, as in training/,
    )
    await refused(changed({ vector: 'x' }), /column "vector" is "x": wanted a vector/)
    // Ready features, in order, have no names to be wrong.
    const width = manifest().featureNames.length
    const ready = await server.invoke(`${Array(width).fill('').join(',')}\n`)
    t.equal(ready.statusCode, 200, ready.body)
    t.match(
      (await server.invoke('1,2\n')).json().error.message,
      /row 1 has 2 values: the model takes 13 features/,
    )
    const noGroup = NAMES.filter((name) => name !== 'qid')
    const table = await server.invoke(csv([all[0]!], noGroup), { 'content-type': 'text/csv; header=present' })
    t.match(table.json().error.message, /the column "qid" .* nowhere in the request/)
    const other = { ...all[0]!, query: { ...all[0]!.query, text: 'other' } }
    const mixed = await server.invoke(csv([all[0]!, other], NAMES), {
      'content-type': 'text/csv; header=present',
    })
    t.match(mixed.json().error.message, /column "query\.text" is "other": wanted the same as in row 1/)
  })

  await t.test('what was never seen is missing, what is missing may be left out of some items', async (t) => {
    const of = async (change: object) => {
      const changed = raw.map((item, at) => (at === 0 ? { ...item, ...change } : item))
      return (await server.invoke({ query, items: changed }))
        .json()
        .ranking.find((one: { id: string }) => one.id === 'i0').score
    }
    t.equal(await of({ brand: 'never seen' }), await of({ brand: null }))
    t.equal(await of({ brand: 3 }), await of({ brand: ' 3.0 ' }))
    const { brand: _, ...less } = raw[0]!
    const answer = await server.invoke({ query, items: [less, ...raw.slice(1)] })
    t.equal(answer.statusCode, 200, answer.body)
    t.same((await server.invoke({ query: {}, items: [] })).json().ranking, [])
    // A query that does not say its time is made now.
    const { time: __, ...untimed } = query as { time: string }
    const aged = await server.invoke({ query: untimed, items: raw, explain: true })
    const days = (Date.now() - Date.parse(String(raw[0]!.listed))) / 86_400_000
    const { values } = aged.json().ranking.find((one: { id: string }) => one.id === 'i0')
    t.ok(Math.abs(values.age - days) < 0.01, `${values.age} is ${days}`)
  })
})

t.test(
  'CSV with its rows apart, JSON Lines and spilled rows give the same model',
  { timeout: 60_000 },
  async (t) => {
    const models = [
      await trained,
      await train(t, FILES, ['--train', 'train.csv', ...TRAIN.slice(2)]),
      await train(t, FILES, [...TRAIN, '--memory-limit', '1MB']),
    ]
    for (const { stderr } of models) t.match(stderr, /best iteration/)
    t.match(models[2]!.stderr, /kept on disk because they outgrow the memory limit/)
    const [first, ...others] = models.map(({ manifest }) => manifest())
    for (const other of others) {
      t.same(other.features, first!.features)
      t.equal(other.training.fingerprint, first!.training.fingerprint)
    }
    t.equal(others[0]!.files['model.ubj'], first!.files['model.ubj'])
  },
)

t.test(
  'a manifest that says something else of the features is not served',
  { timeout: 60_000 },
  async (t) => {
    const { model, manifest } = await trained
    type Features = { spec: { features: Record<string, unknown>[] }; learnt: object[] }
    const refused = async (change: (features: Features) => object, sentence: RegExp) => {
      const changed = manifest()
      changed.features = change(changed.features as never) as never
      const folder = emptyFolder(t)
      cpSync(model, folder, { recursive: true })
      writeFileSync(join(folder, 'ranker.json'), JSON.stringify(changed))
      await t.rejects(async () => modelFn(folder), { message: sentence }, sentence.source)
    }
    const respecified = (features: Features, at: number, change: object): Features => ({
      ...features,
      spec: { features: features.spec.features.with(at, { ...features.spec.features[at], ...change }) },
    })
    await refused(
      (one) => respecified(one, 1, { expr: '(retail_price - cost) / cost' }),
      /golden row \d+: the manifest says/,
    )
    await refused(
      (one) => respecified(one, 1, { expr: 'process.exit()' }),
      /ranker\.json is damaged: features: ranker\.json/,
    )
    await refused(
      (one) => respecified(one, 4, { measures: ['bm25'] }),
      /features does not make the features that/,
    )
    await refused((one) => ({ ...one, learnt: one.learnt.slice(1) }), /wanted one entry of learnt a feature/)
    const swapped = { categories: { values: ['Zeta', 'Acme', '3'], others: [] } }
    await refused((one) => ({ ...one, learnt: one.learnt.with(2, swapped) }), /golden row \d+/)
  },
)

t.test('what cannot work fails before training starts, with its place', { timeout: 60_000 }, async (t) => {
  const folder = emptyFolder(t)
  const refused = async (
    spec: string,
    sentence: RegExp,
    name = 'train.jsonl',
    content = FILES['train.jsonl'],
  ) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    await t.rejects(async () => readBySpec(t, spec, { train: path }), { message: sentence }, sentence.source)
  }
  await refused('features: [nothing]', /train\.jsonl has no feature column "nothing": its columns are/)
  await refused(
    'features: [label]',
    /features\.yaml: features\[0\] reads the column "label", which is the label/,
  )
  await refused(
    'features: [{kind: derived, name: x, expr: label + 1}]',
    /features\[0\] reads the column "label", which is the label/,
  )
  await refused('features: [title]', /train\.jsonl line 1, column "title" is ".*": wanted a finite number/)
  await refused(
    'features: [{kind: date, column: title, at: query.time}]',
    /column "title" is ".*": wanted a date of ISO 8601/,
  )
  await refused(
    'features: [{kind: embedding, column: vector, against: query.text}]',
    /column "query\.text" is ".*": wanted a vector/,
  )
  await refused('features: [f0]', /is libsvm, whose columns have numbers only/, 'x.libsvm', '1 qid:1 0:1\n')
  await refused(
    'features: [{kind: text, column: title, measures: [bm25]}]',
    /line \d+, column "query\.text" is "other", and ".*" on the query's first row/,
    'varying.csv',
    csv([all[0]!, { ...all[0]!, query: { ...all[0]!.query, text: 'other' } }], NAMES),
  )
  const job = await train(t, FILES, [...TRAIN.slice(0, 4), '--enable-categorical', 'false'])
  t.match(job.stderr, /enable_categorical is false, and the feature spec has the categorical feature "brand"/)
  t.same([job.code, job.stdout], [1, ''], 'no round was trained')
  const exact = await train(t, FILES, [...TRAIN.slice(0, 4), '--tree-method', 'exact'])
  t.match(exact.stderr, /tree_method exact takes no categories/)
})

t.test(
  'a job finds its spec in the config channel or in the hyperparameter',
  { timeout: 60_000 },
  async (t) => {
    const root = emptyFolder(t)
    for (const folder of ['input/config', 'input/data/train', 'input/data/config'])
      mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'input/data/train/train.jsonl'), FILES['train.jsonl'])
    const config = join(root, 'input/data/config/features.yml')
    const job = async (hyperparameters: object, spec: string | undefined) => {
      writeFileSync(
        join(root, 'input/config/hyperparameters.json'),
        JSON.stringify({ num_round: '2', ...hyperparameters }),
      )
      if (spec !== undefined) writeFileSync(config, spec)
      const result = await ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root }, cwd: root })
      return {
        ...result,
        names:
          result.code === 0 && JSON.parse(readFileSync(join(root, 'model/ranker.json'), 'utf8')).featureNames,
      }
    }
    t.same((await job({ features: '{"features":["cost"]}' }, undefined)).names, ['cost'])
    t.same((await job({}, 'features: [retail_price, cost]')).names, ['retail_price', 'cost'])
    t.same((await job({ features: 'features.yml' }, undefined)).names, ['retail_price', 'cost'])
    t.match((await job({ features: 'cost' }, undefined)).stderr, /both say what the features are/)
    writeFileSync(join(root, 'input/data/config/other.yml'), 'features: [cost]')
    t.match(
      (await job({}, undefined)).stderr,
      /channel "config" holds "features\.yml", "other\.yml": wanted one feature spec/,
    )
  },
)

t.test('training goes on with the features of the model', { timeout: 60_000 }, async (t) => {
  const first = await trained
  const more = { ...FILES, 'train.jsonl': jsonLines(judged(20, 9)) }
  const next = await train(t, more, ['--train', 'train.jsonl', '--model', first.model])
  t.equal(next.code, 0, next.stderr)
  t.same(next.manifest().features, first.manifest().features, 'categories keep their codes')
  const other = await train(t, { ...more, 'features.yaml': 'features: [cost]' }, [
    ...TRAIN,
    '--model',
    first.model,
  ])
  t.match(other.stderr, /its features are others than those of features\.yaml/)
})

t.test(
  'an incumbent is measured on what its own serving would make of the rows',
  { timeout: 60_000 },
  async (t) => {
    const first = await trained
    const scored = judged(12, 9)
    const files = { ...FILES, 'train.jsonl': jsonLines(judged(20, 8)), 'test.jsonl': jsonLines(scored) }
    const asIncumbent = ['--test', 'test.jsonl', '--model', first.model, '--model-channel', 'incumbent']
    const ofIncumbent = ({ folder }: { folder: string }) =>
      JSON.parse(readFileSync(join(folder, 'output/data/metrics.json'), 'utf8')).baselines.incumbent
        .test as number
    const server = await startServer(t, first.model)
    const ndcgs: number[] = []
    for (const { query, items } of scored) {
      const { ranking } = (await server.invoke({ query, items })).json()
      const grades = new Map(items.map(({ id, label }) => [id, 2 ** Number(label) - 1]))
      const dcg = (gains: number[]) =>
        gains.slice(0, 10).reduce((sum, gain, rank) => sum + gain / Math.log2(rank + 2), 0)
      const best = dcg([...grades.values()].sort((a, b) => b - a))
      ndcgs.push(best === 0 ? 1 : dcg(ranking.map(({ id }: { id: string }) => grades.get(id)!)) / best)
    }
    const served = ndcgs.reduce((sum, one) => sum + one, 0) / ndcgs.length

    const other = {
      ...files,
      'features.yaml': 'features: [cost, { kind: numeric, name: margin, column: retail_price }]',
    }
    const bySpec = await train(t, other, [
      ...TRAIN.slice(0, 4),
      ...asIncumbent,
      ...['--validation-fraction', '0.3'],
    ])
    t.equal(bySpec.code, 0, bySpec.stderr)
    t.ok(Math.abs(ofIncumbent(bySpec) - served) < 1e-6, `${ofIncumbent(bySpec)} is ${served}`)

    // A model of plain columns, whose names another spec gives to other things.
    const items = all.flatMap(({ qid, items }) => items.map((item) => ({ qid, ...item, vector: undefined })))
    const rows = items.map((item) => JSON.stringify(item)).join('\n')
    const names = ['--features', 'retail_price,cost']
    const test = scored.flatMap(({ qid, items }) =>
      items.map((item) => ({ qid, ...item, vector: undefined })),
    )
    const flat = { 'train.jsonl': rows, 'test.jsonl': test.map((row) => JSON.stringify(row)).join('\n') }
    const plain = await train(t, flat, [...TRAIN.slice(0, 2), '--test', 'test.jsonl', ...names])
    t.equal(plain.code, 0, plain.stderr)
    const onPlain = (spec: string) =>
      train(t, { ...files, 'features.yaml': spec }, [
        ...TRAIN.slice(0, 4),
        ...['--test', 'test.jsonl', '--model', plain.model, '--model-channel', 'incumbent'],
      ])
    const swapped = await onPlain(
      'features: [{ kind: numeric, name: cost, column: retail_price }, { kind: numeric, name: retail_price, column: cost }]',
    )
    t.equal(swapped.code, 0, swapped.stderr)
    const { test: own } = JSON.parse(readFileSync(join(plain.folder, 'output/data/metrics.json'), 'utf8'))
    t.ok(Math.abs(ofIncumbent(swapped) - own['ndcg@10']) < 1e-6)

    const without = jsonLines(
      judged(5).map((one) => ({ ...one, items: one.items.map(({ brand: _, ...item }) => item) })),
    )
    const lost = await train(t, { ...other, 'test.jsonl': without }, [...TRAIN.slice(0, 4), ...asIncumbent])
    t.equal(lost.code, 1)
    t.match(
      lost.stderr,
      /model\.ubj cannot be measured on these data: test\.jsonl has no feature column "brand"/,
    )
  },
)

t.test('the pages on features hold', { timeout: 60_000 }, async (t) => {
  const root = join(import.meta.dirname, '../..')
  const page = readFileSync(join(root, 'docs/features.md'), 'utf8')
  const fences = (kind: string) =>
    [...page.matchAll(new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!)
  const specs = fences('yaml')
  for (const [at, text] of specs.entries())
    t.ok(planFeatures(parseSpec(text, `example ${at}`), `example ${at}`))
  for (const kind of [
    'numeric',
    'derived',
    'categorical',
    'embedding',
    'text',
    'date',
    'group',
    'position',
    'prior',
  ])
    t.match(page, new RegExp(`^\\*\\*${kind}\\*\\*:`, 'm'))
  for (const name of Object.keys(FUNCTIONS)) t.match(page, new RegExp(`\\b${name}\\b`))
  const files = { 'features.yaml': specs[0]!, 'train.jsonl': fences('jsonl')[0]! }
  const { model, stderr } = await train(t, files, TRAIN.slice(0, 4))
  t.match(stderr, /8 features/)
  const server = await startServer(t, model)
  const answer = await server.invoke(fences('json')[0]!, { 'content-type': 'application/json' })
  t.equal(answer.statusCode, 200, answer.body)
  t.equal(answer.json().ranking.length, 2)

  const schema = readFileSync(join(root, 'docs/feature-spec.schema.json'), 'utf8')
  t.equal(
    schema,
    `${JSON.stringify(specJsonSchema(), undefined, 2)}\n`,
    'the schema is as npm run docs writes it',
  )
  const examples = join(root, 'examples/features')
  for (const name of readdirSync(examples).filter((one) => one.endsWith('.yaml'))) {
    const text = readFileSync(join(examples, name), 'utf8')
    t.ok(planFeatures(parseSpec(text, name), name))
    t.match(readFileSync(join(examples, 'README.md'), 'utf8'), `(${name})`)
  }
})

t.test('a first spec from the data', { timeout: 60_000 }, async (t) => {
  const folder = emptyFolder(t)
  const known = all.map((one) => ({
    ...one,
    items: one.items.map((item, at) => ({
      ...item,
      sku: `${one.qid}-${at}`,
      constant: 1,
      clicks: Number(item.label) * 2,
      empty: null,
    })),
  }))
  const names = [...NAMES, 'sku', 'constant', 'clicks', 'empty']
  for (const [name, content] of Object.entries({ 'a.jsonl': jsonLines(known), 'a.csv': csv(known, names) })) {
    writeFileSync(join(folder, name), content)
    const result = await ranker(['features', '--from', name], { cwd: folder })
    t.equal(result.code, 0, result.stderr)
    const { features } = parseSpec(result.stdout, name)
    t.same(
      features
        .map((one) => [one.kind, (one as { column?: string }).column ?? (one as { of?: string }).of])
        .sort(),
      [
        ['categorical', 'brand'],
        ['categorical', 'condition'],
        ['date', 'listed'],
        ['derived', undefined],
        ['embedding', 'vector'],
        ['group', 'margin'],
        ['numeric', 'cost'],
        ['numeric', 'retail_price'],
        ['text', 'title'],
      ],
    )
    t.match(result.stdout, /# brand: numbers and text|# brand: text/)
    t.match(result.stdout, /% missing/)
    t.match(result.stderr, /column "sku" looks like an identifier: \d+ different values/)
    t.match(result.stderr, /column "constant" is constant/)
    t.match(result.stderr, /column "empty" has no value in any row/)
    t.match(result.stderr, /column "clicks" ranks suspiciously well alone, NDCG@10 1\.000/)
  }
  const written = await ranker(['features', '--from', 'a.csv', '--output', 'spec.yaml'], { cwd: folder })
  t.match(written.stderr, /wrote spec\.yaml/)
  t.ok(parseSpec(readFileSync(join(folder, 'spec.yaml'), 'utf8'), 'spec.yaml'))
  t.match((await ranker(['features'])).stderr, /ranker features needs --from PATH/)
})

t.test('two hosts fit the pipeline that one fits', { timeout: 100_000 }, async (t) => {
  const spec = {
    features: [
      'cost',
      { kind: 'categorical', column: 'brand', max: 3 },
      { kind: 'prior', name: 'rate', columns: ['condition', 'brand'] },
      { kind: 'embedding', column: 'vector' },
      { kind: 'group', of: 'cost', measures: ['rank'] },
    ],
  }
  const names = ['127.0.0.1', '127.0.0.2']
  const cluster = await Cluster.create(t, {
    names,
    hyperparameters: { num_round: '3', nthread: '1', features: JSON.stringify(spec) },
    data: () => ({ 'train/a.jsonl': FILES['train.jsonl'] }),
    inputDataConfig: { train: {} },
  })
  cluster.start(names)
  const flags = ['--train', 'train.jsonl', '--features', 'spec.json']
  const one = await train(t, { ...FILES, 'spec.json': JSON.stringify(spec) }, flags)
  for (const { code, stderr } of await cluster.ends()) t.equal(code, 0, stderr)
  const manifest = JSON.parse(readFileSync(cluster.path(names[0]!, 'model/ranker.json'), 'utf8')) as Manifest
  t.same(sorted(manifest), sorted(one.manifest()))
  const model = await modelFn(cluster.path(names[0]!, 'model'))
  await model.scorer.close()
})

/** What was learnt, rates in an order of their own: that of the rows. */
function sorted({ features }: Manifest): object[] {
  const { learnt } = features as unknown as {
    learnt: { rates?: { levels: { kinds: string[]; rates: number[] }[] } }[]
  }
  return learnt.map(({ rates, ...others }) => ({
    ...others,
    rates: rates?.levels.map(({ kinds, rates }) =>
      kinds.map((kind, at) => [kind, rates[at]!.toFixed(9)]).sort(),
    ),
  }))
}
