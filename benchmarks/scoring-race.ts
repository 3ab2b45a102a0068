import { WIDTH } from './forests.ts'
import type { EngineName, Engines } from './scoring-engines.ts'
import { type CallTime, Stretches } from './thread-time.ts'

export const ROUNDS = 7
export const QUICK_ROUNDS = 2
const STRETCH_NS = 4e6

/**
 * Stretches of calls in turns, so that a busy moment of the machine falls on all engines.
 * @param pool rows, of which each call takes the next `rows`
 */
export async function race(
  engines: Engines,
  pool: Float32Array,
  rows: number,
  { quick, rounds = quick ? QUICK_ROUNDS : ROUNDS }: { readonly quick: boolean; readonly rounds?: number },
): Promise<Record<EngineName, CallTime[]>> {
  const batches = Math.floor(pool.length / WIDTH / rows)
  const stretch = quick ? 1e5 : STRETCH_NS
  const times: Record<EngineName, CallTime[]> = { kernel: [], onnxruntime: [], xgboost: [] }
  const lanes = (Object.keys(engines) as EngineName[]).map((name) => {
    const engine = engines[name]
    const call = (turn: number) => {
      const from = (turn % batches) * rows * WIDTH
      return engine.score(pool.subarray(from, from + rows * WIDTH), rows)
    }
    return { name, stretches: new Stretches(call) }
  })
  for (const { stretches } of lanes) await stretches.warmUp(stretch)
  for (let round = 0; round < rounds; round++) {
    for (const { name, stretches } of lanes) times[name].push(await stretches.run())
  }
  return times
}
