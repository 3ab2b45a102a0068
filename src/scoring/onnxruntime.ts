import './no-telemetry.ts'
import type { InferenceSession } from 'onnxruntime-node'
import { RankerError, reasonOf } from '../errors.ts'
import type { Scorer } from './scorer.ts'

type Runtime = typeof import('onnxruntime-node')

/**
 * Opens an ONNX graph with one float input of shape [rows, width] on ONNX Runtime. Its score is the first float
 * output with one column. For a graph that also gives a label, it is the probability of class 1: the second of two
 * columns, or of two such outputs that add up to one. The runtime is loaded with the first graph: it takes some 40 MB
 * and a tenth of the start.
 * @throws {RankerError} MODEL_DAMAGED or MODEL_UNSUPPORTED when the graph does not load or has another shape.
 */
export async function openOnnxRuntime(onnx: Uint8Array, file = 'model.onnx'): Promise<Scorer> {
  const runtime = await import('onnxruntime-node')
  const session = await runtime.InferenceSession.create(onnx, {
    // With one thread a session sums the trees in order, which makes it equal to XGBoost; workers give parallelism.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // At lower levels ORT writes to stderr by itself, outside the log's format.
    logSeverityLevel: 4,
  }).catch((cause) => {
    throw new RankerError('MODEL_DAMAGED', { file, reason: refusal(cause) }, { cause })
  })
  try {
    const width = inputWidth(session, file)
    return new OnnxRuntimeScorer(runtime, session, width, await findOutput(runtime, session, width, file))
  } catch (thrown) {
    await session.release()
    throw thrown
  }
}

/** ORT's message, unless it speaks of ORT's own sources. */
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

/** The output with the scores, and the column of it. */
interface Output {
  readonly name: string
  readonly columns: number
  readonly column: number
}

/** Looks at the result for a few rows: declared shapes are often open. */
async function findOutput(
  { Tensor }: Runtime,
  session: InferenceSession,
  width: number,
  file: string,
): Promise<Output> {
  const rows = 3
  const tensors = session.outputMetadata.filter((output) => output.isTensor)
  const floats = tensors.filter(({ type }) => type === 'float32').map(({ name }) => name)
  const hasLabel = tensors.length > floats.length
  if (floats.length === 0) throw unusable(session, file)
  const input = new Tensor('float32', new Float32Array(rows * width), [rows, width])
  const outputs = await session.run({ [session.inputNames[0]!]: input }, floats).catch((cause) => {
    const reason = `it does not score ${rows} rows of ${width} features: ${refusal(cause)}`
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason }, { cause })
  })
  const single: string[] = []
  for (const name of floats) {
    const [count, columns = 1, ...more] = outputs[name]!.dims
    if (count !== rows || more.length > 0) continue
    if (columns === 2 && hasLabel && single.length === 0) return { name, columns, column: 1 }
    if (columns === 1) single.push(name)
  }
  const values = single.map((name) => outputs[name]!.data as Float32Array)
  const isEachClass = hasLabel && single.length > 1 && addUpToOne(values)
  if (isEachClass && single.length > 2) throw unusable(session, file)
  const name = single[isEachClass ? 1 : 0]
  if (name !== undefined) return { name, columns: 1, column: 0 }
  throw unusable(session, file)
}

/** Whether the outputs are the probabilities of one class each (a ZipMap of `columns` in skl2onnx). */
function addUpToOne([first, ...others]: readonly Float32Array[]): boolean {
  return first!.every((one, row) => {
    const total = others.reduce((sum, values) => sum + values[row]!, one)
    return Math.abs(total - 1) < 1e-4
  })
}

function unusable(session: InferenceSession, file: string): RankerError {
  const wanted = 'one float score a row, or the probabilities of two classes beside a label'
  const reason = `its outputs are ${session.outputNames.join(', ')}, wanted ${wanted}`
  return new RankerError('MODEL_UNSUPPORTED', { file, reason })
}

class OnnxRuntimeScorer implements Scorer {
  readonly engine = 'onnxruntime'
  readonly width: number
  readonly #runtime: Runtime
  readonly #session: InferenceSession
  readonly #output: Output

  constructor(runtime: Runtime, session: InferenceSession, width: number, output: Output) {
    this.#runtime = runtime
    this.#session = session
    this.width = width
    this.#output = output
  }

  async score(rows: Float32Array, count: number): Promise<Float32Array> {
    if (count === 0) return new Float32Array(0)
    const { name, columns, column } = this.#output
    const input = new this.#runtime.Tensor('float32', rows, [count, this.width])
    const outputs = await this.#session.run({ [this.#session.inputNames[0]!]: input }, [name])
    const values = outputs[name]!.data as Float32Array
    return columns === 1 ? values : values.filter((_, at) => at % columns === column)
  }

  async close(): Promise<void> {
    await this.#session.release()
  }
}
