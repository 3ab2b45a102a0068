import { resolve } from 'node:path'
import { packModel } from '../../aws/package.ts'
import { RankerError } from '../../errors.ts'
import { writeWhole } from '../../storage/files.ts'
import type { AwsCommand, Context } from './aws-command.ts'

export const packageModel: AwsCommand = {
  name: 'package',
  usage: '--model-path DIR [--code DIR] [--output FILE]',
  about: `
Packs an artefact as the model.tar.gz that SageMaker takes, after checking it against its manifest. The same files give
the same bytes. Nothing is sent anywhere.`,
  groups: [],
  flags: {
    'model-path': { value: 'DIR', does: 'the artefact: a model folder or a model file' },
    code: { value: 'DIR', does: 'hooks that become its code/' },
    output: { value: 'FILE', does: 'where it is written (default model.tar.gz)' },
  },
  examples: ['ranker aws package --model-path ranker-output/model --code hooks'],
  run,
}

async function run(context: Context): Promise<number> {
  const { flags, io, isDryRun } = context
  const { 'model-path': model, code, output = 'model.tar.gz' } = flags.values
  if (model === undefined)
    throw new RankerError('BAD_ARGUMENTS', { reason: 'ranker aws package needs --model-path DIR' })
  const archive = await packModel(
    resolve(io.cwd, model),
    code === undefined ? undefined : resolve(io.cwd, code),
  )
  const path = resolve(io.cwd, output)
  if (!isDryRun) writeWhole(path, archive.bytes)
  const { sha256, names, bytes } = archive
  context.print(
    { file: path, bytes: bytes.length, sha256, files: names },
    `${isDryRun ? 'would write' : 'wrote'} ${path}: ${names.length} files, ${bytes.length} bytes, sha256 ${sha256}\n`,
  )
  return 0
}
