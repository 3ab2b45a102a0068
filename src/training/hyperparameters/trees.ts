import * as z from 'zod'
import { flag, list, oneOf, own, passedOn, real, share, structure, whole } from './kinds.ts'

const fromZero = real({ from: 0 })
const probability = real({ from: 0, to: 1 })
const NO_LINEAR = 'linear boosters are deprecated in XGBoost and cannot be exported: use gbtree'
const NO_GPU = 'training runs on the CPU: use hist'

const UPDATERS = ['grow_quantile_histmaker', 'grow_histmaker', 'grow_colmaker', 'prune', 'refresh'] as const
const direction = z.union([z.literal(-1), z.literal(0), z.literal(1)])

const booster = oneOf('gbtree', 'dart')
/** XGBoost has dropout in gbtree itself since 3.3, writes the same model for dart, and calls that name deprecated. */
const dartIsGbtree = { ...booster, schema: booster.schema.transform(() => 'gbtree' as const) }

/** How trees are grown. */
export const trees = {
  eta: passedOn(probability, '0.3', 'learning rate: how much of each tree is added', {
    aliases: ['learning_rate'],
  }),
  max_depth: passedOn(whole(0), '6', 'levels of a tree; 0 is no limit'),
  max_leaves: passedOn(whole(0), '0', 'leaves of a tree; 0 is no limit'),
  grow_policy: passedOn(
    oneOf('depthwise', 'lossguide'),
    'depthwise',
    'which node is split next: the one nearest to the root, or the one that gains most',
  ),
  min_child_weight: passedOn(fromZero, '1', 'least sum of hessians in a child'),
  gamma: passedOn(fromZero, '0', 'least loss reduction for a split', { aliases: ['min_split_loss'] }),
  max_delta_step: passedOn(fromZero, '0, for count:poisson 0.7', 'largest step of a leaf; 0 is no limit'),
  lambda: passedOn(fromZero, '1', 'L2 regularisation of leaf values', { aliases: ['reg_lambda'] }),
  alpha: passedOn(fromZero, '0', 'L1 regularisation of leaf values', { aliases: ['reg_alpha'] }),
  subsample: passedOn(share, '1', 'share of the rows that each tree sees'),
  sampling_method: passedOn(
    oneOf('uniform', 'gradient_based'),
    'uniform',
    'how those rows are drawn; gradient_based needs tree_method hist',
  ),
  colsample_bytree: passedOn(share, '1', 'share of the features that each tree sees'),
  colsample_bylevel: passedOn(share, '1', 'share of the features that each level sees'),
  colsample_bynode: passedOn(share, '1', 'share of the features that each split sees'),
  tree_method: passedOn(
    oneOf('auto', 'hist', 'approx', 'exact'),
    'auto',
    'how splits are found; auto is hist, the one that is fast and small',
    { refused: [{ values: 'gpu_hist', pattern: /^gpu_/, reason: NO_GPU }] },
  ),
  max_bin: passedOn(whole(2), '256', 'bins a feature is quantised into'),
  max_cached_hist_node: passedOn(whole(1), '65536', 'nodes whose histograms are kept, for very deep trees'),
  num_parallel_tree: passedOn(whole(1), '1', 'trees of each round, for boosted random forests'),
  base_score: passedOn(fromZero, 'estimated from the labels', 'score that every row starts from'),
  monotone_constraints: own(
    structure(
      z.union([z.array(direction).min(1), z.record(z.string(), direction)]),
      '{"price":-1,"rating":1} by feature name, or (0,-1,1) with a -1, 0 or 1 for each feature',
    ),
    'features that the score may only rise (1) or fall (-1) with; needs tree_method hist or exact',
  ).optional(),
  interaction_constraints: own(
    structure(
      z.array(z.array(z.union([z.string(), z.int().min(0)])).min(1)).min(1),
      'lists of features, by name or by index from 0: [["price","cost"],["rating"]]',
    ),
    'groups of features that may meet in one branch of a tree',
  ).optional(),
  booster: passedOn(dartIsGbtree, 'gbtree', 'dart is gbtree with the dropout below', {
    refused: [{ values: 'gblinear', pattern: /^gblinear$/, reason: NO_LINEAR }],
  }),
  process_type: passedOn(
    oneOf('default', 'update'),
    'default',
    'update changes the trees of the model in the channel model instead of growing new ones',
  ),
  updater: passedOn(
    list(z.enum(UPDATERS), `each once, of ${UPDATERS.join(', ')}, divided by commas`),
    'by tree_method',
    'steps that make or change a tree; refresh and prune change those of process_type update',
    {
      refused: [
        { values: 'grow_gpu_hist', pattern: /gpu/, reason: NO_GPU },
        { values: 'shotgun, coord_descent', pattern: /shotgun|coord_descent/, reason: NO_LINEAR },
        {
          values: 'distcol, grow_skmaker, sync',
          pattern: /distcol|grow_skmaker|sync/,
          reason: 'XGBoost 3.4.1 has no such updater',
        },
      ],
    },
  ),
  refresh_leaf: passedOn(flag, 'true', 'whether refresh changes leaves too, or statistics only'),
}

/** Dropout of earlier trees (DART, Vinayak & Gilad-Bachrach 2015, arXiv:1505.01866). */
export const dropout = {
  rate_drop: passedOn(probability, '0', 'share of the earlier trees that a round leaves out'),
  one_drop: passedOn(flag, 'false', 'leave out one tree at least'),
  skip_drop: passedOn(probability, '0', 'probability that a round leaves none out'),
  sample_type: passedOn(
    oneOf('uniform', 'weighted'),
    'uniform',
    'which trees are left out: any, or rather those of more weight',
  ),
  normalize_type: passedOn(
    oneOf('tree', 'forest'),
    'tree',
    'weight of a new tree: as each of those left out, or as all of them',
  ),
}
