import * as z from 'zod'
import { METRIC, METRICS_IN_WORDS, REFUSED_METRICS } from '../eval-metrics.ts'
import { OBJECTIVE_NAMES, REFUSED_OBJECTIVES } from '../objective.ts'
import { flag, list, memorySize, oneOf, own, passedOn, real, whole } from './kinds.ts'

/** What the job does. */
export const job = {
  num_round: own(whole(1), 'boosting rounds at most', {
    aliases: ['n_estimators', 'num_boost_round'],
  }).default(100),
  objective: own(
    {
      // XGBoost's own name for it since 0.83; the model is the same.
      schema: z.preprocess(
        (name) => (name === 'reg:linear' ? 'reg:squarederror' : name),
        oneOf(...OBJECTIVE_NAMES).schema,
      ),
      wanted: OBJECTIVE_NAMES.join(', '),
    },
    'what is learnt; rank:* are LambdaMART over the rows of a query, the others score each row alone; reg:linear is an old name of reg:squarederror',
    { refused: REFUSED_OBJECTIVES },
  ).default('rank:ndcg'),
  eval_metric: own(
    list(z.string().regex(METRIC), METRICS_IN_WORDS),
    'measured every round; with several, the last one on validation decides early stopping',
    {
      byDefault: 'ndcg@10; map@10 for rank:map; for the others what the objective minimises',
      refused: REFUSED_METRICS,
    },
  ).optional(),
  early_stopping_rounds: own(
    whole(1),
    'stop after so many rounds without a better validation metric, and keep the best round',
  ).optional(),
  validation_fraction: own(
    real({ above: 0, below: 1 }),
    'share of the queries of train that is held out, whole, to validate on where there is no validation channel',
  ).optional(),
  kfold: own(
    whole(2),
    'cross-validate over so many folds of whole queries first, then train on all of them for the best mean round',
    { aliases: ['_kfold'] },
  ).optional(),
  seed: own(whole(-(2 ** 31) + 1), 'the same seed, data and machine give the same bytes', {
    aliases: ['random_state'],
  }).default(0),
  nthread: own(whole(1), 'threads of XGBoost', {
    aliases: ['n_jobs'],
    byDefault: 'the cores there are',
  }).optional(),
  checkpoint_interval: own(
    whole(1),
    'rounds from one checkpoint to the next, where the job has a checkpoint folder',
  ).default(10),
  model_channel: own(
    oneOf('continue', 'incumbent'),
    'what the model channel is for: training goes on from it, or it is only measured',
  ).default('continue'),
  memory_limit: own(memorySize, 'memory above which training data goes to disk', {
    byDefault: 'a share of what the machine or its cgroup has',
  }).optional(),
  device: own(oneOf('cpu'), 'where XGBoost computes', {
    byDefault: 'cpu',
    refused: [{ values: 'cuda, gpu', pattern: /^(cuda|gpu)/, reason: 'training runs on the CPU' }],
  }).optional(),
  verbosity: passedOn(
    whole(0, 3),
    '0',
    'how much XGBoost itself says on stderr: 0 nothing, 1 warnings, 2 information, 3 all',
  ),
  save_model_on_termination: own(
    flag,
    'when told to stop, a job always keeps what it has learnt; false gives a warning',
    { byDefault: 'true' },
  ).optional(),
}
