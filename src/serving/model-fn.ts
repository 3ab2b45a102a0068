import { RankerError, reasonOf } from '../errors.ts'
import { readFitted } from '../features/fitted.ts'
import { pipelineOf } from '../features/pipeline.ts'
import { type Artefact, openArtefact } from '../model/artefact.ts'
import { MANIFEST_FILE, type Manifest } from '../model/manifest.ts'
import { scoreInTurns } from '../scoring/in-turns.ts'
import { openScorer } from '../scoring/open-scorer.ts'
import type { Scorer } from '../scoring/scorer.ts'
import { currentContext } from './context.ts'
import { lazyExplainer } from './explainer.ts'
import { proveGoldenRows } from './golden.ts'
import type { HookContext } from './hook-types.ts'
import type { Model } from './model.ts'

/** A graph with a wider input is not a ranker; its feature names alone would fill the memory. */
const MOST_FEATURES = 1_000_000

/**
 * The default modelFn: opens a model folder, or a bare model file, and proves it. A model with a manifest has to give
 * its golden rows their scores; a bare one has to give finite scores, and its features are called f0, f1, … unless the
 * file names them.
 * @param context may be left out inside a hook, whose own it then is
 * @throws {RankerError} when the model is missing, damaged, altered, unsupported or fails its proof.
 */
export async function modelFn(path: string, context?: Pick<HookContext, 'engine'>): Promise<Model> {
  const artefact = await openArtefact(path)
  const { engine = 'auto' } = context ?? currentContext() ?? {}
  const opened = await openScorer(artefact, engine, artefact.manifest !== undefined)
  const scorer = scoreInTurns(opened.scorer)
  try {
    const { name, version, manifest, file, categorical } = artefact
    const model: Model = {
      name,
      version,
      featureNames: featureNamesOf(artefact, scorer),
      categorical,
      features: manifest && featuresOf(manifest),
      engine: { name: scorer.engine, reason: opened.reason },
      libsvmIndexBase: manifest?.hyperparameters.libsvm_index_base === 1 ? 1 : 0,
      scorer,
      manifest,
      explainer: lazyExplainer(artefact),
    }
    if (manifest) await proveGoldenRows(model, manifest)
    else await probe(scorer, file)
    return model
  } catch (cause) {
    await scorer.close()
    if (cause instanceof RankerError) throw cause
    const reason = `${scorer.engine} cannot score a row with it`
    throw new RankerError('MODEL_UNSUPPORTED', { file: artefact.file, reason }, { cause })
  }
}

function featureNamesOf({ featureNames, file }: Artefact, { width }: Scorer): readonly string[] {
  const refuse = (reason: string): never => {
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason })
  }
  if (width > MOST_FEATURES) refuse(`its input is ${width} features wide, wanted at most ${MOST_FEATURES}`)
  const names = featureNames ?? Array.from({ length: width }, (_, feature) => `f${feature}`)
  if (names.length !== width) refuse(`it takes ${width} features, and ${names.length} are named`)
  if (new Set(names).size < width) refuse('a feature is named twice')
  return names
}

/** @throws {RankerError} MODEL_DAMAGED if the pipeline does not fit this model. */
function featuresOf({ features, featureNames, hyperparameters }: Manifest): Model['features'] {
  if (features === undefined) return undefined
  const damaged = (reason: string, cause?: unknown) =>
    new RankerError('MODEL_DAMAGED', { file: MANIFEST_FILE, reason }, { cause })
  const fitted = readFitted(features, MANIFEST_FILE)
  let made: readonly string[]
  try {
    made = pipelineOf(fitted).featureNames
  } catch (cause) {
    throw damaged(`features: ${reasonOf(cause)}`, cause)
  }
  const other = featureNames.findIndex((name, at) => made[at] !== name)
  if (other >= 0 || made.length !== featureNames.length) {
    throw damaged('features does not make the features that featureNames names')
  }
  return { fitted, group: typeof hyperparameters.group === 'string' ? hyperparameters.group : 'qid' }
}

/** Nothing is recorded of a bare model: zeros and missing values must at least give scores that are numbers. */
async function probe(scorer: Scorer, file: string): Promise<void> {
  const rows = new Float32Array(2 * scorer.width).fill(Number.NaN, scorer.width)
  const scores = await scorer.score(rows, 2)
  for (const [row, score] of scores.entries()) {
    if (Number.isFinite(score)) continue
    const what = row === 0 ? 'zeros' : 'missing values'
    throw new RankerError('MODEL_UNSUPPORTED', {
      file,
      reason: `a row of ${what} scores ${score}, wanted a finite number`,
    })
  }
}
