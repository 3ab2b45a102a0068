import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'
import { parseSpec } from '../features/spec-text.ts'
import type { SpecOfJob } from '../training/model-features.ts'

const SPEC_FILE = /\.(ya?ml|json)$/i

/** Where a feature spec may come from. */
export interface SpecSources {
  /** The hyperparameter or flag `features`: a spec, the name of its file, or names of columns. */
  readonly features: string | undefined
  /** The folder that a name is looked up in. */
  readonly folder: string
  /** The `config` channel. */
  readonly config?: string | undefined
}

/**
 * The feature spec of a job.
 * @returns undefined where there is none, and `features` is a list of columns or nothing
 * @throws {RankerError} BAD_FEATURE_SPEC, CONFIG_FILES, INPUT_UNREADABLE, CONTRADICTING_HYPERPARAMETERS.
 */
export function readSpec({ features, folder, config }: SpecSources): SpecOfJob | undefined {
  const text = features?.trim()
  if (text !== undefined && SPEC_FILE.test(text) && !/[\n{]/.test(text)) {
    return fromFile(config === undefined ? resolve(folder, text) : resolve(config, text))
  }
  const inline =
    text !== undefined && /^\{|^---|^(\$schema|features)\s*:/m.test(text)
      ? { spec: parseSpec(text, 'hyperparameter "features"'), source: 'hyperparameter "features"' }
      : undefined
  const file = config === undefined ? undefined : specFile(config)
  if (file === undefined) return inline
  if (text !== undefined) {
    throw new RankerError('CONTRADICTING_HYPERPARAMETERS', {
      reason: `the hyperparameter features and the channel config (${basename(file)}) both say what the features are: leave one out`,
    })
  }
  return fromFile(file)
}

function fromFile(path: string): SpecOfJob {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
  const source = basename(path)
  return { spec: parseSpec(text.replace(/^\ufeff/, ''), source), source }
}

/** The one file of the config channel, undefined where it is empty. */
function specFile(folder: string): string | undefined {
  const names = readdirSync(folder).filter((name) => !/^[._]/.test(name))
  const [name] = names
  if (name === undefined) return undefined
  if (names.length > 1 || !SPEC_FILE.test(name)) throw new RankerError('CONFIG_FILES', { files: names })
  return join(folder, name)
}
