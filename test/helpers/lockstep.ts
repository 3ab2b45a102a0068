import { type Hosts, ONE_HOST } from '../../src/training/hosts/hosts.ts'

/** Ends a run at a question that not all hosts have come to yet. */
class Pause {
  readonly mine: unknown
  constructor(mine: unknown) {
    this.mine = mine
  }
}

/**
 * Runs a piece of work on several hosts without any: each runs until it asks the others something; when all have, all
 * start over and find the answer. The work must do the same each time.
 * @returns what each host came to: a value, or the error that it threw.
 */
export function inLockstep<T>(names: readonly string[], work: (hosts: Hosts) => T): (T | Error)[] {
  /** What was said in each gathering, as JSON, by host. */
  const said: string[][] = []
  for (;;) {
    const ends = names.map((_, index) => {
      let asked = 0
      const gather = <M>(mine: M): M[] => {
        const answers = said[asked++]
        if (!answers) throw new Pause(mine)
        return answers.map((answer) => JSON.parse(answer))
      }
      try {
        return work({ ...ONE_HOST, names, index, gather })
      } catch (thrown) {
        return thrown as Pause | Error
      }
    })
    if (!ends.every((end) => end instanceof Pause)) {
      if (ends.some((end) => end instanceof Pause)) throw new Error('the hosts fell out of step')
      return ends as (T | Error)[]
    }
    said.push(ends.map(({ mine }) => JSON.stringify(mine)))
  }
}
