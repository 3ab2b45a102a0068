import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'

const src = join(import.meta.dirname, '../src')

/**
 * The house: which room may import which others, and which packages. Data flows one way, from bytes to the answer;
 * serving never imports training.
 */
const ROOMS: Readonly<Record<string, { rooms: string; packages: string }>> = {
  errors: { rooms: '', packages: '' },
  version: { rooms: '', packages: '' },
  data: { rooms: 'errors', packages: 'zod hyparquet hyparquet-compressors @bufbuild/protobuf' },
  metrics: { rooms: 'errors data', packages: '' },
  rerank: { rooms: 'errors data', packages: 'zod' },
  features: { rooms: 'errors data', packages: 'zod jsep yaml' },
  storage: { rooms: 'errors data', packages: '@aws-sdk/client-s3' },
  // rerank for the schema of the manifest's rules.
  model: { rooms: 'errors data storage rerank', packages: 'zod @bufbuild/protobuf' },
  xgboost: { rooms: 'errors data', packages: 'koffi' },
  scoring: { rooms: 'errors model', packages: 'onnxruntime-node' },
  report: { rooms: 'errors data metrics', packages: '@observablehq/plot linkedom' },
  sagemaker: { rooms: 'errors', packages: 'zod' },
  aws: {
    rooms: 'errors data features model storage',
    packages:
      'zod leven yaml @aws-sdk/client-sagemaker @aws-sdk/client-sagemaker-runtime @aws-sdk/client-iam @aws-sdk/client-ecr @aws-sdk/client-sts @aws-sdk/client-application-auto-scaling @aws-sdk/client-cloudwatch @aws-sdk/client-cloudwatch-logs',
  },
  training: {
    rooms: 'errors version data features metrics model scoring xgboost sagemaker storage report',
    packages: 'zod leven',
  },
  serving: {
    rooms: 'errors version data features model rerank scoring sagemaker storage',
    packages:
      'fastify pino zod prom-client @opentelemetry/api @opentelemetry/sdk-trace @opentelemetry/resources @opentelemetry/exporter-trace-otlp-http',
  },
  // Both engines are loaded when one is opened: what serves a model needs neither.
  retrieval: { rooms: 'errors data storage', packages: 'usearch @opensearch-project/opensearch zod' },
  // A product service loads this and not the server; of rerank it knows a type.
  client: { rooms: 'errors rerank', packages: '@aws-sdk/client-sagemaker-runtime' },
  cli: {
    // xgboost only to end a process that a thread inside the library would keep.
    rooms:
      'errors version client data features metrics model rerank scoring xgboost sagemaker storage report training serving aws',
    packages: 'leven fastify koffi',
  },
  index: { rooms: 'errors client data features model scoring serving training', packages: '' },
}

interface Import {
  readonly file: string
  readonly room: string
  readonly wanted: string
}

/** The imports of a source file, static and dynamic. */
function importsOf(file: string): Import[] {
  const room = relative(src, file).replace(/\.ts$/, '').split('/')[0]!
  const text = readFileSync(file, 'utf8')
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)[^'"\n;]*?(?:\{[^}]*\}[^'"]*?)?from '([^']+)'|import\('([^']+)'\)/g,
  )
  return [...found].map((match) => ({ file: relative(src, file), room, wanted: (match[1] ?? match[2])! }))
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(src, name))
const imports = files.flatMap(importsOf)

t.test('every room is in the table', async (t) => {
  for (const file of files)
    t.ok(ROOMS[relative(src, file).replace(/\.ts$/, '').split('/')[0]!], relative(src, file))
})

t.test('rooms import only what the table allows them', async (t) => {
  t.ok(imports.length > 100, 'imports are seen at all')
  for (const { file, room, wanted } of imports) {
    const { rooms, packages } = ROOMS[room]!
    if (wanted.startsWith('.')) {
      const target = relative(src, resolve(src, dirname(file), wanted))
        .replace(/\.ts$/, '')
        .split('/')[0]!
      t.ok(target === room || rooms.split(' ').includes(target), `${file} imports ${wanted}`)
    } else if (!wanted.startsWith('node:')) {
      const name = wanted
        .split('/')
        .slice(0, wanted.startsWith('@') ? 2 : 1)
        .join('/')
      t.ok(packages.split(' ').includes(name), `${file} imports ${wanted}`)
    }
  }
})

t.test('what the rooms import comes with the package', async (t) => {
  const manifest = JSON.parse(readFileSync(join(src, '../package.json'), 'utf8'))
  const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies']
  const come = kinds.flatMap((kind) => Object.keys(manifest[kind]))
  for (const { packages } of Object.values(ROOMS)) {
    for (const name of packages.split(' ').filter(Boolean)) t.ok(come.includes(name), name)
  }
})

t.test('only the command line reads the process, ends it or traps signals', async (t) => {
  for (const file of files) {
    const name = relative(src, file)
    // What is switched there has to be before the library is loaded, by whatever imports it.
    if (name.startsWith('cli/') || name === 'scoring/no-telemetry.ts') continue
    const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    t.notMatch(text, /\bprocess\.(env|argv|exit|exitCode|stdout|stderr|stdin)\b|\bconsole\./, name)
  }
})
