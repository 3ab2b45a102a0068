import { InferenceSession, Tensor } from 'onnxruntime-node'
import { RankerError, reasonOf } from '../errors.ts'
import type { Scorer } from './scorer.ts'

/**
 * Opens an ONNX graph of one float input of shape [rows, width] on ONNX Runtime.
 * A regressor's first output holds the scores; a classifier's float output of two columns holds class 1 in the second.
 * @throws {RankerError} MODEL_DAMAGED or MODEL_UNSUPPORTED when the graph does not load or has another shape.
 */
export async function openOnnxRuntime(onnx: Uint8Array, file = 'model.onnx'): Promise<Scorer> {
  const session = await InferenceSession.create(onnx, {
    // One thread a session keeps the sum over trees in tree order, hence equal to XGBoost's; workers give parallelism.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Below this level ORT writes to stderr on its own, outside the log's format.
    logSeverityLevel: 4,
  }).catch((cause) => {
    throw new RankerError('MODEL_DAMAGED', { file, reason: refusal(cause) }, { cause })
  })
  try {
    return new OnnxRuntimeScorer(session, inputWidth(session, file), scoreOutputs(session, file), file)
  } catch (thrown) {
    await session.release()
    throw thrown
  }
}

/** ORT's message, unless it is about its own sources. */
function refusal(cause: unknown): string {
  const message = reasonOf(cause)
  return /::|\//.test(message) ? 'ONNX Runtime refuses its graph' : message
}

function inputWidth(session: InferenceSession, file: string): number {
  const [input, ...others] = session.inputMetadata
  if (!input?.isTensor || others.length > 0 || input.type !== 'float32' || input.shape.length !== 2) {
    throw new RankerError('MODEL_UNSUPPORTED', {
      file,
      reason: `its inputs are ${session.inputNames.join(', ')}, wanted one float tensor of shape [rows, features]`,
    })
  }
  const width = input.shape[1]
  if (typeof width !== 'number' || width < 1) {
    throw new RankerError('MODEL_UNSUPPORTED', {
      file,
      reason: 'the width of its input is not fixed, wanted shape [rows, features] with a number of features',
    })
  }
  return width
}

/** Outputs that may hold scores. Only they are asked for: ONNX Runtime cannot hand over what is no tensor. */
function scoreOutputs(session: InferenceSession, file: string): string[] {
  const { outputMetadata } = session
  const floats = outputMetadata.filter((output) => output.isTensor && output.type === 'float32')
  if (floats.length > 0) return floats.map(({ name }) => name)
  const hint = outputMetadata.every((output) => output.isTensor)
    ? ''
    : ' (probabilities in a map: export the classifier without its ZipMap, in skl2onnx with zipmap=False)'
  throw unusable(session, file, hint)
}

function unusable(session: InferenceSession, file: string, hint = ''): RankerError {
  const reason = `its outputs are ${session.outputNames.join(', ')}, wanted one float score a row${hint}`
  return new RankerError('MODEL_UNSUPPORTED', { file, reason })
}

class OnnxRuntimeScorer implements Scorer {
  readonly engine = 'onnxruntime'
  readonly width: number
  readonly #session: InferenceSession
  readonly #outputs: readonly string[]
  readonly #file: string

  constructor(session: InferenceSession, width: number, outputs: readonly string[], file: string) {
    this.#session = session
    this.width = width
    this.#outputs = outputs
    this.#file = file
  }

  async score(rows: Float32Array, count: number): Promise<Float32Array> {
    if (count === 0) return new Float32Array(0)
    const input = new Tensor('float32', rows, [count, this.width])
    const outputs = await this.#session.run({ [this.#session.inputNames[0]!]: input }, this.#outputs)
    for (const name of this.#outputs) {
      const values = outputs[name]!.data as Float32Array
      if (values.length === count) return values
      if (values.length === 2 * count)
        return Float32Array.from({ length: count }, (_, row) => values[2 * row + 1]!)
    }
    throw unusable(this.#session, this.#file)
  }

  async close(): Promise<void> {
    await this.#session.release()
  }
}
