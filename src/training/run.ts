import type { LearningCurve } from '../report/report-data.ts'
import { CHANNELS } from '../sagemaker/job.ts'
import { makeTemporaryFolder } from '../storage/files.ts'
import { Booster } from '../xgboost/booster.ts'
import { DMatrix } from '../xgboost/dmatrix.ts'
import type { XGBoost } from '../xgboost/library.ts'
import { type Own, withOwned } from '../xgboost/owned.ts'
import { type Artefact, buildArtefact, exportBooster } from './artefact.ts'
import { boost, type Matrices } from './boost.ts'
import { CurveRecorder } from './curve.ts'
import { type Datasets, readDatasets } from './datasets.ts'
import { findings } from './findings.ts'
import { xgboostParameters } from './hyperparameters.ts'
import { type Inspection, inspect } from './inspect.ts'
import { type Metrics, measure, scoreChannels } from './measure.ts'
import { checkEarlyStopping, evalMetrics } from './objective.ts'
import { type Phases, Stopwatch } from './phases.ts'
import type { TrainingPlan, TrainingSignals } from './plan.ts'

/** Share of the memory limit that a page takes, where the data is larger than memory; a few are held at a time. */
const PAGE_SHARE = 1 / 16

export interface TrainingResult extends Artefact {
  readonly metrics: Metrics
  readonly inspection: Inspection
  readonly curve: LearningCurve
  readonly phases: Phases
}

/**
 * Runs a training job from files to a model in memory, on the thread that owns the library.
 * @throws {RankerError} whatever is wrong with the data or the parameters, in one sentence.
 */
export async function runTraining(
  plan: TrainingPlan,
  library: XGBoost,
  signals: TrainingSignals,
): Promise<TrainingResult> {
  const { hyperparameters, threads } = plan
  checkEarlyStopping(hyperparameters, plan.channels.validation !== undefined)
  const watch = new Stopwatch()
  return withOwned(async (own) => {
    const datasets = await readDatasets(plan, signals.emit, own)
    watch.lap('read')
    const matrices = quantise(library, datasets, plan, own)
    watch.lap('quantise')
    const metrics = evalMetrics(hyperparameters)
    const parameters = xgboostParameters(hyperparameters, metrics, threads)
    const booster = own(Booster.create(library, parameters, Object.values(matrices)))
    const recorder = new CurveRecorder(signals)
    const { kept, trained } = boost(booster, hyperparameters, matrices, recorder)
    watch.lap('train')
    if (kept + 1 < trained)
      signals.emit({ type: 'note', text: `kept round ${kept} of rounds 0 to ${trained - 1}` })

    // A slice keeps neither names nor attributes, nor the metrics to evaluate.
    const final = own(booster.slice(kept + 1))
    final.setFeatureNames(datasets.train.featureNames)
    final.setAttribute('best_iteration', String(kept))
    final.setParameters({ eval_metric: metrics, nthread: String(threads) })

    const exported = exportBooster(final)
    const scores = scoreChannels(final, datasets)
    const measured = measure(final, kept, datasets, matrices, scores)
    const { forest } = exported
    const inspection = inspect({ library, final, forest, datasets, scores, baselines: measured.baselines })
    const artefact = buildArtefact(plan, datasets.train, final, exported, measured, inspection.profile)
    watch.lap('measure')
    return {
      ...artefact,
      metrics: { ...measured, ...findings(inspection) },
      inspection,
      curve: recorder.curve(hyperparameters, metrics.at(-1)!, kept),
      phases: watch.phases,
    }
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
