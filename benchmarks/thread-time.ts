import koffi from 'koffi'

/** CLOCK_THREAD_CPUTIME_ID of Linux. */
const CLOCK = 3

const getTime = koffi.load(null).func('int clock_gettime(int clock, int64_t *time)')
const time = new BigInt64Array(2)

/**
 * Nanoseconds of a core that the calling thread has had so far: what others do on the machine is not in it. Node's
 * own `process.threadCpuUsage` moves in steps of several milliseconds.
 */
export function threadTime(): number {
  if (getTime(CLOCK, time) !== 0) throw new Error('clock_gettime has no clock of threads here')
  return Number(time[0]) * 1e9 + Number(time[1])
}

/** Nanoseconds a call. */
export interface CallTime {
  readonly cpu: number
  readonly wall: number
}

/** Calls in a row, each told its turn; turns go on from one stretch to the next. */
export class Stretches {
  readonly #call: (turn: number) => unknown
  #turn = 0
  #calls = 1

  constructor(call: (turn: number) => unknown) {
    this.#call = call
  }

  /** Doubles the calls of a stretch until it takes so many nanoseconds, which warms the code up as well. */
  async warmUp(nanoseconds: number): Promise<void> {
    for (let times = 0; times < 3; times++) {
      while (this.#calls * (await this.run()).cpu < nanoseconds) this.#calls *= 2
    }
  }

  async run(): Promise<CallTime> {
    const call = this.#call
    const wall = performance.now()
    const cpu = threadTime()
    for (const end = this.#turn + this.#calls; this.#turn < end; this.#turn++) await call(this.#turn)
    return {
      cpu: (threadTime() - cpu) / this.#calls,
      wall: (1e6 * (performance.now() - wall)) / this.#calls,
    }
  }
}
