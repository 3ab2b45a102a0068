import type { Figure } from './figures.ts'
import type { Python } from './python.ts'

/** What a run was asked for, and what its benchmarks share. */
export interface Context {
  /** A folder for data and models, removed when the run ends. */
  readonly folder: string
  /** Threads of XGBoost, the same for every implementation. */
  readonly threads: number
  /** Rows of the training benchmark. */
  readonly rows: number
  /** Runs of which the median counts. */
  readonly runs: number
  /** Seconds of load for each measurement over HTTP. */
  readonly seconds: number
  /** Items of the two-stage benchmark. */
  readonly items: number
  /** Minutes of mixed load, in the soak. */
  readonly minutes: number
  /** Undefined where there is none, or no chosen benchmark compares with it. */
  readonly python: Python | undefined
  /** The least of everything: whether it runs at all is what is asked. */
  readonly quick: boolean
  readonly say: (line?: string) => void
  /** Takes down a number that is to be reached; a table of all of them follows the benchmark. */
  readonly figure: (figure: Figure) => void
  /** Takes down an SVG for docs/images, which is written where results are. */
  readonly picture: (name: string, svg: string) => void
}

/** One benchmark of `npm run bench`. */
export interface Benchmark {
  readonly name: string
  /** One line for the help. */
  readonly summary: string
  readonly comparesWithPython: boolean
  /** Whether it runs only when it is named. */
  readonly onlyByName?: boolean
  /** @returns whether what must hold did hold; how fast it was never decides. */
  run(context: Context): Promise<boolean>
}
