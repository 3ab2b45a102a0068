import t from 'tap'
import type { Dataset } from '../../src/data/dataset/dataset.ts'
import { selectQueries } from '../../src/data/dataset/query-parts.ts'
import { withHeldOut } from '../../src/training/hold-out.ts'
import { agreeOnFeatures, agreeOnRows, checkSameJob, checkSameModel } from '../../src/training/hosts/agree.ts'
import { lendQueries } from '../../src/training/hosts/lend.ts'
import { parseHyperparameters } from '../../src/training/hyperparameters.ts'
import type { TrainingPlan } from '../../src/training/plan.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'
import { inLockstep } from '../helpers/lockstep.ts'

const names = ['a', 'b', 'c']
const two = names.slice(0, 2)
const quiet = () => {}
const whole = judgedData({ queries: 6, perQuery: 3, width: 2 })
const weighted: Dataset = { ...whole, weights: Float32Array.of(1, 2, 3, 4, 5, 6) }
const queries = (data: Dataset, ...chosen: number[]) => selectQueries(data, Uint32Array.from(chosen))
const rowsOf = (data: Dataset) => Array.from(data.matrix.view(0, data.rows))

t.test('the same job on all, or none', async (t) => {
  const plan = { hyperparameters: parseHyperparameters({}), channels: { train: { files: [] } } }
  const plans = (other: object) => (hosts: { index: number }) =>
    [plan, { ...plan, ...other }][hosts.index] as unknown as TrainingPlan
  const ends = (other: object, model?: string) =>
    inLockstep(two, (hosts) => checkSameJob(plans(other)(hosts), hosts.index ? model : undefined, hosts))
  t.same(ends({}), [undefined, undefined])
  const differing = {
    hyperparameters: ends({ hyperparameters: parseHyperparameters({ eta: '0.1' }) }),
    channels: ends({ channels: { train: { files: [] }, test: { files: [] } } }),
    'models in the model channel': ends({}, 'sha'),
    'checkpoint configurations': ends({ checkpoints: '/opt/ml/checkpoints' }),
  }
  for (const [what, both] of Object.entries(differing)) {
    for (const end of both) t.match(end, { message: `host b was given different ${what} from host a` })
  }
})

t.test('features: of the first host with columns, those with a number on any', async (t) => {
  const columns = (text: string) =>
    text
      .split(' ')
      .filter(Boolean)
      .map((name) => ({ name: name.toLowerCase(), numeric: name !== name.toLowerCase() }))
  const agreed = (...seen: [string, number?][]) =>
    inLockstep(names, ({ index, ...hosts }) => {
      const [named, numbered = 0] = seen[index]!
      return agreeOnFeatures({ named: columns(named), numbered }, { index, ...hosts })
    })
  t.same(agreed([''], ['X y Z'], ['Y Z x W']), Array(3).fill(['x', 'y', 'z']))
  t.same(agreed(['', 2], ['', 4], ['']), Array(3).fill(['f0', 'f1', 'f2', 'f3']))
  t.match(agreed(['X'], [''], ['', 3])[1], { code: 'HOSTS_DIFFER', values: { host: 'c', other: 'a' } })
  t.match(agreed(['x'], ['x y'], ['']), Array(3).fill({ code: 'NO_FEATURES' }))
  t.match(agreed([''], [''], ['']), Array(3).fill({ code: 'CHANNEL_WITHOUT_ROWS' }))
})

t.test('queries and weights: on all or on none', async (t) => {
  const { weights: _, groups: __, ...bare } = { ...weighted, rows: 0, labels: new Float32Array(0) }
  const agreed = (...data: Dataset[]) =>
    inLockstep(two, (hosts) => agreeOnRows('test', data[hosts.index]!, hosts))
  const [none, some] = agreed(bare, weighted) as [Dataset, Dataset]
  t.same([none.groups?.sizes.length, none.weights?.length], [0, 0], 'a host without a file follows')
  t.equal(some, weighted)
  t.match(agreed(whole, weighted), Array(2).fill({ message: /channel test \(weights here, none there\)/ }))
  t.match(agreed(bare, bare)[0], { message: 'channel "test" has no row on any of the 2 hosts' })
})

t.test('a host without a row of train is lent a query; none is lost, none is there twice', async (t) => {
  for (const data of [whole, weighted]) {
    const parts = [queries(data), queries(data, 0, 1, 2, 3, 4, 5), queries(data)]
    const ends = inLockstep(names, (hosts) => lendQueries(parts[hosts.index]!, hosts, quiet)) as Dataset[]
    t.same(
      ends.map((end) => end.groups!.ids),
      [['q4'], ['q0', 'q1', 'q2', 'q3'], ['q5']],
    )
    for (const [index, expected] of [
      queries(data, 4),
      queries(data, 0, 1, 2, 3),
      queries(data, 5),
    ].entries()) {
      t.equal(toCsv(ends[index]!), toCsv(expected))
      t.same(ends[index]!.weights, expected.weights)
      t.same(rowsOf(ends[index]!), rowsOf(expected), 'missing values too')
    }
  }
  const { groups: _, ...ungrouped } = whole
  const [first, second] = inLockstep(two, (hosts) => {
    const empty = { ...ungrouped, rows: 0, labels: new Float32Array(0) }
    return lendQueries(hosts.index ? ungrouped : empty, hosts, quiet)
  }) as Dataset[]
  t.same([first!.rows, second!.rows], [1, 17], 'a row, where there are no queries')
  t.same(rowsOf(first!), rowsOf(whole).slice(-2))

  const few = inLockstep(names, (hosts) =>
    lendQueries(queries(whole, ...[[0, 1], [], []][hosts.index]!), hosts, quiet),
  )
  t.match(
    few,
    Array(3).fill({ message: 'channel "train" has 2 queries for 3 hosts: wanted at least one for each' }),
  )
})

t.test('each host holds out of its own queries; one that has but one leaves it to the others', async (t) => {
  const hyperparameters = parseHyperparameters({ validation_fraction: '0.5' })
  const held = (...parts: number[][]) =>
    inLockstep(names, (hosts) => {
      const train = queries(whole, ...parts[hosts.index]!)
      return withHeldOut({ train }, hyperparameters, quiet, hosts)
    })
  const ends = held([0, 1, 2, 3], [4], []) as ReturnType<typeof withHeldOut>[]
  t.same(
    ends.map(({ train, validation }) => [train.groups!.sizes.length, validation!.groups!.sizes.length]),
    [
      [2, 2],
      [1, 0],
      [0, 0],
    ],
  )
  t.match(held([0], [1], [2]), Array(3).fill({ code: 'TOO_FEW_QUERIES' }))
})

t.test('one model on all', async (t) => {
  const end = inLockstep(two, (hosts) => checkSameModel(`sha-${hosts.index}`, hosts, quiet))[0]
  t.match(end, { message: /^host b trained a different model from .* a: its sha256 is sha-1, wanted sha-0/ })
  t.same(
    inLockstep(two, (hosts) => checkSameModel('sha', hosts, quiet)),
    [undefined, undefined],
  )
})
