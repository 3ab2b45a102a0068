import { dataSection } from './data-section.ts'
import { featuresSection } from './features-section.ts'
import { anyMetric, counted, difference, metric } from './format.ts'
import { type Html, html, nameOf } from './html.ts'
import { baselinePhrase, metricName } from './names.ts'
import { renderPage } from './page.ts'
import { qualitySection } from './quality-section.ts'
import { queriesSection } from './queries-section.ts'
import type { ReportData } from './report-data.ts'
import { runSection } from './run-section.ts'
import { findWarnings } from './warnings.ts'

/**
 * The report of a training job as one page. Every name in it is text from the data and is escaped.
 */
export function renderReport(data: ReportData): string {
  const sections = [
    qualitySection(data),
    queriesSection(data),
    featuresSection(data),
    dataSection(data),
    runSection(data),
  ].filter((one) => one.text !== '')
  const warnings = findWarnings(data)
  const header = html`<p class="kicker">Training report</p>
<h1>${nameOf(data.model.name)}</h1>
<p class="facts">${writtenAt(data.writtenAt)} · ${data.objective} · ${dataSize(data)}</p>
<p class="verdict">${verdict(data)}</p>
${headline(data)}
${warnings.length > 0 ? html`<ul class="warnings" aria-label="Warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>` : html``}
<nav aria-label="Contents">${sections.map(link)}</nav>`
  const title = `${data.model.name}: training report`
  return renderPage({ title, header, main: sections, footer: limits(data) })
}

const TITLES: Readonly<Record<string, string>> = {
  quality: 'Quality',
  queries: 'Queries',
  features: 'Features',
  data: 'Data',
  run: 'How it was made',
}

function link({ text }: Html): Html {
  const id = /^<section id="(\w+)"/.exec(text)![1]!
  return html`<a href="#${id}">${TITLES[id]}</a>`
}

function writtenAt(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`
}

function dataSize({ channels }: ReportData): string {
  const { profile } = channels.find(({ name }) => name === 'train')!
  const queries = profile.queries ? ` of ${counted(profile.queries.count, 'query', 'queries')}` : ''
  return `learnt from ${counted(profile.rows, 'row')}${queries}`
}

/** The result in a sentence or two, for those who read no further. */
function verdict(data: ReportData): Html {
  const { comparison, curve, judged } = data
  const where = judged === 'train' ? 'the rows it learnt from' : `${judged} data that it has not seen`
  if (!comparison) {
    const name = curve.metric
    const measured = data.channels.find((channel) => channel.name === judged)?.metrics[name]
    return measured === undefined
      ? html`The ranker was trained.`
      : html`On ${where}, the model’s ${metricName(name)} is ${anyMetric(measured)}.`
  }
  const against =
    comparison.baselines.find(({ name }) => name === 'incumbent') ??
    comparison.baselines.find(({ name }) => name === 'best_single_feature')
  const own = comparison.metrics['ndcg@10']!
  const reached = html`On ${counted(comparison.queries, 'query', 'queries')} of ${where}, the ranker reaches NDCG@10 ${metric(own.mean)}, where 1 is the perfect order.`
  if (!against) return reached
  const { mean, low, high } = against.difference
  const feature =
    data.bestFeature && against.name === 'best_single_feature'
      ? html` (${nameOf(data.bestFeature.feature)})`
      : html``
  const how =
    low > 0
      ? `better than`
      : high < 0
        ? `worse than`
        : mean >= 0
          ? `better, perhaps by chance, than`
          : `worse, perhaps by chance, than`
  return html`${reached} That is ${difference(Math.abs(mean)).replace('+', '')} ${how} ${baselinePhrase(against.name)}${feature}.`
}

function headline({ comparison }: ReportData): Html {
  if (!comparison) return html``
  const numbers = Object.entries(comparison.metrics).map(
    ([name, { mean, low, high }]) =>
      html`<div><dt>${metricName(name)}</dt><dd class="number">${metric(mean)}</dd><dd class="interval">${metric(low)} to ${metric(high)}</dd></div>`,
  )
  return html`<dl class="headline">${numbers}</dl>`
}

function limits(data: ReportData): Html {
  const intervals = data.comparison
    ? html`Intervals are at 95 %, ${data.comparison.method === 'bootstrap' ? 'from 1,000 resamples of the queries' : 'normal, over the queries'}. NDCG@k compares the first k places with the best possible order, gain ${data.gain === 'exponential' ? html`2<sup>grade</sup> − 1` : 'grade'}. `
    : html``
  return html`${intervals}The numbers hold for queries and items like those of the data; they say nothing of how people will act on a new order, which a test with real traffic tells.`
}
