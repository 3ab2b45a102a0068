import { type Draft, draftSpec, type SingleRankings } from '../features/draft.ts'
import { Survey } from '../features/survey.ts'
import { randomNdcg, singleFeatures } from '../metrics/baselines.ts'
import type { Channel } from '../sagemaker/job.ts'
import type { S3Settings } from '../storage/s3.ts'
import { type SurveyedRows, surveyChannel } from './channel-reader.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { withInputs } from './inputs.ts'

export interface DraftOptions {
  readonly hyperparameters: Hyperparameters
  readonly s3: S3Settings
  /** Folder for copies of what can be read only once. */
  readonly scratch: string
  readonly warn: (sentence: string) => void
  readonly interrupt: () => void
}

/**
 * Looks through judged rows and writes a first feature spec for them.
 * @throws {RankerError} naming file, line and column.
 */
export async function draftFromData(channel: Channel, options: DraftOptions): Promise<Draft> {
  const survey = new Survey()
  const judged = await withInputs('train', channel, options, (inputs) =>
    surveyChannel(inputs, survey, options),
  )
  return draftSpec(survey.columns, judged.groups && rankAlone(survey, judged))
}

/** How well each numeric column ranks alone, by the rows whose numbers were kept: the first ones. */
function rankAlone(survey: Survey, { labels, groups, order }: SurveyedRows): SingleRankings {
  const places: number[] = []
  const sizes: number[] = []
  let place = 0
  for (const size of groups?.sizes ?? []) {
    let kept = 0
    for (const end = place + size; place < end; place++) {
      if ((order?.[place] ?? place) >= survey.keptRows) continue
      places.push(place)
      kept++
    }
    if (kept > 0) sizes.push(kept)
  }
  const data = {
    ...survey.numbers(Uint32Array.from(places, (at) => order?.[at] ?? at)),
    rows: places.length,
    labels: Float32Array.from(places, (at) => labels[at]!),
    groups: { ids: sizes.map((_, query) => String(query)), sizes: Uint32Array.from(sizes) },
  }
  const columns = data.featureNames.length === 0 ? [] : singleFeatures(data)
  return { random: randomNdcg(data), columns: new Map(columns.map(({ feature, ndcg }) => [feature, ndcg])) }
}
