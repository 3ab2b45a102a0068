import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Benchmark, Context } from './benchmark.ts'
import { featuresBenchmark } from './features.ts'
import { FIGURE_COLUMNS, type Figure, figureRows } from './figures.ts'
import { growthBenchmark } from './growth.ts'
import { describeMoment, describeRun } from './header.ts'
import { httpBenchmark } from './http.ts'
import { largeBenchmark } from './large.ts'
import { memoryBenchmark } from './memory.ts'
import { parityBenchmark } from './parity.ts'
import { parsersBenchmark } from './parsers.ts'
import { openPython } from './python.ts'
import { type Result, writeResults } from './results.ts'
import { scorerBenchmark } from './scorer.ts'
import { soakBenchmark } from './soak.ts'
import { startBenchmark } from './start.ts'
import { formatTable } from './table.ts'
import { trainBenchmark } from './train.ts'
import { twoStageBenchmark } from './two-stage.ts'

const BENCHMARKS: readonly Benchmark[] = [
  scorerBenchmark,
  growthBenchmark,
  parsersBenchmark,
  httpBenchmark,
  startBenchmark,
  memoryBenchmark,
  parityBenchmark,
  trainBenchmark,
  featuresBenchmark,
  largeBenchmark,
  soakBenchmark,
  twoStageBenchmark,
]
const KNOWN = BENCHMARKS.map((benchmark) => benchmark.name).join(', ')

const HELP = `Usage: npm run bench [-- NAME… [flags]]

Measures the ranker on this machine, beside Python's XGBoost where there is a Python. Without a name all are
run:

${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}

Flags
  --rows N       rows of the training benchmark (default 20000)
  --runs N       runs of which the median counts, in the training benchmark (default 3)
  --seconds N    load for each measurement over HTTP (default 2)
  --minutes N    mixed load of the soak (default 2)
  --items N      items of the two-stage benchmark (default 100000)
  --threads N    threads of XGBoost (default: the cores there are)
  --write        write benchmarks/RESULTS.md, and what docs/performance.md shows of it
  --quick        the least of everything, to see that it runs; its figures mean nothing
  --help         this text

The exit code is 1 when something is wrong, never because something is slow. benchmarks/README.md tells how to
read it.
`

/** EX_USAGE of sysexits.h. */
const USAGE_ERROR = 64

class UsageError extends Error {}

function readArguments(argv: readonly string[]) {
  try {
    const value = (initial: number) => ({ type: 'string', default: String(initial) }) as const
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        rows: value(20_000),
        runs: value(3),
        seconds: value(2),
        minutes: value(2),
        items: value(100_000),
        threads: value(availableParallelism()),
        write: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const number = (name: 'rows' | 'runs' | 'seconds' | 'minutes' | 'items' | 'threads'): number => {
      const count = Number(values[name])
      if (Number.isInteger(count) && count >= 1) return count
      throw new UsageError(`--${name} is ${values[name]}: wanted a whole number from 1`)
    }
    return {
      help: values.help === true,
      names: positionals,
      write: values.write,
      asked: {
        quick: values.quick,
        rows: number('rows'),
        runs: number('runs'),
        seconds: number('seconds'),
        minutes: number('minutes'),
        items: number('items'),
        threads: number('threads'),
      },
    }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function choose(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name))
  if (unknown !== undefined)
    throw new UsageError(`unknown benchmark ${JSON.stringify(unknown)}: known are ${KNOWN}`)
  return names.length === 0
    ? BENCHMARKS.filter(({ onlyByName }) => !onlyByName)
    : BENCHMARKS.filter(({ name }) => names.includes(name))
}

async function main(argv: readonly string[]): Promise<number> {
  const { help, names, write, asked } = readArguments(argv)
  const say = (line = '') => {
    process.stdout.write(`${line}\n`)
  }
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  if (write && asked.quick) throw new UsageError('--write with --quick: there is nothing worth writing')
  const chosen = choose(names)
  const folder = mkdtempSync(join(tmpdir(), 'ranker-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

  const head = describeRun()
  say(head)
  const python = chosen.some((one) => one.comparesWithPython) ? await openPython(say) : undefined
  if (python) say(`          ${python.versions}`)
  let right = true
  const results: Result[] = []
  const pictures = new Map<string, string>()
  for (const benchmark of chosen) {
    const moment = describeMoment()
    say(`\n${benchmark.name}: ${benchmark.summary}`)
    say(`${moment}\n`)
    const lines: string[] = []
    const figures: Figure[] = []
    const context: Context = {
      ...asked,
      folder,
      python,
      say: (line = '') => {
        lines.push(line)
        say(line)
      },
      figure: (one) => {
        if (!asked.quick) figures.push(one)
      },
      picture: (name, svg) => pictures.set(name, svg),
    }
    // What the others have measured is not lost with it.
    const isRight = await benchmark.run(context).catch((error: Error) => {
      say(`WRONG: ${error.message}`)
      return false
    })
    right = isRight && right
    if (figures.length > 0) say(`\n${formatTable(FIGURE_COLUMNS, figureRows(figures))}`)
    // What is wrong is no result.
    if (isRight) results.push({ name: benchmark.name, moment, figures, lines })
  }
  if (write) writeResults(head, results, pictures)
  return right ? 0 : 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = error instanceof UsageError ? USAGE_ERROR : 1
}
