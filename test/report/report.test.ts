import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import t, { type Test } from 'tap'
import * as format from '../../src/report/format.ts'
import { renderReport } from '../../src/report/report.ts'
import type { ReportData } from '../../src/report/report-data.ts'
import { findWarnings } from '../../src/report/warnings.ts'
import { reportOf } from '../helpers/report-data.ts'

/** What must hold of every report: it stands alone, and its ids and links fit together. */
function checkPage(t: Test, page: string) {
  const { document } = parseHTML(page)
  t.match(page, /^<!doctype html>\n<html lang="en">/)
  t.notMatch(page, /<(script|link|iframe|object|embed|img|base)\b/i, 'loads nothing')
  t.notMatch(document.querySelector('style').textContent, /@import|url\(/)
  const attributes = [...document.querySelectorAll('*')].flatMap((element) => [...element.attributes])
  t.same(
    attributes.filter(({ name }) => /^on|^src|^xlink/.test(name)).map(({ name }) => name),
    [],
    'no handler, no source',
  )
  t.ok(
    attributes.every(({ name, value }) => name === 'title' || !/https?:|url\(/i.test(value)),
    'no address',
  )
  const ids = attributes.filter(({ name }) => name === 'id').map(({ value }) => value)
  t.equal(new Set(ids).size, ids.length, 'every id once')
  const links = attributes.filter(({ name }) => name === 'href').map(({ value }) => value)
  t.ok(links.length > 0 && links.every((link) => link.startsWith('#') && ids.includes(link.slice(1))))
  t.match(page, /@media screen and \(prefers-color-scheme: dark\)/, 'dark is for screens alone')
  for (const svg of document.querySelectorAll('svg')) {
    t.equal(svg.getAttribute('role'), 'img')
    t.ok(svg.getAttribute('aria-label'), 'a plot says what it shows')
    t.notMatch(svg.outerHTML, /NaN|undefined|Infinity/)
  }
  for (const figure of document.querySelectorAll('figure')) t.ok(figure.querySelector('h3')?.textContent)
  t.notMatch(document.body.textContent, /NaN|undefined|\[object/)
  const titles = [...document.querySelectorAll('h3')].map((title) => title.textContent)
  return { document, titles }
}

const ALL = [
  'NDCG@10 as training went on',
  'What the ranker is worth',
  'NDCG of single queries',
  'Short and long lists',
  'Against the baselines',
  'Every metric',
  'Ordered worst',
  'Which features matter',
  'Which way they push',
  'What the features look like',
  'Grades in train',
  'Scores of each grade in validation',
  'Rows of a query in validation',
  'Channels',
  'Hyperparameters',
  'Run',
  'Fingerprints',
]

t.test('a page with all that the job has data for', async (t) => {
  const data = reportOf()
  const page = renderReport(data)
  const { document, titles } = checkPage(t, page)
  t.same(titles, ALL)
  t.same(
    [...document.querySelectorAll('section')].map(({ id }) => id),
    ['quality', 'queries', 'features', 'data', 'run'],
  )
  const mean = data.comparison!.metrics['ndcg@10']!.mean.toFixed(3)
  t.match(
    document.querySelector('.verdict').textContent,
    `reaches NDCG@10 ${mean}, where 1 is the perfect order.`,
  )
  t.match(document.querySelector('.verdict').textContent, /better than the best single feature \(price\)\./)
  t.equal(document.querySelectorAll('.warnings').length, 0, 'nothing to warn of')
  t.equal(document.querySelectorAll('svg').length, 9)
  t.match(page, 'round 40 is kept')
  t.equal(renderReport(data), page, 'the same data, the same page')
})

t.test('what the job has no data for is not there', async (t) => {
  await t.test('no queries', async (t) => {
    const base = reportOf()
    const { profile, metrics: _ } = base.channels[0]!
    const { titles, document } = checkPage(
      t,
      renderReport({
        ...base,
        objective: 'reg:squarederror',
        channels: [{ name: 'train', profile: { rows: profile.rows }, metrics: { rmse: 12.3456 } }],
        judged: 'train',
        curve: { ...base.curve, metric: 'rmse', maximised: false, series: base.curve.series.slice(0, 1) },
        comparison: undefined,
        queries: undefined,
        bestFeature: undefined,
        drift: undefined,
        scoresByGrade: [],
      }),
    )
    t.same(titles, [
      'RMSE as training went on',
      'Every metric',
      'Which features matter',
      'Which way they push',
      'What the features look like',
      'Channels',
      'Hyperparameters',
      'Run',
      'Fingerprints',
    ])
    t.match(
      document.querySelector('.verdict').textContent,
      'On the rows it learnt from, the model’s RMSE is 12.35.',
    )
  })
  await t.test('an incumbent', async (t) => {
    const data = reportOf({}, { baselines: ['random', 'best_single_feature', 'incumbent'] })
    const { titles, document } = checkPage(t, renderReport(data))
    t.ok(titles.includes('Worse than under the incumbent'))
    t.match(document.querySelector('.verdict').textContent, /better than the incumbent model\.$/)
  })
  await t.test('the least there can be', async (t) => {
    const data = reportOf(
      { importance: [], shapDots: [] },
      { features: ['only'], queries: 1, idOf: () => 'q' },
    )
    const single = {
      ...data.curve,
      rounds: [0],
      series: data.curve.series.map((one) => ({ ...one, values: [0.5] })),
      kept: 0,
    }
    const importance = [{ feature: 'only', mean_abs_shap: 0, gain: 0, cover: 0, splits: 0 }]
    const { titles } = checkPage(t, renderReport({ ...data, curve: single, importance, scoresByGrade: [] }))
    for (const gone of [
      'NDCG@10 as training went on',
      'Which features matter',
      'NDCG of single queries',
      'Ordered worst',
    ]) {
      t.notOk(titles.includes(gone), gone)
    }
  })
})

t.test('names from the data are text', async (t) => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style></svg><iframe src="http://evil.example/">',
    '&lt;b&gt;&amp;',
    '__proto__',
    'two\nlines\u0000\u001b[31m',
    '\u202eright to left \ud800',
    'x'.repeat(5000),
    `${'x'.repeat(4999)}y`,
    '{{7*7}}',
  ]
  const data = reportOf(
    { model: { name: hostile[0]!, version: hostile[1]! }, objective: hostile[3]! },
    {
      features: hostile,
      queries: hostile.length * 20,
      idOf: (query) => `${hostile[query % hostile.length]}${query}`,
    },
  )
  const run = { ...data.run, hyperparameters: Object.fromEntries(hostile.map((name) => [name, name])) }
  const page = renderReport({ ...data, run })
  const { document } = checkPage(t, page)
  t.equal(document.querySelector('h1').textContent, hostile[0], 'shown as it is written')
  t.equal(document.querySelectorAll('b').length, 0)
  const names = [...document.querySelectorAll('th bdi')].map((name) => name.textContent)
  for (const name of hostile.slice(0, 6)) t.ok(names.includes(name), name)
  t.ok(
    names.every((name) => [...name].length <= 60),
    'long names are cut',
  )
  t.ok(page.isWellFormed() && !/[^\P{Cc}\n]/u.test(page), 'no control characters, no half characters')
  t.ok(page.length < 400_000, `${page.length} characters`)
})

t.test('stays small', async (t) => {
  const features = Array.from({ length: 700 }, (_, feature) => `feature_${feature}`)
  const { titles, document } = checkPage(t, renderReport(reportOf({}, { features, queries: 2000 })))
  t.same(titles, ALL)
  t.ok(document.toString().length < 400_000, `${document.toString().length} characters`)
  t.match(document.body.textContent, '550 more are in ranker.json')
})

t.test('warnings', async (t) => {
  const base = reportOf()
  t.same(findWarnings(base), [], 'a job that went well has none')
  const comparison = (name: string, mean: number, [low, high]: [number, number]) => ({
    ...base.comparison!,
    baselines: base.comparison!.baselines.map((one) =>
      one.name === name ? { ...one, mean, difference: { mean: (low + high) / 2, low, high } } : one,
    ),
  })
  const channel = (changes: object, metrics = {}) => [
    base.channels[0]!,
    {
      ...base.channels[1]!,
      profile: { ...base.channels[1]!.profile, ...changes },
      metrics: { ...base.channels[1]!.metrics, ...metrics },
    },
  ]
  const queries = { count: 1000, withoutRelevantRow: 0, ofOneRow: 0, rows: [1, 2, 3] as const }
  const cases: [string, Partial<ReportData>, RegExp][] = [
    [
      'constant labels',
      { channels: channel({ labels: [[2, 5000]] }) },
      /^Every row of validation has the label 2/,
    ],
    [
      'a feature that knows the label',
      { comparison: comparison('best_single_feature', 0.97, [0.01, 0.02]) },
      /^The feature “price” alone reaches NDCG@10 0\.970/,
    ],
    [
      'rows in order of their labels',
      { comparison: comparison('input_order', 1, [-0.3, -0.2]) },
      /^The rows of the file are nearly in order/,
    ],
    ['judged on train', { judged: 'train' }, /^There is no validation or test channel/],
    [
      'overfit',
      { channels: channel({}, { 'ndcg@10': 0.6 }) },
      /^NDCG@10 on train is 0\.250 above validation/,
    ],
    [
      'an interval with 0 in it',
      { comparison: comparison('best_single_feature', 0.7, [-0.01, 0.03]) },
      /^It is not certain that the ranker beats the best single feature: .* \(\+0\.010 NDCG@10, 95 % interval −0\.010 to \+0\.030\)/,
    ],
    [
      'worse',
      { comparison: comparison('random', 0.7, [-0.04, -0.02]) },
      /^The ranker is worse than a random order \(−0\.030/,
    ],
    [
      'stopped at the last round',
      { curve: { ...base.curve, kept: 99 } },
      /^Validation was still getting better.*num_round above 100/,
    ],
    [
      'no early stopping',
      { curve: { ...base.curve, patience: undefined, kept: 59 } },
      /^Validation was best at round 30 and has lost 0\.00. NDCG@10/,
    ],
    [
      'few queries',
      { channels: channel({ queries: { ...queries, count: 12 } }) },
      /^Only 12 queries of validation/,
    ],
    [
      'empty queries',
      {
        channels: channel(
          { queries: { ...queries, withoutRelevantRow: 400 } },
          { 'ndcg@10_without_empty_queries': 0.7 },
        ),
      },
      /^40\u202f% of the queries of validation have no relevant row.*without them NDCG@10 is 0\.700\.$/,
    ],
    [
      'queries of one row',
      { channels: channel({ queries: { ...queries, ofOneRow: 300 } }) },
      /^30\u202f% .* have a single row/,
    ],
    [
      'missing values',
      {
        features: {
          ...base.features,
          features: base.features.features.map((one) => ({ ...one, missing: 0.31 })),
        },
      },
      /^4 features are missing in over 30 % of the rows: “price”, “margin”, “age” and 1 more\.$/,
    ],
    [
      'a constant column',
      {
        features: { ...base.features, features: [{ name: 'same', missing: 0, quantiles: [1], distinct: 1 }] },
      },
      /^1 feature has one and the same value.*“same”/,
    ],
    [
      'drift',
      { drift: { channel: 'validation', values: [0, 0.3, 0, 0] } },
      /^1 feature is distributed otherwise in validation than in train: “margin”/,
    ],
  ]
  for (const [name, changes, sentence] of cases) {
    // A curve that has lost hundredths is needed for one of them.
    const data = name === 'no early stopping' ? withFall(reportOf(changes)) : reportOf(changes)
    const warnings = findWarnings(data)
    t.equal(warnings.length, 1, `${name}: ${warnings.join(' ')}`)
    t.match(warnings[0], sentence)
  }
  t.match(
    renderReport(reportOf({ judged: 'train' })),
    '<ul class="warnings" aria-label="Warnings"><li>There is no validation',
  )
  t.same(
    findWarnings(
      reportOf({ drift: { channel: 'validation', values: [9, 9, 9, 9] }, channels: channel({ rows: 90 }) }),
    ),
    [],
    'few rows shift by chance',
  )
})

/** The same with a validation curve that is best at round 30. */
function withFall(data: ReportData): ReportData {
  const values = data.curve.rounds.map((round) => 0.8 - Math.abs(round - 30) * 0.0003)
  const [train, validation] = data.curve.series
  return { ...data, curve: { ...data.curve, series: [train!, { ...validation!, values }] } }
}

t.test('numbers are written one way', async (t) => {
  t.same([0.84716, -0.0004, 1, -0.25].map(format.metric), ['0.847', '0.000', '1.000', '−0.250'])
  t.same([0.1437, -0.0201, 0.0001].map(format.difference), ['+0.144', '−0.020', '0.000'])
  t.same([0, 1234567, -42].map(format.count), ['0', '1,234,567', '−42'])
  t.same(
    [0, 1, 0.314, 0.004, 0.0001, 0.9999].map(format.percent),
    ['0 %', '100 %', '31 %', '0.4 %', '<0.1 %', '>99.9 %'].map((text) => text.replace(' ', '\u202f')),
  )
  t.same([0, 12.3456, -0.00123456, 1234567, 1e12, 1.35e-7].map(format.value), [
    '0',
    '12.35',
    '−0.001235',
    '1,235,000',
    '1.00e12',
    '1.35e−7',
  ])
  t.same(
    [0.123, 41.66, 192, 7500].map(format.seconds),
    ['0.12 s', '41.7 s', '3 min 12 s', '2 h 5 min'].map((text) => text.replaceAll(/(\d) /g, '$1\u202f')),
  )
  t.same(
    [999, 1.8e6, 359_000].map(format.bytes),
    ['999 bytes', '1.8 MB', '359 kB'].map((text) => text.replace(' ', '\u202f')),
  )
})

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0,
)
t.test('in a real browser', { skip: chromium ? false : 'no Chromium is installed here' }, async (t) => {
  const folder = t.testdir({})
  const page = renderReport(
    reportOf({}, { baselines: ['random', 'input_order', 'best_single_feature', 'incumbent'] }),
  )
  writeFileSync(join(folder, 'report.html'), page)
  // A page around the report measures it at the width of a phone and of a desk, and says so in its own text.
  const frame = (width: number) =>
    `<iframe srcdoc="${page.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}" style="width:${width}px;height:900px"></iframe>`
  const measure = `<script>addEventListener('load', () => { document.title = JSON.stringify([...document.querySelectorAll('iframe')].map(({ contentDocument: page, contentWindow: view }) => ({ width: view.innerWidth, scroll: page.documentElement.scrollWidth, plots: [...page.querySelectorAll('svg')].map((svg) => svg.getBoundingClientRect().width), background: view.getComputedStyle(page.body).backgroundColor, text: view.getComputedStyle(page.querySelector('svg text')).fill }))) })</script>`
  writeFileSync(
    join(folder, 'frames.html'),
    `<!doctype html><body style="margin:0">${frame(390)}${frame(1180)}${measure}`,
  )
  const browse = (...flags: string[]) =>
    execFileSync(
      chromium!,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--user-data-dir=${join(folder, 'profile')}`,
        ...flags,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000, maxBuffer: 1 << 26 },
    ).toString()

  const dom = browse('--dump-dom', join(folder, 'frames.html'))
  const frames: { width: number; scroll: number; plots: number[]; background: string; text: string }[] =
    JSON.parse(/<title>(.*?)<\/title>/.exec(dom)![1]!.replaceAll('&quot;', '"'))
  t.same(
    frames.map(({ width }) => width),
    [390, 1180],
  )
  for (const { width, scroll, plots, background, text } of frames) {
    t.ok(scroll <= width, `at ${width} the page is ${scroll} wide: tables scroll in their own frames`)
    t.equal(plots.length, 9)
    t.ok(
      plots.every((plot) => plot > 280 && plot <= width),
      `plots are ${plots} wide`,
    )
    t.not(background, text, 'text can be told from the page')
  }

  browse(
    '--no-pdf-header-footer',
    `--print-to-pdf=${join(folder, 'report.pdf')}`,
    join(folder, 'report.html'),
  )
  const pdf = readFileSync(join(folder, 'report.pdf'), 'latin1')
  const sheets = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map(([, width, height]) => [
    Math.round(Number(width)),
    Math.round(Number(height)),
  ])
  t.ok(sheets.length >= 3 && sheets.length <= 8, `${sheets.length} sheets`)
  t.ok(
    sheets.every(([width, height]) => width === 595 && height === 842),
    'of A4',
  )
})
