import { parseArgs } from 'node:util'
import { closestMatch } from 'leven'
import { RankerError } from '../errors.ts'

/** A command's flags by name; true where the flag takes a value. */
export type FlagSpec = Readonly<Record<string, boolean>>

export interface Flags {
  readonly values: Readonly<Record<string, string>>
  readonly switches: ReadonlySet<string>
}

/**
 * Reads `--name value`, `--name=value` and `--switch`; `--max_depth` and `--max-depth` are the same flag.
 * @throws {RankerError} UNKNOWN_FLAG with the nearest known one, BAD_ARGUMENTS.
 */
export function readFlags(command: string, argv: readonly string[], spec: FlagSpec): Flags {
  const normalised = argv.map((argument) =>
    argument.startsWith('--') ? argument.replace(/^--[^=]*/, (name) => name.replaceAll('_', '-')) : argument,
  )
  const options = Object.fromEntries(
    Object.entries(spec).map(([name, takesValue]) => [
      name,
      { type: takesValue ? 'string' : 'boolean' } as const,
    ]),
  )
  const { tokens } = parseArgs({
    args: normalised,
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const values: Record<string, string> = {}
  const switches = new Set<string>()
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new RankerError('BAD_ARGUMENTS', {
        reason: `unexpected argument ${JSON.stringify(token.value)} of ranker ${command}`,
      })
    }
    if (token.kind !== 'option') continue
    const takesValue = Object.hasOwn(spec, token.name) ? spec[token.name] : undefined
    if (takesValue === undefined) {
      const nearest = closestMatch(token.name, Object.keys(spec), { maxDistance: 3 })
      throw new RankerError('UNKNOWN_FLAG', {
        flag: token.rawName,
        command,
        nearest: nearest && `--${nearest}`,
      })
    }
    if (!takesValue) {
      switches.add(token.name)
    } else if (!token.value) {
      // An unset shell variable leaves an empty text here; it must not count as an absent flag.
      throw new RankerError('BAD_ARGUMENTS', {
        reason: `the flag --${token.name} of ranker ${command} needs a value`,
      })
    } else if (Object.hasOwn(values, token.name)) {
      throw new RankerError('BAD_ARGUMENTS', {
        reason: `the flag --${token.name} of ranker ${command} is given twice`,
      })
    } else {
      values[token.name] = token.value
    }
  }
  return { values, switches }
}
