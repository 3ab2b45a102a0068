import { writeOnnx } from '../../model/onnx-writer.ts'
import { openOnnxRuntime } from '../../scoring/onnxruntime.ts'

/**
 * Opens, asks and closes a model of one leaf. The engine's own library is in memory from then on, so that the first
 * model loads as fast as any other and takes only what is its own.
 */
export async function warmUp(): Promise<void> {
  const leaf = {
    left: Int32Array.of(-1),
    right: Int32Array.of(-1),
    feature: Int32Array.of(0),
    threshold: Float32Array.of(0),
    defaultLeft: Uint8Array.of(0),
  }
  const forest = { width: 1, base: 0, transform: 'identity', featureNames: [], trees: [leaf] } as const
  const scorer = await openOnnxRuntime(writeOnnx(forest, { name: 'leaf', version: '1' }))
  try {
    await scorer.score(new Float32Array(1), 1)
  } finally {
    await scorer.close()
  }
}
