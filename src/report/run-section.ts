import { bytes, count, counted, seconds, value } from './format.ts'
import { type Html, html } from './html.ts'
import { type Fact, facts, section } from './parts.ts'
import type { ReportData } from './report-data.ts'

/** What is needed to repeat the run, and what it took. */
export function runSection({ run, model, curve }: ReportData): Html {
  const parameters = Object.entries(run.hyperparameters)
    .filter(([, one]) => one !== undefined)
    .map(
      ([name, one]): Fact => [
        name,
        html`<code>${typeof one === 'object' ? JSON.stringify(one) : String(one)}</code>`,
      ],
    )
  const total = run.phases.reduce((sum, phase) => sum + phase.seconds, 0)
  const phases = run.phases.map(({ name, seconds: time }) => `${name} ${seconds(time)}`).join(', ')
  const memory: Fact[] =
    run.peakMemoryBytes === undefined ? [] : [['Peak memory', bytes(run.peakMemoryBytes)]]
  const software = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`)
  return section(
    'run',
    'How it was made',
    facts(
      'Hyperparameters',
      html`The same values, data and machine give the same model, byte for byte; what is not listed has XGBoost’s default.`,
      parameters,
    ),
    facts('Run', undefined, [
      [
        'Rounds',
        `${count(curve.kept + 1)} kept of ${count(curve.from + curve.rounds.length)} trained, ${count(curve.planned)} asked for${curve.from > 0 ? `; the first ${count(curve.from)} are of the model that was continued` : ''}`,
      ],
      [
        'Training speed',
        `${count(run.rowsPerSecond)} rows a second and round, ${counted(run.threads, 'thread')}`,
      ],
      ['Time', `${seconds(total)}: ${phases}`],
      ...memory,
      [
        'Export',
        `largest difference between ONNX Runtime and XGBoost on ${counted(run.goldenRows, 'golden row')}: ${value(run.exportDifference)}`,
      ],
      ['Software', software.join(', ')],
    ]),
    facts(
      'Fingerprints',
      html`SHA-256: the model that is served can be traced to this page, and this page to its data.`,
      [
        ['Model', html`<bdi>${model.name}</bdi>, version <code>${model.version}</code>`],
        ['Training data', html`<code>${run.fingerprint}</code>`],
        ...run.files.map(
          ({ name, sha256, bytes: size }): Fact => [`${name}, ${bytes(size)}`, html`<code>${sha256}</code>`],
        ),
      ],
    ),
  )
}
