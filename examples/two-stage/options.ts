import { parseArgs } from 'node:util'

export const HELP = `Usage: npm run demo:two-stage [-- flags]

Stage 1 takes a catalogue to 100 lots, stage 2 ranks them, stage 3 weighs margin; 200 queries that no stage has seen before.

  --lots N            simulated lots (default 100000)
  --queries N         queries to measure (default 200)
  --catalogue FOLDER  a real catalogue instead: the folder of ESCI's sample or of theLook's products
  --opensearch URL    stage 1 in OpenSearch; local starts a node, where Java and Maven are
  --output FOLDER     where report.html goes (default two-stage-output)
`

export interface Options {
  readonly help: boolean
  readonly lots: number
  readonly queries: number
  readonly catalogue: string | undefined
  readonly openSearch: string | undefined
  readonly output: string
}

/** @throws {Error} for a flag that is none. */
export function readOptions(argv: readonly string[]): Options {
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const { values } = parseArgs({
    args: [...argv],
    options: {
      lots: text('100000'),
      queries: text('200'),
      catalogue: { type: 'string' },
      opensearch: { type: 'string' },
      output: text('two-stage-output'),
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const whole = (name: 'lots' | 'queries', least: number) => {
    const value = Number(values[name])
    if (Number.isInteger(value) && value >= least) return value
    throw new Error(`--${name} is ${values[name]}: wanted a whole number from ${least}`)
  }
  return {
    help: values.help,
    lots: whole('lots', 1000),
    queries: whole('queries', 1),
    catalogue: values.catalogue,
    openSearch: values.opensearch,
    output: values.output,
  }
}
