import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, runChild, startChild } from './child.ts'

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** What a user starts. */
const RANKER = join(root, 'scripts/ranker.mjs')

/** Set for every implementation: on shared cores, threads of OpenMP that wait must not spin. */
export const OPENMP = { OMP_WAIT_POLICY: 'PASSIVE' } as const

export type TrainFlags = Readonly<Record<string, string | number>>

export interface TrainOptions {
  readonly onLine?: (line: string) => void
  /** A module to load into the process first. */
  readonly preload?: string
}

/** Runs `ranker train` as a user does, in a process of its own; `output` is among the flags. */
export async function rankerTrain(flags: TrainFlags, options: TrainOptions = {}): Promise<void> {
  const { preload, onLine } = options
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const before = preload === undefined ? [] : ['--import', preload]
  await runChild(process.execPath, [...before, RANKER, 'train', ...args], {
    env: OPENMP,
    ...(onLine && { onLine }),
  })
}

/** Starts `ranker serve` on the loopback interface; with one worker its CPU is what a request costs. */
export function rankerServe(modelPath: string, port: number, workers = 1): Child {
  return startChild(process.execPath, [RANKER, 'serve', '--model-path', modelPath], {
    env: {
      RANKER_HOST: '127.0.0.1',
      SAGEMAKER_BIND_TO_PORT: String(port),
      SAGEMAKER_MODEL_SERVER_WORKERS: String(workers),
    },
  })
}
