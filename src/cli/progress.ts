import type { Writable } from 'node:stream'
import { isMaximised } from '../training/eval-metrics.ts'
import type { TrainingEvent } from '../training/plan.ts'
import type { Io } from './command.ts'

type Round = Extract<TrainingEvent, { type: 'round' | 'cv' }>

/** A terminal, or a stand-in for one. */
type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** Shows how training goes, in a terminal or in a log. */
export interface Progress {
  round(event: Round): void
  /** Writes something else, above the live line if there is one. */
  print(write: () => void): void
  /** There will be no more rounds. */
  end(): void
}

/**
 * A live bar for a person at a terminal; in pipes, in logs, in CI and on SageMaker exactly one metric line a round.
 */
export function openProgress({ stdout, env }: Pick<Io, 'stdout' | 'env'>): Progress {
  const terminal = stdout as Terminal
  const isLive = terminal.isTTY && env.TERM !== 'dumb' && !env.CI && !env.TRAINING_JOB_NAME
  if (isLive) return new ProgressBar(terminal)
  return { round: (event) => stdout.write(metricLine(event)), print: (write) => write(), end() {} }
}

/** A round's values in the form that SageMaker's metric definitions read. */
export function metricLine({ round, values }: Round): string {
  return `[${round}]${values.map(([name, value]) => `\t${name}:${atLeastFiveDigits(value)}`).join('')}\n`
}

function atLeastFiveDigits(value: number): string {
  return value === 0 || Math.abs(value) >= 0.1 ? value.toFixed(5) : value.toPrecision(5)
}

const REDRAW_MS = 80
const DEFAULT_COLUMNS = 80
const BAR = { least: 10, most: 30 }
const SPARK = '▁▂▃▄▅▆▇█'
const SPARK_LENGTH = 16

/** One line that is redrawn in place, as wide as the terminal allows. At the end it leaves metric lines behind. */
export class ProgressBar implements Progress {
  readonly #terminal: Terminal
  readonly #now: () => number
  readonly #onResize = () => this.#redraw()
  /** Characters that stand on the line now. */
  #drawn = 0
  #drawnAt = Number.NEGATIVE_INFINITY
  #first: { round: number; at: number } | undefined
  #last: Round | undefined
  #lastAt = 0
  #best: Round | undefined
  #watched: number[] = []

  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal
    this.#now = now
    terminal.on('resize', this.#onResize)
  }

  round(event: Round): void {
    // After the rounds of a cross-validation, those of the model start again from the first.
    if (this.#last && this.#last.type !== event.type) this.#leave()
    this.#lastAt = this.#now()
    this.#first ??= { round: event.round, at: this.#lastAt }
    this.#last = event
    const { name, value } = watchedOf(event)
    if (!this.#best || isBetter(name, value, watchedOf(this.#best).value)) this.#best = event
    this.#watched = [...this.#watched, value].slice(-SPARK_LENGTH)
    const isLast = event.round === event.rounds - 1
    if (isLast || this.#lastAt - this.#drawnAt >= REDRAW_MS) this.#redraw()
  }

  print(write: () => void): void {
    this.#erase()
    write()
    this.#redraw()
  }

  end(): void {
    this.#terminal.off('resize', this.#onResize)
    this.#leave()
  }

  /** Replaces the bar by the metric lines of the best and the last round. */
  #leave(): void {
    this.#erase()
    if (!this.#last || !this.#best) return
    if (this.#best !== this.#last) this.#terminal.write(metricLine(this.#best))
    this.#terminal.write(metricLine(this.#last))
    this.#first = this.#last = this.#best = undefined
    this.#watched = []
  }

  #erase(): void {
    if (this.#drawn === 0) return
    // A terminal that became narrower has wrapped the line.
    const wrapped = Math.ceil(this.#drawn / this.#columns()) - 1
    this.#terminal.write(`${wrapped > 0 ? `\x1b[${wrapped}A` : ''}\r\x1b[J`)
    this.#drawn = 0
  }

  #redraw(): void {
    if (!this.#last) return
    this.#erase()
    const line = this.#line(this.#last, this.#columns() - 1)
    this.#terminal.write(line)
    this.#drawn = line.length
    this.#drawnAt = this.#now()
  }

  #columns(): number {
    return this.#terminal.columns || DEFAULT_COLUMNS
  }

  /** What fits, most informative first; the bar takes the room that is left. */
  #line(event: Round, width: number): string {
    const { round, rounds, values } = event
    const watched = watchedOf(event)
    const { channel, metric } = partsOf(watched.name)
    const others = values.filter(([name]) => name !== watched.name && partsOf(name).metric === metric)
    const best = this.#best!
    const pieces = [
      { place: 0, text: `${round + 1}/${rounds}` },
      { place: 5, text: `${channel} ${metric} ${watched.value.toFixed(4)}` },
      { place: 3, text: `eta ${this.#eta(round, rounds)}` },
      { place: 1, text: ''.padEnd(BAR.least) },
      ...others.map(([name, value]) => ({ place: 4, text: `${partsOf(name).channel} ${value.toFixed(4)}` })),
      { place: 6, text: `best ${watchedOf(best).value.toFixed(4)} @ ${best.round}` },
      { place: 7, text: sparkLine(this.#watched) },
    ]
    const shown: typeof pieces = []
    let left = width + GAP.length
    for (const piece of pieces) {
      if (piece.text.length + GAP.length > left) continue
      left -= piece.text.length + GAP.length
      shown.push(piece)
    }
    const share = (round + 1) / rounds
    return shown
      .sort((a, b) => a.place - b.place)
      .map(({ place, text }) => (place === 1 ? bar(share, Math.min(BAR.most, BAR.least + left)) : text))
      .join(GAP)
      .slice(0, width)
  }

  #eta(round: number, rounds: number): string {
    const { round: first, at } = this.#first!
    if (round === first) return '-:--'
    const seconds = (((this.#lastAt - at) / (round - first)) * (rounds - 1 - round)) / 1000
    return clock(Math.round(seconds))
  }
}

const GAP = '  '

/** The last metric decides; in a cross-validation each mean is followed by its spread over the folds. */
function watchedOf({ values }: Round): { name: string; value: number } {
  const [name, value] = values.findLast(([one]) => !one.endsWith('-std'))!
  return { name, value }
}

/** `train-ndcg@10`, `cv-ndcg@10-mean`: the channel, and the metric. */
function partsOf(name: string): { channel: string; metric: string } {
  const dash = name.indexOf('-')
  return { channel: name.slice(0, dash), metric: name.slice(dash + 1).replace(/-mean$/, '') }
}

function isBetter(name: string, value: number, before: number): boolean {
  return isMaximised(partsOf(name).metric) ? value > before : value < before
}

function bar(share: number, width: number): string {
  const filled = Math.round(share * width)
  return '━'.repeat(filled) + '─'.repeat(width - filled)
}

function sparkLine(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const level = (value: number) => (most > least ? (value - least) / (most - least) : 0.5)
  return values.map((value) => SPARK[Math.round(level(value) * (SPARK.length - 1))]).join('')
}

function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
