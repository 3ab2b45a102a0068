import { join, resolve } from 'node:path'
import { type Declared, declareRequest } from '../client/declaration.ts'
import { RankerError } from '../errors.ts'
import type { RawColumn, RawType } from '../features/columns.ts'
import { type FittedFeatures, readFitted } from '../features/fitted.ts'
import { FeaturePipeline } from '../features/pipeline.ts'
import { openArtefact } from '../model/artefact.ts'
import { MANIFEST_FILE } from '../model/manifest.ts'
import { writeWhole } from '../storage/files.ts'
import type { Command, Io } from './command.ts'
import { readFlags } from './flags.ts'

const FLAGS = { 'model-path': true, output: true, help: false }

export const typesCommand: Command = {
  name: 'types',
  summary: 'write TypeScript types of the requests that a model takes',
  help: `Usage: ranker types --model-path PATH [--output FILE]

Writes a declaration with an Item for the columns of the model and of its business rules, for the client of
two-stage-ranking/client: a misspelt or forgotten column does not compile. Make it again with each model.

Flags
  --model-path PATH  model folder, or XGBoost file with feature names (default SAGEMAKER_BASE_DIR/model)
  --output FILE      such as ranker.d.ts (default standard output)

Example
  ranker types --model-path ranker-output/model --output src/ranker.d.ts
`,
  run,
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values: flags } = readFlags('types', argv, FLAGS)
  const path = resolve(io.cwd, flags['model-path'] ?? join(io.env.SAGEMAKER_BASE_DIR || '/opt/ml', 'model'))
  const { name, version, featureNames, manifest } = await openArtefact(path)
  if (!featureNames) {
    throw new RankerError('BAD_ARGUMENTS', {
      reason:
        'the model does not name its features: wanted a model with ranker.json, or an XGBoost file with names',
    })
  }
  const columns = manifest?.features
    ? rawColumns(readFitted(manifest.features, MANIFEST_FILE))
    : { items: featureNames.map((name) => ({ name, type: 'number | null' })) }
  const text = declareRequest({ name, version, ...columns, rules: manifest?.rerank })
  if (flags.output === undefined) io.stdout.write(text)
  else await writeWhole(resolve(io.cwd, flags.output), text)
  return 0
}

const TYPES: Readonly<Record<RawType, string>> = {
  number: 'number | null',
  category: 'string | number | boolean | null',
  text: 'string | number | null',
  date: 'string | null',
  vector: 'readonly number[] | string | null',
}

/** The raw columns of a feature pipeline; one that features read as several types may hold what suits them all. */
function rawColumns(fitted: FittedFeatures): Pick<Declared, 'items' | 'query'> {
  const { columns } = new FeaturePipeline(fitted)
  const of = (source: RawColumn['source']) => {
    const read = columns.filter((column) => column.source === source && !column.trainingOnly)
    return [...Map.groupBy(read, ({ name }) => name)].map(([name, list]) => {
      const types = list.map(({ type, epoch }) => (type === 'date' && epoch ? TYPES.text : TYPES[type]))
      const shortest = types.reduce((best, one) => (one.length < best.length ? one : best))
      return { name, type: shortest, optional: list.every(({ optional }) => optional === true) }
    })
  }
  return { items: of('item'), query: of('query') }
}
