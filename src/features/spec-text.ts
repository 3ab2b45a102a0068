import { LineCounter, parseDocument } from 'yaml'
import { reasonOf } from '../errors.ts'
import { checkSpec, type FeatureSpec, specError } from './spec.ts'

/**
 * Reads a feature spec, JSON or YAML. It is separate from the spec, since serving takes that from the manifest and
 * should not load the parser.
 * @param source where the text came from, as errors name it
 * @throws {RankerError} BAD_FEATURE_SPEC with the place in the spec.
 */
export function parseSpec(text: string, source: string): FeatureSpec {
  const lines = new LineCounter()
  let value: unknown
  try {
    // Aliases are limited, and no key or tag can make anything but data.
    const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 100 } as never)
    const [error] = document.errors
    if (error) throw new Error(error.message.split('\n')[0]!.replace(/:$/, ''))
    value = document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    throw specError(source, 'the spec', `is neither YAML nor JSON: ${reasonOf(cause)}`)
  }
  return checkSpec(value, source)
}
