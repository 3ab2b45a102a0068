import type { Dataset } from '../data/dataset/dataset.ts'
import { RankerError } from '../errors.ts'
import { readFitted } from '../features/fitted.ts'
import { MANIFEST_FILE } from '../model/manifest.ts'
import type { LearningCurve } from '../report/report-data.ts'
import { CHANNELS } from '../sagemaker/job.ts'
import { makeTemporaryFolder } from '../storage/files.ts'
import type { Parameters } from '../xgboost/booster.ts'
import { DMatrix } from '../xgboost/dmatrix.ts'
import type { XGBoost } from '../xgboost/library.ts'
import { type Own, withOwned } from '../xgboost/owned.ts'
import { type Artefact, buildArtefact, exportBooster } from './artefact.ts'
import { boost, type Matrices } from './boost.ts'
import { type ChannelModel, checkContinues, loadChannelModel } from './channel-model.ts'
import { Checkpoints, holdsCheckpoints } from './checkpoints.ts'
import { type CrossValidation, crossValidate, crossValidationNote } from './cross-validation.ts'
import { learningCurve } from './curve.ts'
import { asTrained, needsRawValues } from './data-needs.ts'
import { type Datasets, readDatasets } from './datasets.ts'
import { evalMetrics } from './eval-metrics.ts'
import { Evaluator } from './evaluator.ts'
import { findings } from './findings.ts'
import { originOf } from './fingerprint.ts'
import { withHeldOut } from './hold-out.ts'
import { checkSameJob, checkSameModel } from './hosts/agree.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'
import { lendQueries } from './hosts/lend.ts'
import { positionalConstraints } from './hyperparameters/constraints.ts'
import { jobContradiction } from './hyperparameters/contradictions.ts'
import { type Hyperparameters, xgboostParameters } from './hyperparameters.ts'
import { scoreIncumbent } from './incumbent.ts'
import { type Inspection, inspect } from './inspect.ts'
import { type KeptModel, keepRounds } from './kept-model.ts'
import { gainOfJob, type MeasureOptions, type Metrics, measure } from './measure.ts'
import type { ModelFeatures } from './model-features.ts'
import { type Phases, Stopwatch } from './phases.ts'
import type { TrainingPlan, TrainingSignals } from './plan.ts'
import { startingPoint } from './starting-point.ts'

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
  hosts: Hosts = ONE_HOST,
): Promise<TrainingResult> {
  const { hyperparameters } = plan
  const { emit } = signals
  checkJob(plan, hosts)
  if (plan.checkpoints !== undefined) {
    emit({
      type: 'note',
      text: `a checkpoint every ${hyperparameters.checkpoint_interval} rounds in ${plan.checkpoints}; for that, seed_per_iteration is 1, with which sampling draws other rows than without checkpoints`,
    })
  }
  const given = plan.model === undefined ? undefined : loadChannelModel(plan.model)
  const base = hyperparameters.model_channel === 'continue' ? given : undefined

  const watch = new Stopwatch()
  return withOwned(async (own) => {
    checkSameJob(plan, given?.sha256, hosts)
    const endIfAsked = () => interrupt(plan, signals, hosts)
    const { datasets: read, features } = await readDatasets(
      plan,
      emit,
      own,
      endIfAsked,
      hosts,
      base?.features === undefined ? undefined : readFitted(base.features, MANIFEST_FILE),
    )
    endIfAsked()
    checkFeatures(features, hyperparameters, base, emit)
    const parts = withHeldOut(read, hyperparameters, emit, hosts)
    const datasets = { ...parts, train: lendQueries(parts.train, hosts, emit) }
    const metrics = evalMetrics(hyperparameters)
    const job = prepare(plan, library, datasets.train, own, features)
    const evaluator = new Evaluator(metrics, datasets, hosts)
    const parameters = job.parameters(evaluator.evalMetric)
    if (base) checkContinues(base, parameters, datasets.train.featureNames)
    watch.lap('read')
    const incumbent =
      given && (await scoreIncumbent(library, given, { plan, datasets, features, emit, hosts, endIfAsked }))
    const cv =
      hyperparameters.kfold === undefined
        ? undefined
        : crossValidate(datasets.train, { ...job, library, hyperparameters, metrics, signals })
    if (cv) {
      emit({ type: 'note', text: crossValidationNote(cv, metrics.at(-1)!) })
      watch.lap('cross-validate')
    }
    const matrices = quantise(datasets, (name, data, reference) => own(job.matrix(name, data, reference)))
    watch.lap('quantise')
    const start = startingPoint(hyperparameters, library, base, Object.values(matrices), emit)
    const booster = own(start.booster)
    booster.setParameters(parameters)
    const checkpoints =
      plan.checkpoints === undefined
        ? undefined
        : new Checkpoints({
            folder: plan.checkpoints,
            interval: hyperparameters.checkpoint_interval,
            origin: originOf(datasets, parameters, hosts, base),
            booster,
            parameters,
            emit,
            hosts,
          })
    const rounds = cv ? roundsOf(cv, hyperparameters) : { ...hyperparameters, num_round: start.rounds }
    const { from } = start
    const boosted = boost(booster, rounds, evaluator, matrices, signals, { from, checkpoints, hosts })
    const { kept, trained } = boosted
    watch.lap('train')
    emit({ type: 'trained' })
    if (kept + 1 < trained) emit({ type: 'note', text: `kept round ${kept} of rounds 0 to ${trained - 1}` })

    const model = keepRounds(library, own, {
      ...boosted,
      start,
      evaluator,
      matrices,
      datasets,
      hyperparameters,
      threads: plan.threads,
    })
    const { metrics: measured, ...judged } = judge(plan, library, model, {
      datasets,
      features,
      metrics,
      incumbent,
      isHurried: hosts.any(signals.shouldStop()),
      hosts,
    })
    checkSameModel(judged.manifest.files['model.ubj']!, hosts, emit)
    watch.lap('measure')
    return {
      ...judged,
      metrics: cv ? { ...measured, cv } : measured,
      curve: learningCurve(rounds, metrics.at(-1)!, boosted, from),
      phases: watch.phases,
    }
  })
}

interface Judged extends Pick<MeasureOptions, 'metrics' | 'incumbent' | 'isHurried' | 'hosts'> {
  readonly datasets: Datasets
  readonly features: ModelFeatures | undefined
}

/** Exports the kept model and describes it: how good it is, what it looks at, what it was made from. */
function judge(
  plan: TrainingPlan,
  library: XGBoost,
  { round, booster, evaluation, scores }: KeptModel,
  { datasets, features, ...options }: Judged,
): Artefact & Pick<TrainingResult, 'metrics' | 'inspection'> {
  const { hyperparameters } = plan
  const exported = exportBooster(booster)
  const measured = measure(round, datasets, { ...options, evaluation, scores, hyperparameters })
  const inspection = inspect({
    library,
    final: booster,
    forest: exported.forest,
    datasets,
    scores,
    incumbent: options.incumbent,
    baselines: measured.baselines,
    gain: gainOfJob(hyperparameters),
    hosts: options.hosts,
  })
  return {
    ...buildArtefact(plan, booster, exported, {
      train: datasets.train,
      features,
      metrics: measured,
      profile: inspection.profile,
      hosts: options.hosts,
    }),
    metrics: { ...measured, ...findings(inspection) },
    inspection,
  }
}

/** @throws {RankerError} CONTRADICTING_HYPERPARAMETERS. */
function checkJob({ hyperparameters, channels, model, checkpoints }: TrainingPlan, hosts: Hosts): void {
  const reason = jobContradiction(hyperparameters, {
    validation: channels.validation !== undefined,
    continues: model !== undefined && hyperparameters.model_channel === 'continue',
    checkpoints: checkpoints !== undefined,
    hosts: hosts.names.length,
  })
  if (reason) throw new RankerError('CONTRADICTING_HYPERPARAMETERS', { reason })
}

/** @throws {RankerError} CONTRADICTING_HYPERPARAMETERS, BAD_CHANNEL_MODEL. */
function checkFeatures(
  features: ModelFeatures | undefined,
  { enable_categorical, tree_method }: Hyperparameters,
  base: ChannelModel | undefined,
  emit: TrainingSignals['emit'],
): void {
  const [first] = features?.pipeline.categorical ?? []
  if (enable_categorical === true && first === undefined) {
    emit({
      type: 'warning',
      text: 'enable_categorical is true, and no feature is one of categories: a feature spec says which are',
    })
  }
  if (!features) return
  if (base && !base.features) {
    throw new RankerError('BAD_CHANNEL_MODEL', {
      reason: `${base.file} has no feature pipeline beside it, and this job has a feature spec: to continue it, give its artefact with ranker.json, or leave the spec out`,
    })
  }
  if (first === undefined) return
  const name = features.pipeline.featureNames[first]!
  const refuse = (reason: string) => {
    throw new RankerError('CONTRADICTING_HYPERPARAMETERS', { reason })
  }
  if (enable_categorical === false) {
    refuse(
      `enable_categorical is false, and the feature spec has the categorical feature "${name}": leave one out, or encode it onehot`,
    )
  }
  if (tree_method === 'exact') {
    refuse(
      `tree_method exact takes no categories, and the feature spec has the categorical feature "${name}": use hist, or encode it onehot`,
    )
  }
}

/**
 * Ends the reading when a stop is requested: without a finished round there is nothing to keep. If an earlier attempt
 * left checkpoints there is, and the data is needed to export it.
 */
function interrupt({ checkpoints }: TrainingPlan, signals: TrainingSignals, hosts: Hosts): void {
  const mayResume = checkpoints !== undefined && (hosts.index > 0 || holdsCheckpoints(checkpoints))
  if (!signals.shouldStop() || mayResume) return
  throw new RankerError('STOPPED', {})
}

/**
 * The parameters of boosters, and how data is turned into their matrices: in memory, or in pages on disk if the rows
 * of train did not fit in memory either.
 */
function prepare(
  plan: TrainingPlan,
  library: XGBoost,
  train: Dataset,
  own: Own,
  features: ModelFeatures | undefined,
) {
  const { hyperparameters, threads, memory } = plan
  const constraints = positionalConstraints(hyperparameters, train.featureNames)
  const raw = needsRawValues(hyperparameters)
  if (raw && train.matrix.onDisk) throw new RankerError('VALUES_OUTGROW_MEMORY', { limit: memory.limitBytes })
  const pages = train.matrix.onDisk ? own(makeTemporaryFolder(memory.folder, 'ranker-pages-')) : undefined
  return {
    parameters: (evalMetric: readonly string[]): Parameters => ({
      ...xgboostParameters(hyperparameters, evalMetric, threads),
      ...constraints,
      // Each round draws from a seed of its own, so that a resumed run draws what an uninterrupted one does.
      ...(plan.checkpoints !== undefined && { seed_per_iteration: '1' }),
    }),
    matrix: (name: string, data: Dataset, reference?: DMatrix): DMatrix =>
      DMatrix.create(library, asTrained(data, hyperparameters), {
        threads,
        maxBin: hyperparameters.max_bin,
        reference,
        raw,
        categorical: features?.pipeline.categorical,
        pagesPrefix: pages && `${pages.path}/${name}`,
        batchBytes: pages && memory.limitBytes * PAGE_SHARE,
      }),
  }
}

/** After cross-validation nothing is left to decide: the model is trained up to the best round. */
function roundsOf({ best_iteration }: CrossValidation, hyperparameters: Hyperparameters): Hyperparameters {
  return { ...hyperparameters, num_round: best_iteration + 1, early_stopping_rounds: undefined }
}

/** Quantises every channel over the quantiles of train. */
function quantise(
  { train: data, ...others }: Datasets,
  matrix: (name: string, data: Dataset, reference?: DMatrix) => DMatrix,
): Matrices {
  const train = matrix('train', data)
  const matrices: Matrices = { train }
  for (const name of CHANNELS) {
    if (name !== 'train' && others[name]) matrices[name] = matrix(name, others[name], train)
  }
  return matrices
}
