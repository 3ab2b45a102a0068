import type { DMatrix } from './dmatrix.ts'
import {
  arrayInterface,
  type BoosterHandle,
  copyBytes,
  copyFloats,
  type DMatrixHandle,
  readSizes,
  readTexts,
  type XGBoost,
} from './library.ts'

/** A named matrix that a booster is evaluated on. */
export interface EvalSet {
  readonly name: string
  readonly matrix: DMatrix
}

/** Values of one round's evaluation by `name-metric`, in XGBoost's order. */
export type Evaluation = ReadonlyMap<string, number>

/** XGBoost's parameters by its names; a list is set value by value, as `eval_metric` wants. */
export type Parameters = Readonly<Record<string, string | readonly string[]>>

/** A gradient-boosted forest in training or use. Owned by whoever made it: `close()` frees it. */
export class Booster {
  readonly #library: XGBoost
  #handle: BoosterHandle | undefined

  private constructor(library: XGBoost, handle: BoosterHandle) {
    this.#library = library
    this.#handle = handle
  }

  /**
   * @param matrices those that training will use, so that the library can keep their predictions.
   */
  static create(library: XGBoost, parameters: Parameters, matrices: readonly DMatrix[]): Booster {
    const handles: DMatrixHandle[] = matrices.map((matrix) => matrix.handle)
    const booster = new Booster(library, library.create('XGBoosterCreate', handles, handles.length))
    try {
      booster.setParameters(parameters)
      return booster
    } catch (thrown) {
      booster.close()
      throw thrown
    }
  }

  /**
   * Reads a model in JSON or UBJSON.
   * @param matrices those that training will use, where it goes on. @throws {RankerError} XGBOOST_FAILED when the bytes
   * are no model.
   */
  static load(library: XGBoost, model: Uint8Array, matrices: readonly DMatrix[] = []): Booster {
    const booster = Booster.create(library, {}, matrices)
    try {
      // The library's reader may look past the end of a sub-array, so it gets a copy.
      const bytes = Uint8Array.from(model)
      library.call('XGBoosterLoadModelFromBuffer', booster.handle, bytes, bytes.length)
      return booster
    } catch (thrown) {
      booster.close()
      throw thrown
    }
  }

  get handle(): BoosterHandle {
    if (this.#handle === undefined) throw new Error('this Booster was closed')
    return this.#handle
  }

  setParameters(parameters: Parameters): void {
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of [value].flat()) this.#library.call('XGBoosterSetParam', this.handle, name, one)
    }
  }

  /** Adds the trees of one round, counted from 0. */
  update(round: number, train: DMatrix): void {
    this.#library.call('XGBoosterUpdateOneIter', this.handle, round, train.handle)
  }

  /** Evaluates the metrics set as `eval_metric` on each matrix. */
  evaluate(round: number, sets: readonly EvalSet[]): Evaluation {
    const out: [string | null] = [null]
    const handles = sets.map((set) => set.matrix.handle)
    const names = sets.map((set) => set.name)
    this.#library.call('XGBoosterEvalOneIter', this.handle, round, handles, names, sets.length, out)
    // "[12]\ttrain-ndcg@10:0.61342\tvalidation-ndcg@10:0.57011"
    const parts = out[0]!.split('\t').slice(1)
    return new Map(
      parts.map((part) => {
        const colon = part.lastIndexOf(':')
        return [part.slice(0, colon), Number(part.slice(colon + 1))]
      }),
    )
  }

  /**
   * XGBoost's `predict()` of rows held in memory, through in-place prediction.
   * @param rows row-major, `count * width` values; NaN is missing. @returns one float32 a row.
   */
  predict(rows: Float32Array, count: number, width: number): Float32Array {
    if (count === 0) return new Float32Array(0)
    const config =
      '{"type":0,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,"missing":NaN,"cache_id":0}'
    const [shape, dimensions, result]: [unknown[], unknown[], unknown[]] = [[null], [null], [null]]
    this.#library.call(
      'XGBoosterPredictFromDense',
      this.handle,
      arrayInterface(rows, [count, width]),
      config,
      null,
      shape,
      dimensions,
      result,
    )
    return readPrediction(shape[0], Number(dimensions[0]), result[0])
  }

  /**
   * SHAP values of every row, exact for trees (Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9): what each
   * feature added to the row's margin, and last the base that all rows start from. In-place prediction cannot give
   * them.
   * @returns `rows * (features + 1)` values; those of a row sum to its margin.
   */
  contributions(matrix: DMatrix): Float32Array {
    return this.#predictOn(matrix, 2)
  }

  /**
   * XGBoost's `predict()` of a matrix. The scores of a matrix that this booster was trained on are cached; the values
   * of any other are quantised like those of its reference, and may not get the score that {@link Booster.predict}
   * gives.
   */
  predictMatrix(matrix: DMatrix): Float32Array {
    return this.#predictOn(matrix, 0)
  }

  #predictOn(matrix: DMatrix, type: number): Float32Array {
    const config = `{"type":${type},"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false}`
    const [shape, dimensions, result]: [unknown[], unknown[], unknown[]] = [[null], [null], [null]]
    this.#library.call(
      'XGBoosterPredictFromDMatrix',
      this.handle,
      matrix.handle,
      config,
      shape,
      dimensions,
      result,
    )
    return readPrediction(shape[0], Number(dimensions[0]), result[0])
  }

  /**
   * XGBoost's feature importance, as Python's `get_score`: the mean over a feature's splits of their gain or cover, or
   * their number (`weight`). @returns one value a feature; 0 for one that no split uses.
   */
  featureScores(kind: 'gain' | 'cover' | 'weight', width: number): Float64Array {
    const [count, features, dimensions, shape, result]: [
      unknown[],
      unknown[],
      unknown[],
      unknown[],
      unknown[],
    ] = [[null], [null], [null], [null], [null]]
    // Placeholder names, so that indices come back whatever the features are called.
    const names = Array.from({ length: width }, (_, feature) => String(feature))
    const config = JSON.stringify({ importance_type: kind, feature_names: names })
    this.#library.call(
      'XGBoosterFeatureScore',
      this.handle,
      config,
      count,
      features,
      dimensions,
      shape,
      result,
    )
    const used = Number(count[0])
    const scores = new Float64Array(width)
    if (used === 0) return scores
    const values = copyFloats(result[0], used)
    for (const [at, name] of readTexts(features[0], used).entries()) scores[Number(name)] = values[at]!
    return scores
  }

  /** Rounds that the model has. */
  rounds(): number {
    return this.#library.create('XGBoosterBoostedRounds', this.handle)
  }

  /**
   * A separate booster with the rounds `[0, rounds)`. Attributes and feature names are not copied: set them again.
   */
  slice(rounds: number): Booster {
    return new Booster(this.#library, this.#library.create('XGBoosterSlice', this.handle, 0, rounds, 1))
  }

  setAttribute(key: string, value: string): void {
    this.#library.call('XGBoosterSetAttr', this.handle, key, value)
  }

  /** Feature names do not pass from a DMatrix to the model, so they are set here. */
  setFeatureNames(names: readonly string[]): void {
    this.#library.call('XGBoosterSetStrFeatureInfo', this.handle, 'feature_name', names, names.length)
  }

  /** The model in XGBoost's own format: UBJSON (`ubj`) or JSON text. */
  save(format: 'ubj' | 'json'): Uint8Array {
    const [length, bytes]: [unknown[], unknown[]] = [[null], [null]]
    const config = JSON.stringify({ format })
    this.#library.call('XGBoosterSaveModelToBuffer', this.handle, config, length, bytes)
    return copyBytes(bytes[0], Number(length[0]))
  }

  /** The model with all the state that further training needs, for {@link Booster.restore} of the same release. */
  serialize(): Uint8Array {
    const [length, bytes]: [unknown[], unknown[]] = [[null], [null]]
    this.#library.call('XGBoosterSerializeToBuffer', this.handle, length, bytes)
    return copyBytes(bytes[0], Number(length[0]))
  }

  /** Replaces this booster's model and configuration. @throws {RankerError} XGBOOST_FAILED. */
  restore(serialized: Uint8Array): void {
    // The library's reader may look past the end of a sub-array, so it gets a copy.
    const bytes = Uint8Array.from(serialized)
    this.#library.call('XGBoosterUnserializeFromBuffer', this.handle, bytes, bytes.length)
  }

  close(): void {
    if (this.#handle === undefined) return
    this.#library.call('XGBoosterFree', this.#handle)
    this.#handle = undefined
  }
}

function readPrediction(shape: unknown, dimensions: number, result: unknown): Float32Array {
  const values = readSizes(shape, dimensions).reduce((product, size) => product * size, 1)
  return values === 0 ? new Float32Array(0) : copyFloats(result, values)
}
