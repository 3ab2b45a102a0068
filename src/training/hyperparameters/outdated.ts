import { flag, oneOf, outdated, real, whole } from './kinds.ts'

/** Names of earlier releases of XGBoost that SageMaker's container still takes. */
export const earlier = {
  predictor: outdated(
    oneOf('auto', 'cpu_predictor', 'gpu_predictor'),
    'XGBoost 3.4.1 chooses its predictor by the device',
  ),
  dsplit: outdated(oneOf('row', 'col'), 'XGBoost 3.4.1 splits data by row'),
  sketch_eps: outdated(real({ above: 0, below: 1 }), 'XGBoost 3.4.1 has max_bin instead'),
  deterministic_histogram: outdated(flag, 'histograms of XGBoost 3.4.1 are deterministic on the CPU'),
  prob_buffer_row: outdated(whole(1), 'XGBoost 3.4.1 has no grow_skmaker'),
  use_dask_gpu_training: outdated(flag, 'training runs on the CPU', [
    { values: 'true', pattern: /^(t|true|y|yes|on|1)$/i, reason: 'training runs on the CPU' },
  ]),
}

/** Names that are known and not supported, with the reason. */
export const REFUSED_NAMES: Readonly<Record<string, string>> = {
  num_class: 'it belongs to multi:* objectives, which give several scores a row: a ranker gives one',
  aft_loss_distribution: 'it belongs to survival:aft, which is not supported',
  aft_loss_distribution_scale: 'it belongs to survival:aft, which is not supported',
  lambda_bias: 'it belongs to the booster gblinear, which is not supported',
  feature_selector: 'it belongs to the booster gblinear, which is not supported',
  top_k: 'it belongs to the booster gblinear, which is not supported; see lambdarank_num_pair_per_sample',
  _num_cv_round: 'kfold cross-validates once; another seed gives other folds',
  seed_per_iteration: 'the job sets it where it keeps checkpoints, and only there',
}
