import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { RankerError } from '../errors.ts'
import { openChannel } from '../sagemaker/job.ts'
import { writeWhole } from '../storage/files.ts'
import { s3Settings } from '../storage/s3.ts'
import { isS3Address } from '../storage/s3-address.ts'
import { draftFromData } from '../training/draft-spec.ts'
import { parseHyperparameters } from '../training/hyperparameters.ts'
import type { Command, Io } from './command.ts'
import { readFlags } from './flags.ts'

const ROLES = ['label', 'group', 'weight', 'item', 'position'] as const
const FLAGS = Object.fromEntries([
  ...['from', 'output', 'content-type', ...ROLES].map((name) => [name, true]),
  ['help', false],
])

export const featuresCommand: Command = {
  name: 'features',
  summary: 'write a first feature spec from the data',
  help: `Usage: ranker features --from PATH [--output features.yaml] [flags]

Looks through judged rows and writes a first feature spec for them, in YAML: a feature for each column by what it holds,
with its number of different values and its share of missing ones beside it. What is better left out (a constant, an
identifier, a column that alone ranks suspiciously well) stands there as a comment, and is warned of.

Flags
  --from PATH          file, FIFO, folder, or s3://bucket/key; CSV with a header, Parquet or JSON Lines
  --output FILE        where the spec is written (default standard output)
  --content-type TYPE  what the files are, where their names do not tell
  --label COLUMN       column of the grade (default label)
  --group COLUMN       column that names the query of a row (default qid)
  --weight, --item, --position COLUMN
                       columns that are no features, as for ranker train

Examples
  ranker features --from train.csv --item product_id --output features.yaml
  ranker train --train train.csv --features features.yaml
`,
  run,
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values: flags } = readFlags('features', argv, FLAGS)
  const { from } = flags
  if (from === undefined)
    throw new RankerError('BAD_ARGUMENTS', { reason: 'ranker features needs --from PATH' })
  const roles = ROLES.flatMap((role) => (flags[role] === undefined ? [] : [[role, flags[role]] as const]))
  const warn = (text: string) => io.stderr.write(`warning: ${text}\n`)
  const path = isS3Address(from) ? from : resolve(io.cwd, from)
  const { text, warnings } = await draftFromData(openChannel('train', path, flags['content-type']), {
    hyperparameters: parseHyperparameters(Object.fromEntries(roles)),
    s3: s3Settings(io.env),
    scratch: io.env.TMPDIR ?? tmpdir(),
    warn,
    interrupt: () => {
      if (io.stop.aborted) throw new RankerError('STOPPED', {})
    },
  })
  for (const warning of warnings) warn(warning)
  if (flags.output === undefined) io.stdout.write(text)
  else {
    writeWhole(resolve(io.cwd, flags.output), text)
    io.stderr.write(`wrote ${flags.output}\n`)
  }
  return 0
}
