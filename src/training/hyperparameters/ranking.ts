import { flag, oneOf, own, passedOn, real, whole } from './kinds.ts'

/** How pairs of a query's rows are learnt from (rank:* only). */
export const ranking = {
  lambdarank_pair_method: passedOn(
    oneOf('topk', 'mean'),
    'topk',
    'which pairs: all with a row of the top k, or some drawn for each row',
  ),
  lambdarank_num_pair_per_sample: passedOn(
    whole(1),
    '32 for topk, 1 for mean',
    'k of topk, or the pairs drawn for each row',
  ),
  lambdarank_normalization: passedOn(
    flag,
    'true',
    'scale the gradients of a query by their sum (topk) or number (mean)',
  ),
  lambdarank_score_normalization: passedOn(
    flag,
    'true',
    'divide what a pair teaches by how far apart its scores are',
  ),
  lambdarank_unbiased: passedOn(
    flag,
    'false',
    'learn from clicks: estimate how much a place is looked at, and correct for it (see position)',
  ),
  lambdarank_bias_norm: passedOn(real({ from: 0 }), '1', 'strength of the regularisation of those estimates'),
  ndcg_exp_gain: passedOn(
    flag,
    'true',
    'gain of a grade in NDCG: 2^grade - 1, or the grade itself, which may then be any number from 0',
  ),
}

/** Hyperparameters of a single objective. */
export const objectives = {
  scale_pos_weight: passedOn(
    real({ above: 0 }),
    '1',
    'weight of rows with label 1, for binary:logistic, binary:logitraw and reg:logistic',
  ),
  tweedie_variance_power: passedOn(real({ above: 1, below: 2 }), '1.5', 'variance power of reg:tweedie'),
  huber_slope: passedOn(real({ above: 0 }), '1', 'where reg:pseudohubererror turns from square to line'),
  quantile_alpha: passedOn(real({ above: 0, below: 1 }), 'none', 'the quantile of reg:quantileerror'),
  expectile_alpha: passedOn(real({ above: 0, below: 1 }), 'none', 'the expectile of reg:expectileerror'),
}

/** How categorical features are split. */
export const categorical = {
  enable_categorical: own(flag, 'let features be categories, where a feature spec says which are', {
    byDefault: 'false',
  }).optional(),
  max_cat_to_onehot: passedOn(whole(1), '4', 'up to so many categories, one is split from the others'),
  max_cat_threshold: passedOn(whole(1), '64', 'categories that one split considers at most'),
}
