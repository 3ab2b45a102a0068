import type { Dataset } from '../data/dataset.ts'
import { arrayInterface, type DMatrixHandle, type XGBoost } from './library.ts'

export interface DMatrixOptions {
  readonly threads: number
  readonly maxBin?: number | undefined
  /** The matrix whose quantiles are taken over, as validation data must take those of the training data. */
  readonly reference?: DMatrix | undefined
}

/** XGBoost's quantised matrix of a {@link Dataset}. Owned by whoever made it: `close()` frees it. */
export class DMatrix {
  readonly #library: XGBoost
  #handle: DMatrixHandle | undefined

  private constructor(library: XGBoost, handle: DMatrixHandle) {
    this.#library = library
    this.#handle = handle
  }

  /** Quantises the data; nothing of it is needed afterwards. @throws {RankerError} XGBOOST_FAILED. */
  static create(library: XGBoost, data: Dataset, options: DMatrixOptions): DMatrix {
    const proxy = library.create<DMatrixHandle>('XGProxyDMatrixCreate')
    const shape = [data.rows, data.featureNames.length]
    // The library makes several passes, each over one batch: the whole matrix. A throw inside a callback would hang
    // the process, so its error is kept and the pass ended.
    let given = false
    let thrown: unknown
    const next = (): number => {
      if (given) return 0
      given = true
      try {
        library.call('XGProxyDMatrixSetDataDense', proxy, arrayInterface(data.values, shape))
        setInfo(library, proxy, data)
        return 1
      } catch (error) {
        thrown = error
        return 0
      }
    }
    const reset = (): void => {
      given = false
    }
    const config = `{"missing":NaN,"nthread":${options.threads},"max_bin":${options.maxBin ?? 256}}`
    const reference = options.reference?.handle ?? null
    try {
      const handle = library.create<DMatrixHandle>(
        'XGQuantileDMatrixCreateFromCallback',
        null,
        proxy,
        reference,
        reset,
        next,
        config,
      )
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

function setInfo(library: XGBoost, proxy: DMatrixHandle, data: Dataset): void {
  const set = (field: string, values: Float32Array | Uint32Array) =>
    library.call('XGDMatrixSetInfoFromInterface', proxy, field, arrayInterface(values, [values.length]))
  set('label', data.labels)
  if (data.groups) set('group', data.groups.sizes)
  if (data.weights) set('weight', data.weights)
}
