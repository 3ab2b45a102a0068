import { isDeepStrictEqual } from 'node:util'
import { RankerError } from '../errors.ts'
import { type FittedFeatures, readFitted } from '../features/fitted.ts'
import { MANIFEST_FILE } from '../model/manifest.ts'
import type { XGBoost } from '../xgboost/library.ts'
import { withOwned } from '../xgboost/owned.ts'
import { type ChannelModel, type Scores, scoreChannels } from './channel-model.ts'
import { type Datasets, readAsServed } from './datasets.ts'
import { withHeldOut } from './hold-out.ts'
import type { Hosts } from './hosts/hosts.ts'
import { lendQueries } from './hosts/lend.ts'
import type { ModelFeatures } from './model-features.ts'
import type { Emit, TrainingPlan } from './plan.ts'

interface Job {
  readonly plan: TrainingPlan
  readonly datasets: Datasets
  /** Of this job's own spec. */
  readonly features: ModelFeatures | undefined
  readonly emit: Emit
  readonly hosts: Hosts
  readonly endIfAsked: () => void
}

/**
 * The scores that the model of a `model` channel gives the rows of every channel. If it or this job makes features
 * from raw columns, equal names need not mean equal numbers, so the files are read again the way that model's serving
 * would.
 * @throws {RankerError} BAD_CHANNEL_MODEL if it needs what the data lacks.
 */
export async function scoreIncumbent(
  library: XGBoost,
  model: ChannelModel,
  job: Job,
): Promise<Scores | undefined> {
  const { plan, datasets, features, emit, hosts, endIfAsked } = job
  const fitted = features && JSON.parse(JSON.stringify(features.pipeline.fitted))
  const own = featuresOf(model)
  // A model without feature names can only be compared on as many features.
  if (!own || isDeepStrictEqual(model.features, fitted)) return scoreChannels(library, model, datasets)
  if (Object.values(plan.channels).some((channel) => channel?.kind === 'pipe')) {
    emit({
      type: 'warning',
      text: `${model.file} of the model channel is not measured: it has other features than this job, for which the files are read a second time, and a pipe can be read but once`,
    })
    return undefined
  }
  return withOwned(async (owned) => {
    try {
      const read = await readAsServed(plan, own, owned, endIfAsked, hosts, datasets)
      const parts = withHeldOut(read, plan.hyperparameters, () => {}, hosts)
      const served = { ...parts, train: lendQueries(parts.train, hosts, () => {}) }
      return scoreChannels(library, model, served)
    } catch (cause) {
      if (!(cause instanceof RankerError) || PASSED_ON.has(cause.code)) throw cause
      const reason = `${model.file} cannot be measured on these data: ${cause.message}`
      throw new RankerError('BAD_CHANNEL_MODEL', { reason }, { cause })
    }
  })
}

/** A model that was trained without a spec has its columns as they are. */
function featuresOf({ features, featureNames }: ChannelModel): FittedFeatures | undefined {
  if (features) return readFitted(features, MANIFEST_FILE)
  if (featureNames.length === 0) return undefined
  const columns = featureNames.map((column) => ({ kind: 'numeric' as const, column }))
  return { version: 1, spec: { features: columns }, learnt: columns.map(() => ({})) }
}

const PASSED_ON: ReadonlySet<string> = new Set(['BAD_CHANNEL_MODEL', 'STOPPED'])
