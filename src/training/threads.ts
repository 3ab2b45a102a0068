import { Worker, type WorkerOptions } from 'node:worker_threads'

/** Size of a thread's young generation in MB. By default it grows to 48, most of it garbage. */
const YOUNG_MEGABYTES = 12

/** Starts a thread with a module of this folder. @param module its file's name without the extension. */
export function startThread(module: string, options: WorkerOptions = {}): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new Worker(new URL(`./${module}.${extension}`, import.meta.url), {
    ...options,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  })
}
