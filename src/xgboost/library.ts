import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import koffi from 'koffi'
import { RankerError } from '../errors.ts'

/** The release whose models this product was checked against; another gives different models from the same seed. */
export const XGBOOST_VERSION = '3.4.1'

/** Where the set-up puts the library, relative to this file and to its build. */
const CACHED = fileURLToPath(
  new URL(`../../.cache/xgboost-${XGBOOST_VERSION}/xgboost/lib/libxgboost.so`, import.meta.url),
)

/** Native pointer to a DMatrix or a proxy of one. */
export type DMatrixHandle = bigint & { readonly __dmatrix: never }
/** Native pointer to a Booster. */
export type BoosterHandle = bigint & { readonly __booster: never }
/** Native pointer to a tracker of the collective. */
export type TrackerHandle = bigint & { readonly __tracker: never }

type Out<T> = [T | null]

/**
 * The calls of `xgboost/c_api.h` in use, by name, with the C prototype that koffi reads.
 * `void *` stands for handles: koffi turns them into BigInts.
 */
const PROTOTYPES = {
  XGBoostVersion: 'void XGBoostVersion(_Out_ int *major, _Out_ int *minor, _Out_ int *patch)',
  XGBGetLastError: 'const char *XGBGetLastError()',
  XGBSetGlobalConfig: 'int XGBSetGlobalConfig(const char *config)',
  XGProxyDMatrixCreate: 'int XGProxyDMatrixCreate(_Out_ void **out)',
  XGProxyDMatrixSetDataDense: 'int XGProxyDMatrixSetDataDense(void *handle, const char *data)',
  XGQuantileDMatrixCreateFromCallback:
    'int XGQuantileDMatrixCreateFromCallback(void *iter, void *proxy, void *ref, DataIterResetCallback *reset, XGDMatrixCallbackNext *next, const char *config, _Out_ void **out)',
  XGExtMemQuantileDMatrixCreateFromCallback:
    'int XGExtMemQuantileDMatrixCreateFromCallback(void *iter, void *proxy, void *ref, DataIterResetCallback *reset, XGDMatrixCallbackNext *next, const char *config, _Out_ void **out)',
  XGDMatrixCreateFromDense:
    'int XGDMatrixCreateFromDense(const char *data, const char *config, _Out_ void **out)',
  XGDMatrixSetInfoFromInterface:
    'int XGDMatrixSetInfoFromInterface(void *handle, const char *field, const char *data)',
  XGDMatrixSetStrFeatureInfo:
    'int XGDMatrixSetStrFeatureInfo(void *handle, const char *field, const char **features, uint64_t size)',
  XGDMatrixFree: 'int XGDMatrixFree(void *handle)',
  XGBoosterCreate: 'int XGBoosterCreate(void **dmats, uint64_t len, _Out_ void **out)',
  XGBoosterFree: 'int XGBoosterFree(void *handle)',
  XGBoosterSlice: 'int XGBoosterSlice(void *handle, int begin, int end, int step, _Out_ void **out)',
  XGBoosterSetParam: 'int XGBoosterSetParam(void *handle, const char *name, const char *value)',
  XGBoosterSetAttr: 'int XGBoosterSetAttr(void *handle, const char *key, const char *value)',
  XGBoosterSetStrFeatureInfo:
    'int XGBoosterSetStrFeatureInfo(void *handle, const char *field, const char **features, uint64_t size)',
  XGBoosterUpdateOneIter: 'int XGBoosterUpdateOneIter(void *handle, int iter, void *dtrain)',
  XGBoosterEvalOneIter:
    'int XGBoosterEvalOneIter(void *handle, int iter, void **dmats, const char **names, uint64_t len, _Out_ const char **out)',
  XGBoosterPredictFromDense:
    'int XGBoosterPredictFromDense(void *handle, const char *values, const char *config, void *meta, _Out_ void **out_shape, _Out_ uint64_t *out_dim, _Out_ void **out_result)',
  XGBoosterPredictFromDMatrix:
    'int XGBoosterPredictFromDMatrix(void *handle, void *dmat, const char *config, _Out_ void **out_shape, _Out_ uint64_t *out_dim, _Out_ void **out_result)',
  XGBoosterFeatureScore:
    'int XGBoosterFeatureScore(void *handle, const char *config, _Out_ uint64_t *out_n, _Out_ void **out_features, _Out_ uint64_t *out_dim, _Out_ void **out_shape, _Out_ void **out_scores)',
  XGBoosterLoadModelFromBuffer:
    'int XGBoosterLoadModelFromBuffer(void *handle, const void *buf, uint64_t len)',
  XGBoosterSaveModelToBuffer:
    'int XGBoosterSaveModelToBuffer(void *handle, const char *config, _Out_ uint64_t *len, _Out_ void **out)',
  XGBoosterSerializeToBuffer:
    'int XGBoosterSerializeToBuffer(void *handle, _Out_ uint64_t *len, _Out_ void **out)',
  XGBoosterUnserializeFromBuffer:
    'int XGBoosterUnserializeFromBuffer(void *handle, const void *buf, uint64_t len)',
  XGBoosterBoostedRounds: 'int XGBoosterBoostedRounds(void *handle, _Out_ int *out)',
  XGTrackerCreate: 'int XGTrackerCreate(const char *config, _Out_ void **out)',
  XGTrackerWorkerArgs: 'int XGTrackerWorkerArgs(void *handle, _Out_ const char **args)',
  XGTrackerRun: 'int XGTrackerRun(void *handle, const char *config)',
  XGTrackerWaitFor: 'int XGTrackerWaitFor(void *handle, const char *config)',
  XGTrackerFree: 'int XGTrackerFree(void *handle)',
  XGCommunicatorInit: 'int XGCommunicatorInit(const char *config)',
  XGCommunicatorFinalize: 'int XGCommunicatorFinalize()',
  XGCommunicatorAllreduce:
    'int XGCommunicatorAllreduce(_Inout_ void *buffer, size_t count, int dtype, int op)',
} as const

type CallName = keyof typeof PROTOTYPES

// biome-ignore lint/suspicious/noExplicitAny: the arguments are those of the C prototype beside the name
type Call = (...args: any[]) => any

/**
 * The loaded library: every call goes through {@link XGBoost.call}, which turns a non-zero status into a RankerError.
 * Calls are synchronous and belong to one thread: XGBoost's last error and log callback are thread-local.
 */
export class XGBoost {
  readonly path: string
  readonly version: string
  readonly #functions: Record<CallName, Call>

  private constructor(path: string) {
    this.path = path
    const library = koffi.load(path)
    declareCallbacks()
    this.#functions = Object.fromEntries(
      Object.entries(PROTOTYPES).map(([name, prototype]) => [name, library.func(prototype) as Call]),
    ) as Record<CallName, Call>
    const parts: Out<number>[] = [[null], [null], [null]]
    this.#functions.XGBoostVersion(...parts)
    this.version = parts.map(([part]) => part).join('.')
  }

  /**
   * Finds and loads libxgboost: RANKER_XGBOOST_LIB, else where the set-up puts it.
   * @throws {RankerError} XGBOOST_NOT_FOUND with the path tried, XGBOOST_VERSION for another release.
   */
  static load(env: Readonly<Record<string, string | undefined>>): XGBoost {
    const path = env.RANKER_XGBOOST_LIB || CACHED
    if (!existsSync(path)) throw new RankerError('XGBOOST_NOT_FOUND', { path })
    const library = new XGBoost(path)
    if (library.version !== XGBOOST_VERSION) {
      throw new RankerError('XGBOOST_VERSION', { path, seen: library.version, wanted: XGBOOST_VERSION })
    }
    // Warnings of the library would go to stderr in a form of its own; what matters comes back as errors.
    library.call('XGBSetGlobalConfig', '{"verbosity":0}')
    return library
  }

  /** Makes one call. @throws {RankerError} XGBOOST_FAILED with the library's own reason. */
  call(name: CallName, ...args: unknown[]): void {
    const status: number = this.#functions[name](...args)
    if (status === 0) return
    throw new RankerError('XGBOOST_FAILED', {
      call: name,
      reason: reasonIn(this.#functions.XGBGetLastError()),
    })
  }

  /** Makes one call whose last argument is an out-parameter, and returns what it was given. */
  create<Handle>(name: CallName, ...args: unknown[]): Handle {
    const out: Out<Handle> = [null]
    this.call(name, ...args, out)
    return out[0]!
  }
}

let callbacksDeclared = false

/** koffi keeps type names for the process, so they are declared once however often the library is loaded. */
function declareCallbacks(): void {
  if (callbacksDeclared) return
  koffi.proto('int XGDMatrixCallbackNext(void *iter)')
  koffi.proto('void DataIterResetCallback(void *iter)')
  callbacksDeclared = true
}

/** The sentence in XGBoost's error text, which puts time, source line and a stack trace around it. */
function reasonIn(text: string): string {
  const sentence = text.split('\nStack trace:')[0]!.replace(/^\[[\d:]+\] \S+:\d+:\s*/, '')
  return sentence.replaceAll(/\s+/g, ' ').trim().slice(0, 500)
}

/** NumPy's array interface of a typed array, as XGBoost reads data: an address inside JSON. */
export function arrayInterface(values: Float32Array | Uint32Array, shape: readonly number[]): string {
  const type = values instanceof Float32Array ? '<f4' : '<u4'
  return `{"data":[${koffi.address(values)},true],"typestr":"${type}","shape":[${shape}],"strides":null,"version":3}`
}

/** Copies `count` float32 out of the library's memory, which the next call may overwrite. */
export function copyFloats(pointer: unknown, count: number): Float32Array {
  return new Float32Array(koffi.view(pointer, count * 4).slice(0))
}

/** Copies `count` bytes out of the library's memory. */
export function copyBytes(pointer: unknown, count: number): Uint8Array {
  return new Uint8Array(koffi.view(pointer, count).slice(0))
}

/** Reads `count` texts of the library's memory. */
export function readTexts(pointer: unknown, count: number): string[] {
  return koffi.decode(pointer, 'const char *', count)
}

/** Reads `count` uint64 of the library's memory as numbers. */
export function readSizes(pointer: unknown, count: number): number[] {
  return Array.from(koffi.decode(pointer, 'uint64_t', count) as ArrayLike<number | bigint>, Number)
}
