/** Seconds that each phase took, in order. */
export type Phases = readonly { readonly name: string; readonly seconds: number }[]

/** Takes down how long the phases of a job take, one after the other. */
export class Stopwatch {
  readonly phases: { name: string; seconds: number }[] = []
  #since = performance.now()

  /** The phase that ends now. */
  lap(name: string): void {
    const now = performance.now()
    this.phases.push({ name, seconds: (now - this.#since) / 1000 })
    this.#since = now
  }
}
