import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hyperparametersPage } from '../../scripts/hyperparameters-page.ts'
import { readHyperparameters } from '../../src/sagemaker/job.ts'
import { isMaximised } from '../../src/training/eval-metrics.ts'
import { positionalConstraints } from '../../src/training/hyperparameters/constraints.ts'
import { jobContradiction } from '../../src/training/hyperparameters/contradictions.ts'
import {
  describeHyperparameter,
  hyperparameterNames,
  parseHyperparameters,
  xgboostParameters,
} from '../../src/training/hyperparameters.ts'
import { ranker } from '../helpers/command.ts'

const refused = (values: Record<string, string>) => {
  try {
    parseHyperparameters(values)
  } catch (thrown) {
    return (thrown as Error).message
  }
  return undefined
}

/** What values need beside them, so as not to be refused for want of it. */
const BESIDE: Record<string, Record<string, string>> = {
  refresh_leaf: { process_type: 'update', updater: 'refresh' },
  process_type: { updater: 'refresh' },
  'updater=refresh': { process_type: 'update' },
  'updater=refresh,prune': { process_type: 'update' },
  sample_type: { rate_drop: '0.1' },
  normalize_type: { rate_drop: '0.1' },
  skip_drop: { rate_drop: '0.1' },
  scale_pos_weight: { objective: 'binary:logistic' },
  tweedie_variance_power: { objective: 'reg:tweedie' },
  'objective=reg:quantileerror': { quantile_alpha: '0.5' },
  'objective=reg:expectileerror': { expectile_alpha: '0.5' },
  lambdarank_bias_norm: { lambdarank_unbiased: '1' },
  max_cat_to_onehot: { enable_categorical: '1' },
  max_cat_threshold: { enable_categorical: '1' },
  grow_policy: { tree_method: 'hist' },
}

/** Every name of SageMaker's algorithm and the ranking ones, with values inside and outside of their ranges. */
const RANGES: [name: string, inside: string, outside: string][] = [
  ['num_round', '1 4000', '0 -1 1.5 x 99999999999'],
  ['eta', '0 0.1 1', '-0.1 1.1 nan 1e-60'],
  ['learning_rate', '0 1', '2'],
  ['gamma', '0 5 1e3', '-1 1e39'],
  ['min_split_loss', '0', '-1'],
  ['max_depth', '0 6', '-1 2.5'],
  ['min_child_weight', '0 120', '-1'],
  ['max_delta_step', '0 10', '-1'],
  ['subsample', '0.5 1', '0 1.01'],
  ['colsample_bytree', '0.5 1', '0 1.01'],
  ['colsample_bylevel', '0.1 1', '0 1.01'],
  ['colsample_bynode', '0.1 1', '0 1.01'],
  ['lambda', '0 1000', '-1'],
  ['reg_lambda', '0', '-1'],
  ['alpha', '0 1000', '-1'],
  ['reg_alpha', '0', '-1'],
  ['early_stopping_rounds', '1 50', '0'],
  [
    'eval_metric',
    'ndcg map,ndcg@10 ndcg@5- map@3- pre@2 auc',
    'ndcg@0 ndcg@x ncdg map, ndcg,ndcg merror pre@5-',
  ],
  [
    'objective',
    'rank:ndcg rank:pairwise rank:map reg:linear reg:squarederror reg:logistic reg:gamma reg:pseudohubererror ' +
      'reg:squaredlogerror reg:absoluteerror reg:tweedie binary:logistic binary:logitraw binary:hinge count:poisson ' +
      'reg:quantileerror reg:expectileerror',
    'multi:softmax multi:softprob survival:aft survival:cox rank:ndgc',
  ],
  ['tree_method', 'auto exact approx hist', 'gpu_hist fast'],
  ['booster', 'gbtree dart', 'gblinear tree'],
  ['grow_policy', 'depthwise lossguide', 'x'],
  ['max_leaves', '0 31', '-1'],
  ['max_bin', '2 256', '0 1 -1'],
  ['sampling_method', 'uniform gradient_based', 'x'],
  ['process_type', 'update', 'x'],
  [
    'updater',
    'grow_colmaker,prune grow_histmaker refresh refresh,prune',
    'shotgun coord_descent distcol sync grow_gpu_hist x',
  ],
  ['refresh_leaf', '0 1 true', '2'],
  ['sample_type', 'uniform weighted', 'x'],
  ['normalize_type', 'tree forest', 'x'],
  ['rate_drop', '0 1', '-0.1 1.1'],
  ['skip_drop', '0 1', '-0.1 1.1'],
  ['one_drop', '0 1', '2'],
  ['scale_pos_weight', '0.1 20', '0 -1'],
  ['num_parallel_tree', '1 4', '0'],
  ['tweedie_variance_power', '1.1 1.9', '1 2'],
  ['base_score', '0 0.5', '-1'],
  ['seed', '0 -7 2147483647', '1.5 2147483648'],
  ['nthread', '1 8', '0'],
  ['verbosity', '0 3', '4 -1'],
  ['csv_weights', '0 1', '2'],
  ['save_model_on_termination', 'true false', 'x'],
  ['_kfold', '2', '1'],
  ['predictor', 'auto cpu_predictor gpu_predictor', 'x'],
  ['dsplit', 'row col', 'x'],
  ['sketch_eps', '0.03', '0 1'],
  ['deterministic_histogram', 'true false', 'x'],
  ['prob_buffer_row', '5', '0'],
  ['use_dask_gpu_training', 'false', 'true x'],
  ['lambdarank_pair_method', 'topk mean', 'x'],
  ['lambdarank_num_pair_per_sample', '1 32', '0'],
  ['lambdarank_normalization', 'true false', 'x'],
  ['lambdarank_score_normalization', 'true false', 'x'],
  ['lambdarank_unbiased', 'true false', 'x'],
  ['lambdarank_bias_norm', '0 2', '-1'],
  ['ndcg_exp_gain', 'true false', 'x'],
  ['enable_categorical', 'true false', 'x'],
  ['max_cat_to_onehot', '1 4', '0'],
  ['max_cat_threshold', '1 64', '0'],
  ['validation_fraction', '0.1 0.9', '0 1'],
  ['kfold', '2 10', '1 2.5'],
  ['libsvm_index_base', '0 1', '2'],
  ['checkpoint_interval', '1 10', '0'],
  ['memory_limit', '1000 512MiB 4GB 1.5g', '0 4XB -1 many'],
  ['device', 'cpu', 'cuda gpu:0 tpu'],
]

t.test('every name takes its range and nothing else, and says what it wanted', async (t) => {
  for (const [name, inside, outside] of RANGES) {
    for (const value of inside.split(' ')) {
      const beside = BESIDE[`${name}=${value}`] ?? BESIDE[name] ?? {}
      t.equal(refused({ [name]: value, ...beside }), undefined, `${name}=${value}`)
    }
    for (const value of outside.split(' ')) {
      const message = refused({ [name]: value })
      t.match(message, `hyperparameter "${name}" is "${value}"`, `${name}=${value}: ${message}`)
      t.match(message, /: wanted |, which is not supported: /)
    }
  }
})

t.test('spellings', async (t) => {
  for (const yes of ['true', 'True', 'TRUE', 't', 'yes', 'Y', 'on', '1', ' 1 '])
    t.equal(parseHyperparameters({ lambdarank_unbiased: yes }).lambdarank_unbiased, true, yes)
  for (const no of ['false', 'False', 'f', 'no', 'N', 'off', '0'])
    t.equal(parseHyperparameters({ lambdarank_unbiased: no }).lambdarank_unbiased, false, no)
  const metrics = (text: string) =>
    parseHyperparameters({ objective: 'rank:map', eval_metric: text }).eval_metric
  for (const text of ['map@3,ndcg', ' map@3 , ndcg ', '["map@3","ndcg"]', "['map@3', 'ndcg']"])
    t.same(metrics(text), ['map@3', 'ndcg'], text)
  t.equal(parseHyperparameters({ memory_limit: '2GiB' }).memory_limit, 2 ** 31)
  t.equal(parseHyperparameters({ memory_limit: '2GB' }).memory_limit, 2e9)
  t.same(parseHyperparameters({ features: '["a, b", "c"]' }).features, ['a, b', 'c'])
  t.equal(parseHyperparameters({ objective: 'reg:linear' }).objective, 'reg:squarederror')
  t.equal(parseHyperparameters({ csv_weights: '1' }).weight, '1')
})

t.test('values of hyperparameters.json, encoded once, twice or not at all', async (t) => {
  const folder = t.testdir({
    'h.json': JSON.stringify({
      num_round: 7,
      eta: '0.1',
      objective: '"rank:map"',
      enable_categorical: true,
      eval_metric: ['map', 'ndcg'],
      monotone_constraints: { price: -1 },
      interaction_constraints: '[["a","b"],["c"]]',
      features: '"[\\"a\\",\\"b\\"]"',
    }),
  })
  t.match(parseHyperparameters(readHyperparameters(join(folder, 'h.json'))), {
    num_round: 7,
    eta: 0.1,
    objective: 'rank:map',
    enable_categorical: true,
    eval_metric: ['map', 'ndcg'],
    monotone_constraints: { price: -1 },
    interaction_constraints: [['a', 'b'], ['c']],
    features: ['a', 'b'],
  })
})

t.test('what is dropped, refused by name, or accepted with a warning', async (t) => {
  const reserved = {
    sagemaker_program: 'x',
    sagemaker_made_up: 'x',
    _tuning_objective_metric: 'validation:ndcg',
  }
  t.same(parseHyperparameters({ ...reserved, default_user_module_name: 'x' }), parseHyperparameters({}))
  for (const name of [
    'num_class',
    'aft_loss_distribution',
    'lambda_bias',
    'seed_per_iteration',
    '_num_cv_round',
  ])
    t.match(refused({ [name]: '2' }), `hyperparameter "${name}" is "2", which is not supported: `)
  t.match(refused({ objective: 'multi:softmax' }), /a score for every class/)
  t.match(refused({ eval_metric: 'mlogloss' }), /multi:\*/)
  for (const [name, nearest] of [
    ['max_dept', 'max_depth'],
    ['lambdarank_unbias', 'lambdarank_unbiased'],
    ['early_stoping_rounds', 'early_stopping_rounds'],
    ['eval_metrics', 'eval_metric'],
  ])
    t.equal(refused({ [name!]: '1' }), `unknown hyperparameter "${name}": did you mean "${nearest}"?`)
  t.match(refused({ zzz: '1' }), /unknown hyperparameter "zzz": ranker train --help lists/)
  t.match(refused({ ETA: '1' }), /unknown hyperparameter "ETA"/)

  const warnings: string[] = []
  const given = {
    predictor: 'auto',
    dsplit: 'row',
    sketch_eps: '0.1',
    deterministic_histogram: 'true',
    prob_buffer_row: '2',
  }
  const values = parseHyperparameters(given, (sentence) => warnings.push(sentence))
  t.same(
    warnings.map((sentence) => /hyperparameter (\w+) is accepted and not used: /.exec(sentence)?.[1]),
    Object.keys(given),
  )
  const passed = xgboostParameters(values, ['ndcg'], 1)
  t.same(
    Object.keys(passed).sort(),
    ['eval_metric', 'nthread', 'objective', 'seed'],
    'none of them is passed on',
  )
})

t.test('what contradicts, or would be ignored, is one sentence', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [
      { eta: '1', learning_rate: '0.5' },
      /eta and learning_rate are the same thing with two values, "1" and "0\.5"/,
    ],
    [{ kfold: '5', validation_fraction: '0.2' }, /kfold and validation_fraction/],
    [{ label: 'a', group: 'a' }, /label and group are both the column "a"/],
    [{ features: 'a,qid' }, /features names the column "qid", which is the group/],
    [{ csv_weights: '1', weight: 'w' }, /csv_weights says that the weight is column 1/],
    [{ tree_method: 'exact', grow_policy: 'lossguide' }, /exact does not take grow_policy/],
    [{ tree_method: 'exact', colsample_bynode: '0.5' }, /exact does not take colsample_bynode/],
    [{ tree_method: 'exact', max_depth: '0' }, /exact needs a limit/],
    [{ tree_method: 'exact', enable_categorical: '1' }, /exact takes no categories/],
    [{ tree_method: 'approx', sampling_method: 'gradient_based' }, /gradient_based needs tree_method hist/],
    [
      { tree_method: 'approx', monotone_constraints: '{"a":1}' },
      /need tree_method hist or exact, not approx/,
    ],
    [
      { process_type: 'update', updater: 'refresh', monotone_constraints: '{"a":1}' },
      /do not go with updater refresh/,
    ],
    [{ tree_method: 'hist', updater: 'grow_histmaker' }, /updater and tree_method both/],
    [{ process_type: 'update' }, /needs an updater of refresh, prune or both/],
    [{ process_type: 'update', updater: 'grow_colmaker' }, /needs an updater of refresh, prune or both/],
    [{ updater: 'refresh' }, /must begin with the one step that grows trees/],
    [{ updater: 'grow_colmaker,grow_histmaker' }, /must begin with the one step that grows trees/],
    [{ refresh_leaf: 'false' }, /refresh_leaf has no effect without updater refresh/],
    [{ rate_drop: '0.1', early_stopping_rounds: '5' }, /later rounds change the weights of earlier trees/],
    [{ skip_drop: '0.5' }, /skip_drop has no effect without dropout/],
    [{ sample_type: 'weighted' }, /sample_type has no effect without dropout/],
    [{ objective: 'binary:logistic', base_score: '1' }, /needs one between 0 and 1/],
    [{ objective: 'reg:gamma', base_score: '0' }, /needs one above 0/],
    [{ objective: 'reg:quantileerror' }, /set quantile_alpha/],
    [{ objective: 'reg:expectileerror' }, /set expectile_alpha/],
    [{ objective: 'reg:squarederror', lambdarank_unbiased: '1' }, /no effect without an objective rank:\*/],
    [{ lambdarank_bias_norm: '2' }, /lambdarank_bias_norm has no effect without lambdarank_unbiased/],
    [{ objective: 'rank:map', ndcg_exp_gain: '0' }, /ndcg_exp_gain has no effect without/],
    [{ scale_pos_weight: '2' }, /scale_pos_weight has no effect without/],
    [{ tweedie_variance_power: '1.2' }, /tweedie_variance_power has no effect without/],
    [{ huber_slope: '2' }, /huber_slope has no effect without/],
    [{ quantile_alpha: '0.2' }, /quantile_alpha has no effect without/],
    [{ max_cat_to_onehot: '8' }, /max_cat_to_onehot has no effect without enable_categorical/],
    [{ eval_metric: 'rmse' }, /rmse does not suit the objective rank:ndcg: it compares scores with labels/],
    [{ eval_metric: 'logloss' }, /logloss does not suit the objective rank:ndcg: it is of probabilities/],
    [{ objective: 'binary:logitraw', eval_metric: 'logloss' }, /it is of probabilities/],
    [{ objective: 'reg:squarederror', eval_metric: 'auc' }, /it is of two classes or of ranked rows/],
    [{ objective: 'reg:squarederror', eval_metric: 'poisson-nloglik' }, /never negative/],
    [{ objective: 'reg:squarederror', eval_metric: 'ndcg', weight: 'w' }, /weighs queries and the objective/],
  ]
  for (const [values, sentence] of cases) t.match(refused(values), sentence, JSON.stringify(values))
  // What XGBoost does anyway is no contradiction.
  for (const values of [
    { tree_method: 'exact', grow_policy: 'depthwise', max_bin: '256', sampling_method: 'uniform' },
    { sample_type: 'uniform', skip_drop: '0', rate_drop: '0' },
    { objective: 'reg:squarederror', lambdarank_pair_method: 'topk', scale_pos_weight: '1' },
  ])
    t.equal(refused(values), undefined, JSON.stringify(values))
})

t.test('what contradicts the job', async (t) => {
  const none = { validation: false }
  const cases: [Record<string, string>, object, RegExp][] = [
    [
      { early_stopping_rounds: '3' },
      none,
      /no validation channel to watch, and neither validation_fraction nor kfold/,
    ],
    [
      { validation_fraction: '0.2' },
      { validation: true },
      /validation_fraction is 0\.2 and there is a validation channel/,
    ],
    [{ kfold: '5' }, { validation: true }, /both decide how many rounds/],
    [{ process_type: 'update', updater: 'refresh' }, none, /put one in the channel model/],
    [
      { process_type: 'update', updater: 'refresh' },
      { continues: true, checkpoints: true },
      /cannot be resumed/,
    ],
    [{ lambdarank_unbiased: '1' }, { checkpoints: true }, /lambdarank_unbiased cannot be resumed/],
    [{ lambdarank_unbiased: '1' }, { continues: true }, /cannot go on from a model/],
    [{ kfold: '5' }, { continues: true }, /kfold trains models from nothing/],
    [{ kfold: '5' }, { hosts: 2 }, /one machine, not on 2/],
    [{ tree_method: 'exact' }, { hosts: 2 }, /one machine, not on 2/],
  ]
  for (const [values, job, sentence] of cases)
    t.match(jobContradiction(parseHyperparameters(values), { ...none, ...job }), sentence)
  for (const values of [{ kfold: '3' }, { validation_fraction: '0.5' }])
    t.equal(
      jobContradiction(parseHyperparameters({ ...values, early_stopping_rounds: '3' }), none),
      undefined,
    )
})

t.test('the direction of a metric, with any cut-off', async (t) => {
  for (const metric of [
    'ndcg',
    'ndcg@10',
    'ndcg@10-',
    'ndcg-',
    'map',
    'map@3',
    'map@3-',
    'pre',
    'pre@1',
    'auc',
    'aucpr',
  ])
    t.equal(isMaximised(metric), true, metric)
  for (const metric of [
    'rmse',
    'mae',
    'mape',
    'rmsle',
    'mphe',
    'logloss',
    'error',
    'error@0.3',
    'tweedie-nloglik@1.5',
    'quantile',
  ])
    t.equal(isMaximised(metric), false, metric)
})

t.test('constraints by name become positions', async (t) => {
  const names = ['price', 'cost', 'rating']
  const told = (monotone_constraints?: string, interaction_constraints?: string) =>
    positionalConstraints(
      parseHyperparameters({
        ...(monotone_constraints && { monotone_constraints }),
        ...(interaction_constraints && { interaction_constraints }),
      }),
      names,
    )
  t.same(told(), {})
  for (const text of [
    '{"rating":1,"price":-1}',
    "{'rating': 1, 'price': -1}",
    '(-1, 0, 1)',
    '[-1,0,1]',
    '(-1,0,1,)',
  ])
    t.same(told(text), { monotone_constraints: '(-1,0,1)' }, text)
  for (const text of [
    '[["price","rating"],["cost"]]',
    "[['price', 'rating'], ['cost']]",
    '[[0,2],[1]]',
    '[["price",2],[1]]',
  ])
    t.same(told(undefined, text), { interaction_constraints: '[[0,2],[1]]' }, text)

  const message = (monotone?: string, interaction?: string) => {
    try {
      return JSON.stringify(told(monotone, interaction))
    } catch (thrown) {
      return (thrown as Error).message
    }
  }
  t.match(
    message('{"prise":-1}'),
    /"monotone_constraints" names "prise", which is no feature: did you mean "price"\?/,
  )
  t.match(message('{"__proto__":1}'), /hyperparameter "monotone_constraints" is .*: wanted/)
  t.match(message('(1,0)'), /has 2 directions: wanted one for each of the 3 features/)
  t.match(message('(1,0,1,1)'), /has 4 directions/)
  for (const bad of ['2', '{"price":2}', '(1,0.5,0)', '()', 'price', '{"price":"1"}'])
    t.match(message(bad), /hyperparameter "monotone_constraints" is .*: wanted/, bad)
  t.match(
    message(undefined, '[["price","nope"]]'),
    /"interaction_constraints" names "nope", which is no feature/,
  )
  t.match(message(undefined, '[[0,3]]'), /has the index 3: wanted one of the 3 features, from 0/)
  t.match(message(undefined, '[["price",0]]'), /twice in one group/)
  for (const bad of ['[]', '[[]]', '[0,1]', '{"a":1}', '[[-1]]'])
    t.match(message(undefined, bad), /hyperparameter "interaction_constraints" is .*: wanted/, bad)
})

t.test('help and docs come from the schema', async (t) => {
  const { stdout } = await ranker(['train', '--help'])
  for (const line of stdout.split('\n')) t.ok(line.length <= 110, `${line.length}: ${line}`)
  for (const name of hyperparameterNames) {
    const { aliases = [], wanted, description } = describeHyperparameter(name)
    for (const one of [name, ...aliases].filter((one) => !one.startsWith('_')))
      t.match(stdout, `--${one.replaceAll('_', '-')}`)
    t.ok(wanted && description, name)
  }
  const page = readFileSync(join(import.meta.dirname, '../../docs/hyperparameters.md'), 'utf8')
  t.equal(page, hyperparametersPage(), 'docs/hyperparameters.md is as npm run docs writes it')
})
