import { modeOf } from '../../aws/endpoint/settings.ts'
import { type Wanted, wantedEndpoint } from '../../aws/endpoint/wanted.ts'
import { type ModelSource, modelSource } from '../../aws/model-source.ts'
import { needed, type Scope } from '../../aws/scope.ts'
import { RankerError } from '../../errors.ts'
import { isS3Address } from '../../storage/s3-address.ts'
import type { Context } from './aws-command.ts'

/** What the settings would deploy, and where the model of variant A is. @throws {RankerError} BAD_CONFIG */
export async function wantedBySettings(
  context: Context,
  scope: Scope,
): Promise<{ readonly wanted: Wanted; readonly model: ModelSource }> {
  const { config } = context
  const { model: place, b, shadow } = config.endpoint ?? {}
  const known = needed(place, 'endpoint.model', 'a model (--model): a local artefact, or s3://bucket/key')
  const model = await sourceOf(context, scope, known)
  const sources = {
    a: model,
    b: b && (await sourceOf(context, scope, b.model!)),
    shadow: shadow && (await sourceOf(context, scope, shadow.model!)),
  }
  return { wanted: wantedEndpoint(scope, config, sources), model }
}

async function sourceOf({ io, folder, config }: Context, scope: Scope, place: string): Promise<ModelSource> {
  if (modeOf(config.endpoint ?? {}) !== 'multi-model')
    return modelSource(scope, place, { cwd: io.cwd, folder })
  if (!isS3Address(place))
    throw new RankerError('BAD_CONFIG', {
      where: 'endpoint.model',
      reason: 'wanted s3://bucket/prefix/, below which the models are',
    })
  return { address: place.endsWith('/') ? place : `${place}/` }
}
