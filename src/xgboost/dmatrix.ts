import { type Batch, batchesOf, type Dataset } from '../data/dataset/dataset.ts'
import { arrayInterface, type DMatrixHandle, type XGBoost } from './library.ts'

export interface DMatrixOptions {
  readonly threads: number
  readonly maxBin?: number | undefined
  /** The matrix whose quantiles are used, as validation data must use those of the training data. */
  readonly reference?: DMatrix | undefined
  /** Prefix of the files for quantised pages of data that is larger than memory; without it they stay in memory. */
  readonly pagesPrefix?: string | undefined
  /** Bytes of rows that are handed to the library at a time. @default 64 MiB */
  readonly batchBytes?: number | undefined
  /** Keep the values themselves, as `exact` and `approx` splits and the refreshing of trees need them. */
  readonly raw?: boolean | undefined
  /** Which features are codes of categories: whole numbers from 0. */
  readonly categorical?: readonly number[] | undefined
}

/** XGBoost's matrix of a {@link Dataset}, quantised unless asked otherwise. Owned by whoever made it: `close()` frees it. */
export class DMatrix {
  readonly #library: XGBoost
  #handle: DMatrixHandle | undefined

  private constructor(library: XGBoost, handle: DMatrixHandle) {
    this.#library = library
    this.#handle = handle
  }

  /** Quantises the data, which is not needed afterwards. @throws {RankerError} XGBOOST_FAILED. */
  static create(library: XGBoost, data: Dataset, options: DMatrixOptions): DMatrix {
    if (options.raw) return DMatrix.#createRaw(library, data, options)
    const { threads, maxBin = 256, reference, pagesPrefix, batchBytes = 1 << 26, categorical } = options
    const proxy = library.create<DMatrixHandle>('XGProxyDMatrixCreate')
    const batches = batchesOf(data, Math.floor(batchBytes / 4 / data.matrix.width))
    // The library needs at least one batch, even on a host that has no row of a channel.
    if (batches.length === 0) batches.push({ from: 0, to: 0, firstQuery: 0, lastQuery: 0 })
    // The library makes several passes over the batches. A throw inside a callback would hang the process, so its
    // error is kept and the pass ended.
    let at = 0
    let thrown: unknown
    const next = (): number => {
      const batch = batches[at++]
      if (!batch || thrown) return 0
      try {
        giveBatch(library, proxy, data, batch, categorical)
        return 1
      } catch (error) {
        thrown = error
        return 0
      }
    }
    const reset = (): void => {
      at = 0
    }
    const common = `"missing":NaN,"nthread":${threads},"max_bin":${maxBin}`
    const [call, config] = pagesPrefix
      ? ([
          'XGExtMemQuantileDMatrixCreateFromCallback',
          `{${common},"cache_prefix":${JSON.stringify(pagesPrefix)}}`,
        ] as const)
      : (['XGQuantileDMatrixCreateFromCallback', `{${common}}`] as const)
    try {
      const handle = library.create<DMatrixHandle>(
        call,
        null,
        proxy,
        reference?.handle ?? null,
        reset,
        next,
        config,
      )
      if (thrown) {
        library.call('XGDMatrixFree', handle)
        throw thrown
      }
      return new DMatrix(library, handle)
    } catch (error) {
      throw thrown ?? error
    } finally {
      library.call('XGDMatrixFree', proxy)
    }
  }

  /** Rows as they are, not quantised and without labels: to predict on. @param rows row-major; NaN is missing. */
  static ofRows(library: XGBoost, rows: Float32Array, width: number): DMatrix {
    const shape = [rows.length / width, width]
    const config = '{"missing":NaN,"nthread":0}'
    return new DMatrix(
      library,
      library.create('XGDMatrixCreateFromDense', arrayInterface(rows, shape), config),
    )
  }

  static #createRaw(library: XGBoost, data: Dataset, { threads, categorical }: DMatrixOptions): DMatrix {
    const rows = arrayInterface(data.matrix.view(0, data.rows), [data.rows, data.matrix.width])
    const config = `{"missing":NaN,"nthread":${threads}}`
    const matrix = new DMatrix(library, library.create('XGDMatrixCreateFromDense', rows, config))
    try {
      const lastQuery = data.groups?.sizes.length ?? data.rows
      giveInfo(
        library,
        matrix.handle,
        data,
        { from: 0, to: data.rows, firstQuery: 0, lastQuery },
        categorical,
      )
      return matrix
    } catch (thrown) {
      matrix.close()
      throw thrown
    }
  }

  get handle(): DMatrixHandle {
    if (this.#handle === undefined) throw new Error('this DMatrix was closed')
    return this.#handle
  }

  close(): void {
    if (this.#handle === undefined) return
    this.#library.call('XGDMatrixFree', this.#handle)
    this.#handle = undefined
  }
}

/** Hands one batch to the library, which reads it in place: every array shares its memory with `data`. */
function giveBatch(
  library: XGBoost,
  proxy: DMatrixHandle,
  data: Dataset,
  batch: Batch,
  categorical: readonly number[] | undefined,
): void {
  const { from, to } = batch
  const rows = arrayInterface(data.matrix.view(from, to), [to - from, data.matrix.width])
  library.call('XGProxyDMatrixSetDataDense', proxy, rows)
  giveInfo(library, proxy, data, batch, categorical)
}

function giveInfo(
  library: XGBoost,
  matrix: DMatrixHandle,
  data: Dataset,
  batch: Batch,
  categorical: readonly number[] = [],
): void {
  const { from, to, firstQuery, lastQuery } = batch
  if (categorical.length > 0) {
    const types = Array.from({ length: data.matrix.width }, (_, at) =>
      categorical.includes(at) ? 'c' : 'float',
    )
    library.call('XGDMatrixSetStrFeatureInfo', matrix, 'feature_type', types, types.length)
  }
  const info = (field: string, values: Float32Array | Uint32Array) =>
    library.call('XGDMatrixSetInfoFromInterface', matrix, field, arrayInterface(values, [values.length]))
  info('label', data.labels.subarray(from, to))
  if (data.groups) info('group', data.groups.sizes.subarray(firstQuery, lastQuery))
  if (data.weights) info('weight', data.weights.subarray(firstQuery, lastQuery))
}
