import { RankerError } from '../errors.ts'
import type { LearningCurve } from '../report/report-data.ts'
import { CHANNELS } from '../sagemaker/job.ts'
import { makeTemporaryFolder } from '../storage/files.ts'
import { Booster, type Parameters } from '../xgboost/booster.ts'
import { DMatrix } from '../xgboost/dmatrix.ts'
import type { XGBoost } from '../xgboost/library.ts'
import { type Own, withOwned } from '../xgboost/owned.ts'
import { type Artefact, buildArtefact, exportBooster } from './artefact.ts'
import { boost, type Matrices } from './boost.ts'
import { checkContinues, loadChannelModel, scoreChannels } from './channel-model.ts'
import { Checkpoints, holdsCheckpoints } from './checkpoints.ts'
import { learningCurve } from './curve.ts'
import { type Datasets, readDatasets } from './datasets.ts'
import { findings } from './findings.ts'
import { originOf } from './fingerprint.ts'
import { xgboostParameters } from './hyperparameters.ts'
import { type Inspection, inspect } from './inspect.ts'
import { type Metrics, measure, scoreRows } from './measure.ts'
import { checkCheckpoints, checkEarlyStopping, evalMetrics } from './objective.ts'
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
  const metrics = evalMetrics(hyperparameters)
  const parameters: Parameters = {
    ...xgboostParameters(hyperparameters, metrics, threads),
    // Each round draws from a seed of its own, so that a resumed run draws what an uninterrupted one does.
    ...(plan.checkpoints !== undefined && { seed_per_iteration: '1' }),
  }
  if (plan.checkpoints !== undefined) {
    checkCheckpoints(parameters)
    signals.emit({
      type: 'note',
      text: `a checkpoint every ${hyperparameters.checkpoint_interval} rounds in ${plan.checkpoints}; for that, seed_per_iteration is 1, with which sampling draws other rows than without checkpoints`,
    })
  }
  const given = plan.model === undefined ? undefined : loadChannelModel(plan.model)
  const base = hyperparameters.model_channel === 'continue' ? given : undefined

  const watch = new Stopwatch()
  return withOwned(async (own) => {
    const endIfAsked = () => interrupt(plan, signals)
    const datasets = await readDatasets(plan, signals.emit, own, endIfAsked)
    endIfAsked()
    if (base) checkContinues(base, parameters, datasets.train.featureNames)
    watch.lap('read')
    const incumbent = given && scoreChannels(library, given, datasets)
    const matrices = quantise(library, datasets, plan, own)
    watch.lap('quantise')
    const cached = Object.values(matrices)
    const booster = own(
      base ? Booster.load(library, base.bytes, cached) : Booster.create(library, {}, cached),
    )
    booster.setParameters(parameters)
    const from = booster.rounds()
    const checkpoints =
      plan.checkpoints === undefined
        ? undefined
        : new Checkpoints({
            folder: plan.checkpoints,
            interval: hyperparameters.checkpoint_interval,
            origin: originOf(datasets, parameters, base),
            booster,
            parameters,
            emit: signals.emit,
          })
    const boosted = boost(booster, hyperparameters, matrices, signals, { from, checkpoints })
    const { kept, trained } = boosted
    watch.lap('train')
    if (kept + 1 < trained)
      signals.emit({ type: 'note', text: `kept round ${kept} of rounds 0 to ${trained - 1}` })

    // A slice keeps neither names nor attributes, nor the metrics to evaluate.
    const final = own(booster.slice(kept + 1))
    final.setFeatureNames(datasets.train.featureNames)
    final.setAttribute('best_iteration', String(kept))
    final.setParameters({ eval_metric: metrics, nthread: String(threads) })

    const exported = exportBooster(final)
    const { forest } = exported
    const scores = scoreRows(final, datasets)
    const measured = measure(final, kept, datasets, matrices, scores, incumbent, signals.shouldStop())
    const { baselines } = measured
    const inspection = inspect({ library, final, forest, datasets, scores, incumbent, baselines })
    const artefact = buildArtefact(plan, datasets.train, final, exported, measured, inspection.profile)
    watch.lap('measure')
    return {
      ...artefact,
      metrics: { ...measured, ...findings(inspection) },
      inspection,
      curve: learningCurve(hyperparameters, metrics.at(-1)!, boosted, from),
      phases: watch.phases,
    }
  })
}

/**
 * Ends the reading when somebody asks: without a finished round there is nothing to keep. Where an earlier attempt
 * left checkpoints there is, and the data are needed to export it.
 */
function interrupt({ checkpoints }: TrainingPlan, signals: TrainingSignals): void {
  if (!signals.shouldStop() || (checkpoints !== undefined && holdsCheckpoints(checkpoints))) return
  throw new RankerError('STOPPED', {})
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
