import type { Dataset } from '../data/dataset/dataset.ts'
import type { MemoryLimit } from '../data/dataset/row-store.ts'
import { RankerError } from '../errors.ts'
import { tableName } from '../features/columns.ts'
import type { FittedFeatures } from '../features/fitted.ts'
import { chooseGolden, type GoldenTable } from '../features/golden.ts'
import { learn, lookThrough, type TrainingRows, transformRows } from '../features/learn.ts'
import { FeaturePipeline } from '../features/pipeline.ts'
import { type FeaturePlan, planFeatures } from '../features/plan.ts'
import type { FeatureSpec } from '../features/spec.ts'
import { addSeen } from '../features/statistics.ts'
import type { RawChannel, RawColumns } from './channel-reader.ts'
import type { Hosts } from './hosts/hosts.ts'
import type { Hyperparameters } from './hyperparameters.ts'

/** A feature spec, and where it came from, for errors. */
export interface SpecOfJob {
  readonly spec: FeatureSpec
  readonly source: string
}

/** The features of a model that is trained by a spec. */
export interface ModelFeatures {
  readonly pipeline: FeaturePipeline
  /** Raw rows of train that will prove the model. */
  readonly golden: GoldenTable
}

/** Turns raw channels into datasets. */
export interface ChannelFeatures {
  /** What to read of a channel. */
  readonly raw: RawColumns
  train(channel: RawChannel, memory: MemoryLimit, hosts: Hosts): Dataset
  other(channel: RawChannel, memory: MemoryLimit): Dataset
}

/** Turns raw channels, train included, into datasets the way an earlier model sees them in serving. */
export class ServedFeatures implements ChannelFeatures {
  readonly #pipeline: FeaturePipeline

  constructor(fitted: FittedFeatures) {
    this.#pipeline = new FeaturePipeline(fitted)
  }

  get raw(): RawColumns {
    const { columns, dimensions } = this.#pipeline
    return { columns, dimensions, asServed: true }
  }

  train(channel: RawChannel, memory: MemoryLimit): Dataset {
    return this.other(channel, memory)
  }

  other({ raw, judged }: RawChannel, memory: MemoryLimit): Dataset {
    const matrix = transformRows(this.#pipeline, raw, judged, memory)
    return { featureNames: this.#pipeline.featureNames, matrix, ...judged }
  }
}

/**
 * Turns raw channels into datasets by a feature spec: fits it on train, and computes the features of all channels.
 */
export class SpecFeatures implements ChannelFeatures {
  readonly #job: SpecOfJob
  readonly #plan: FeaturePlan
  readonly #given: FittedFeatures | undefined
  #features: ModelFeatures | undefined

  /** @param given what the model that training continues from has fitted already. */
  constructor(job: SpecOfJob, hyperparameters: Hyperparameters, given: FittedFeatures | undefined) {
    this.#job = job
    this.#plan = planFeatures(job.spec, job.source)
    this.#given = given
    checkRoles(this.#plan, job.source, hyperparameters)
  }

  get features(): ModelFeatures {
    return this.#features!
  }

  get raw(): RawColumns {
    const dimensions = this.#features?.pipeline.dimensions
    return { columns: this.#plan.columns, ...(dimensions && { dimensions }) }
  }

  /** Learns from the train channel, together with the other hosts, and computes its features. */
  train({ raw, judged }: RawChannel, memory: MemoryLimit, hosts: Hosts): Dataset {
    const { spec, source } = this.#job
    const parts = hosts.gather(lookThrough(this.#plan, raw, judged, source))
    const learnt = this.#given
      ? { fitted: this.#given, seen: addSeen(parts) }
      : learn(spec, this.#plan, parts, source)
    const pipeline = new FeaturePipeline(learnt.fitted, source)
    // The host that writes the model may have no row of its own.
    const golden = hosts
      .gather(chooseGolden(pipeline, raw, judged.groups, source))
      .find(({ rows }) => rows.length > 0)
    this.#features = { pipeline, golden: golden ?? { columns: [], rows: [], sizes: [] } }
    return this.#dataset({ raw, judged }, memory, { plan: this.#plan, seen: learnt.seen })
  }

  /** Computes the features of another channel, as serving will. */
  other(channel: RawChannel, memory: MemoryLimit): Dataset {
    return this.#dataset(channel, memory)
  }

  #dataset({ raw, judged }: RawChannel, memory: MemoryLimit, training?: TrainingRows): Dataset {
    const { pipeline } = this.features
    const matrix = transformRows(pipeline, raw, judged, memory, training)
    return { featureNames: pipeline.featureNames, matrix, ...judged }
  }
}

/** The label is the answer: a feature made from it would be all that a model looks at. */
function checkRoles(
  { columns, features }: FeaturePlan,
  source: string,
  { label, group, weight }: Hyperparameters,
): void {
  const roles = new Map([
    [label, 'label'],
    [group, 'group'],
    ...(weight === undefined ? [] : [[weight, 'weight'] as const]),
  ])
  for (const [index, feature] of features.entries()) {
    const places = [
      ...feature.columns,
      ...feature.operands.flatMap((operand) => ('column' in operand ? [operand.column] : [])),
    ]
    const name = places.map((place) => tableName(columns[place]!)).find((one) => roles.has(one))
    if (name === undefined) continue
    const fault = `reads the column ${JSON.stringify(name)}, which is the ${roles.get(name)}: wanted one that a request has`
    throw new RankerError('BAD_FEATURE_SPEC', { source, path: `features[${index}]`, fault })
  }
}
