import { drawCandidates, drawGrades, drawScoresByGrade } from './data-plots.ts'
import { count } from './format.ts'
import { type Html, html } from './html.ts'
import { type Column, figure, figures, section, table } from './parts.ts'
import type { ReportData } from './report-data.ts'

/** What the ranker learnt from and was judged on. */
export function dataSection(data: ReportData): Html {
  const { channels, queries, scoresByGrade } = data
  const train = channels.find(({ name }) => name === 'train')!.profile
  const judged = data.judged
  return section(
    'data',
    'Data',
    figures(
      figure(
        'Grades in train',
        html`How many rows the judges, or the clicks, gave each grade; without rows of several grades there is nothing to learn.`,
        train.labels && train.labels.length > 1 ? drawGrades(train.labels) : undefined,
      ),
      figure(
        `Scores of each grade in ${judged}`,
        html`The box holds the middle half of the rows, the line nine tenths; the higher the grade, the higher its box should lie.`,
        scoresByGrade.length > 1 ? drawScoresByGrade(scoresByGrade) : undefined,
      ),
      figure(
        `Rows of a query in ${judged}`,
        html`How many candidates the ranker is given at a time.`,
        queries && drawCandidates(queries),
      ),
    ),
    table(
      'Channels',
      undefined,
      [
        { title: 'Channel', cell: ({ name }) => name },
        { title: 'Rows', cell: ({ profile }) => count(profile.rows) },
        ...(train.queries ? queryFacts : []),
      ],
      channels,
      { wide: true },
    ),
  )
}

const queryFacts: Column<ReportData['channels'][number]>[] = [
  { title: 'Queries', cell: ({ profile: { queries } }) => (queries ? count(queries.count) : '–') },
  {
    title: 'Rows a query: least, median, most',
    cell: ({ profile: { queries } }) => (queries ? queries.rows.map(count).join(' / ') : '–'),
  },
  {
    title: 'Without a relevant row',
    cell: ({ profile: { queries } }) => (queries ? count(queries.withoutRelevantRow) : '–'),
  },
  { title: 'Of one row', cell: ({ profile: { queries } }) => (queries ? count(queries.ofOneRow) : '–') },
]
