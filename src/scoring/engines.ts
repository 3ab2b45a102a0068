/** RANKER_ENGINE: which engine scores; `auto` is the fastest that can. */
export const ENGINES = ['auto', 'wasm', 'onnxruntime'] as const
export type Engine = (typeof ENGINES)[number]
