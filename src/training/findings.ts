import type { Inspection } from './inspect.ts'
import type { Findings } from './measure.ts'

/** What `metrics.json` takes of an inspection. */
export function findings({ channels, importance, drift, profile }: Inspection): Partial<Findings> {
  const compared = channels.flatMap(({ name, comparison }) =>
    comparison ? [[name, comparison] as const] : [],
  )
  return {
    ...(compared.length > 0 && { comparisons: Object.fromEntries(compared) }),
    feature_importance: importance.features,
    ...(drift && {
      drift: {
        channel: drift.channel,
        features: Object.fromEntries(profile.features.map(({ name }, index) => [name, drift.values[index]!])),
      },
    }),
  }
}
