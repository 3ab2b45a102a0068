import type { BaselineName } from '../report/report-data.ts'
import { CHANNELS, type ChannelName } from '../sagemaker/job.ts'
import type { Metrics } from '../training/measure.ts'
import { type Column, formatTable } from './table.ts'

/** NDCG@10 of the ranker on each channel, beside its baselines. */
export function trainSummary({ baselines, comparisons = {}, ...metrics }: Metrics): string {
  const channels = CHANNELS.filter((name) => comparisons[name])
  const [best] = baselines?.single_features ?? []
  if (!best || channels.length === 0) return ''
  const of = (channel: ChannelName) => comparisons[channel]!
  const against = (name: BaselineName) => (channel: ChannelName) =>
    of(channel)
      .baselines.find((one) => one.name === name)
      ?.mean.toFixed(4) ?? ''
  const rows: [name: string, cell: (channel: ChannelName) => string][] = [
    ['the ranker', (channel) => metrics[channel]!['ndcg@10']!.toFixed(4)],
    [
      '  95 % interval',
      (channel) => {
        const { low, high } = of(channel).metrics['ndcg@10']!
        return `${low.toFixed(3)} to ${high.toFixed(3)}`
      },
    ],
    ['the incumbent model', against('incumbent')],
    [`best single feature, ${best.feature}`, against('best_single_feature')],
    ['random order', against('random')],
  ]
  const shown = rows.filter(([, cell]) => channels.some((channel) => cell(channel) !== ''))
  return formatTable([
    { title: 'NDCG@10', cells: shown.map(([name]) => name) },
    ...channels.map((channel): Column => {
      return { title: channel, cells: shown.map(([, cell]) => cell(channel)), align: 'right' }
    }),
  ])
}
