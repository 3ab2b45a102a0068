import type { FeatureProfile } from '../data/dataset/profile.ts'
import { drawImportance, drawShapDots } from './feature-plots.ts'
import { count, counted, percent, value } from './format.ts'
import { type Html, html, nameOf } from './html.ts'
import { figure, figures, section, table } from './parts.ts'
import type { ReportData } from './report-data.ts'

const MOST_PROFILED = 150

/** What the ranker looks at. */
export function featuresSection(data: ReportData): Html {
  const used = data.importance.filter(({ splits }) => splits > 0)
  return section(
    'features',
    'Features',
    figures(
      figure(
        'Which features matter',
        html`<span class="key first">Blue</span> is how far a feature moves scores, <span class="key second">orange</span> how much one of its splits helped in training; bars are relative to the longest of their colour.`,
        used.length > 0 ? drawImportance(used) : undefined,
      ),
      figure(
        'Which way they push',
        html`A dot is one row: at the right the feature raised its score, at the left it lowered it; <span class="key second">orange</span> dots have a high value of the feature, <span class="key first">blue</span> ones a low value.`,
        data.shapDots.length > 0 ? drawShapDots(data.shapDots) : undefined,
      ),
    ),
    html`<p class="facts">${used.length} of ${counted(data.importance.length, 'feature')} are used by the model. SHAP values are exact, over ${counted(data.explainedRows, 'row')} of train.</p>`,
    profileTable(data),
  )
}

function profileTable({ features, importance, drift, channels }: ReportData): Html {
  const order = new Map(importance.map(({ feature }, index) => [feature, index]))
  const rows = features.features
    .map((feature, index) => ({ ...feature, drift: drift?.values[index] }))
    .sort((a, b) => order.get(a.name)! - order.get(b.name)!)
  const train = channels.find(({ name }) => name === 'train')!.profile.rows
  const sampled =
    features.sampledRows < train
      ? `a sample of ${count(features.sampledRows)} of the ${count(train)} rows`
      : 'all rows'
  const more = rows.length - MOST_PROFILED
  const at = (share: number) => (one: FeatureProfile) =>
    one.quantiles.length === 0 ? html`<span class="dim">–</span>` : value(one.quantiles[share]!)
  return table(
    'What the features look like',
    html`From ${sampled} of train, the features that matter most first${more > 0 ? `; ${counted(more, 'more is', 'more are')} in ranker.json` : ''}.${drift ? ` Shift is the population stability index against ${drift.channel}: below 0.1 the values are distributed alike, above 0.25 they are not.` : ''}`,
    [
      { title: 'Feature', cell: ({ name }) => nameOf(name) },
      {
        title: 'Missing',
        cell: ({ missing }) =>
          missing > 0.3 ? html`<span class="bad">${percent(missing)}</span>` : percent(missing),
      },
      { title: 'Lowest', cell: at(0) },
      { title: '5 %', cell: at(2) },
      { title: 'Median', cell: at(4) },
      { title: '95 %', cell: at(6) },
      { title: 'Highest', cell: at(8) },
      {
        title: 'Values',
        cell: ({ distinct }) =>
          distinct === undefined
            ? html`<span class="dim">many</span>`
            : distinct === 1
              ? html`<span class="bad">constant</span>`
              : count(distinct),
      },
      ...(drift
        ? [
            {
              title: 'Shift',
              cell: (one: (typeof rows)[number]) =>
                one.drift! > 0.25
                  ? html`<span class="bad">${one.drift!.toFixed(2)}</span>`
                  : one.drift!.toFixed(2),
            },
          ]
        : []),
    ],
    rows.slice(0, MOST_PROFILED),
    { wide: true },
  )
}
