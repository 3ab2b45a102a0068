import { CHANNELS } from '../sagemaker/job.ts'
import { makeTemporaryFolder } from '../storage/files.ts'
import { Booster } from '../xgboost/booster.ts'
import { DMatrix } from '../xgboost/dmatrix.ts'
import type { XGBoost } from '../xgboost/library.ts'
import { type Own, withOwned } from '../xgboost/owned.ts'
import { type Artefact, buildArtefact } from './artefact.ts'
import { boost, type Matrices } from './boost.ts'
import { type Datasets, readDatasets } from './datasets.ts'
import { checkSameJob, checkSameModel } from './hosts/agree.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'
import { lendQueries } from './hosts/lend.ts'
import { xgboostParameters } from './hyperparameters.ts'
import { type Metrics, measure } from './measure.ts'
import { checkEarlyStopping, evalMetrics } from './objective.ts'
import type { TrainingPlan, TrainingSignals } from './plan.ts'

/** Share of the memory limit that a page takes, where the data is larger than memory; a few are held at a time. */
const PAGE_SHARE = 1 / 16

export interface TrainingResult extends Artefact {
  readonly metrics: Metrics
}

/**
 * Runs a training job from files to a model in memory, on the thread that owns the library.
 * @throws {RankerError} whatever is wrong with the data or the parameters, in one sentence.
 */
export async function runTraining(
  plan: TrainingPlan,
  library: XGBoost,
  signals: TrainingSignals,
  hosts: Hosts = ONE_HOST,
): Promise<TrainingResult> {
  const { hyperparameters, threads } = plan
  checkEarlyStopping(hyperparameters, plan.channels.validation !== undefined)
  return withOwned(async (own) => {
    checkSameJob(plan, hosts)
    const datasets = await readDatasets(plan, signals.emit, own, hosts)
    const { train, lender } = lendQueries(datasets.train, hosts)
    datasets.train = train
    if (lender)
      signals.emit({ type: 'note', text: `train: no row here, so one query of ${lender} is taken over` })
    const matrices = quantise(library, datasets, plan, own)
    const metrics = evalMetrics(hyperparameters)
    const parameters = xgboostParameters(hyperparameters, metrics, threads)
    const booster = own(Booster.create(library, parameters, Object.values(matrices)))
    const { kept, trained } = boost(booster, hyperparameters, matrices, signals, hosts)
    if (kept + 1 < trained)
      signals.emit({ type: 'note', text: `kept round ${kept} of rounds 0 to ${trained - 1}` })

    // A slice keeps neither names nor attributes, nor the metrics to evaluate.
    const final = own(booster.slice(kept + 1))
    final.setFeatureNames(datasets.train.featureNames)
    final.setAttribute('best_iteration', String(kept))
    final.setParameters({ eval_metric: metrics, nthread: String(threads) })

    const measured = measure(final, kept, datasets, matrices, hosts)
    const artefact = buildArtefact(plan, datasets.train, final, measured, hosts)
    checkSameModel(artefact.manifest.files['model.ubj']!, hosts, signals.emit)
    return { ...artefact, metrics: measured }
  })
}

/**
 * Quantises every channel over the quantiles of train: in memory, or in pages on disk where the rows of train did not
 * fit either.
 */
function quantise(library: XGBoost, datasets: Datasets, plan: TrainingPlan, own: Own): Matrices {
  const { train: trainData } = datasets
  const pages = trainData.matrix.onDisk
    ? own(makeTemporaryFolder(plan.memory.folder, 'ranker-pages-'))
    : undefined
  const create = (name: string, data: Datasets['train'], reference?: DMatrix) =>
    own(
      DMatrix.create(library, data, {
        threads: plan.threads,
        maxBin: plan.hyperparameters.max_bin,
        reference,
        pagesPrefix: pages && `${pages.path}/${name}`,
        batchBytes: pages && plan.memory.limitBytes * PAGE_SHARE,
      }),
    )
  const train = create('train', trainData)
  const matrices: Matrices = { train }
  for (const name of CHANNELS) {
    const data = datasets[name]
    if (data && name !== 'train') matrices[name] = create(name, data, train)
  }
  return matrices
}
