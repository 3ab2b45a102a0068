import { InferenceSession, Tensor } from 'onnxruntime-node'
import { readOnnx } from '../src/model/onnx-reader.ts'
import { openScorer } from '../src/scoring/open-scorer.ts'
import { Booster } from '../src/xgboost/booster.ts'
import { XGBoost } from '../src/xgboost/library.ts'
import type { Grown } from './forests.ts'

/** A model that is ready to score, on one thread. */
export interface Contender {
  score(rows: Float32Array, count: number): Promise<Float32Array> | Float32Array
  close(): Promise<void> | void
}

/** Our kernel and what it is compared with, each as its user opens it. */
export const ENGINES = {
  async kernel({ onnx }: Pick<Grown, 'onnx'>): Promise<Contender> {
    const file = 'model.onnx'
    return (await openScorer({ onnx, graph: readOnnx(onnx, file), file }, 'wasm', true)).scorer
  },

  async onnxruntime({ onnx }: Pick<Grown, 'onnx'>): Promise<Contender> {
    const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 })
    const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
    return {
      async score(rows, count) {
        const tensor = new Tensor('float32', rows, [count, rows.length / count])
        return (await session.run({ [input]: tensor }))[output]!.data as Float32Array
      },
      close: () => session.release(),
    }
  },

  async xgboost({ ubj }: Pick<Grown, 'ubj'>): Promise<Contender> {
    const booster = Booster.load(XGBoost.load(process.env), ubj)
    booster.setParameters({ nthread: '1' })
    return {
      score: (rows, count) => booster.predict(rows, count, rows.length / count),
      close: () => booster.close(),
    }
  },
} as const satisfies Readonly<Record<string, (grown: Grown) => Promise<Contender>>>
export type EngineName = keyof typeof ENGINES
export type Engines = Readonly<Record<EngineName, Contender>>

export async function openAll(grown: Grown): Promise<Engines> {
  const [kernel, onnxruntime, xgboost] = await Promise.all([
    ENGINES.kernel(grown),
    ENGINES.onnxruntime(grown),
    ENGINES.xgboost(grown),
  ])
  return { kernel, onnxruntime, xgboost }
}

export async function closeAll(engines: Engines): Promise<void> {
  for (const engine of Object.values(engines)) await engine.close()
}

/** How many scores are not the very ones wanted; -0 is 0. */
export function differing(seen: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let count = 0
  for (let row = 0; row < wanted.length; row++) if (seen[row] !== wanted[row]) count++
  return count
}
