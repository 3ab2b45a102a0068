import { formatTable } from './table.ts'

/** What was promised of a run, and what came of it. Times say something on a quiet machine only, and decide nothing. */
export class Figures {
  readonly #rows: string[][] = []

  /** A value that is to be at most so large. */
  atMost(name: string, seen: number, most: number, unit: string): void {
    this.#add(name, `at most ${most} ${unit}`, `${seen.toFixed(2)} ${unit}`, seen <= most)
  }

  /** A value that is to be at least so large. */
  atLeast(name: string, seen: number, least: number): void {
    this.#add(name, `at least ${least}`, seen.toFixed(4), seen >= least)
  }

  toString(): string {
    return formatTable(['figure', 'wanted', 'seen', 'met'], this.#rows)
  }

  #add(name: string, wanted: string, seen: string, isMet: boolean): void {
    this.#rows.push([name, wanted, seen, isMet ? 'yes' : 'NO'])
  }
}
