import { statSync } from 'node:fs'
import type { Benchmark } from './benchmark.ts'
import { describeRuns, measureOurs, measurePython, prepareCase } from './train.ts'

/** About 500 MB of CSV. */
const TRAINING = { rows: 425_000, features: 136, rounds: 20 }

/** A large file trained on in memory, then under a limit of half its size, beside Python in memory. */
export const largeBenchmark: Benchmark = {
  name: 'large',
  summary: 'a 500 MB CSV in memory and under a memory limit of half its size, beside Python (only by name)',
  comparesWithPython: true,
  onlyByName: true,
  async run(context) {
    const { say, python } = context
    const csv = await prepareCase(context, TRAINING)
    const megabytes = Math.round(statSync(csv).size / 1e6)
    const limit = Math.floor(megabytes / 2)
    const ours = [await measureOurs(csv, TRAINING, context)]
    const limited = [await measureOurs(csv, TRAINING, context, { memory_limit: `${limit}MB` })]
    const theirs = python ? [await measurePython(csv, TRAINING, context)] : []
    say(`${megabytes} MB, ${TRAINING.rows} rows x ${TRAINING.features} features, ${TRAINING.rounds} rounds\n`)
    say(describeRuns({ ours, [`ours, memory_limit ${limit} MB`]: limited, Python: theirs }))
    return true
  },
}
