import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { decodeText, isObject } from '../data/json/json.ts'
import { RankerError, reasonOf } from '../errors.ts'
import { createLog } from '../serving/log.ts'
import { openPipeline } from '../serving/open-pipeline.ts'
import { type Candidate, csvCandidates, hasHeader, jsonCandidates, type NamingColumns } from './candidates.ts'
import type { Command, Io } from './command.ts'
import { readFlags } from './flags.ts'
import { rankedTable } from './ranked-table.ts'

const FLAGS = {
  'model-path': true,
  input: true,
  'content-type': true,
  limit: true,
  format: true,
  group: true,
  item: true,
  help: false,
}

/** Output formats and the media type each asks the model for. */
const ACCEPT: Readonly<Record<string, string>> = {
  table: 'application/json',
  json: 'application/json',
  csv: 'text/csv',
  jsonlines: 'application/jsonlines',
}

/** Content types by the extension of the input's name; CSV may have a header. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.jsonl': 'application/jsonlines',
  '.libsvm': 'text/libsvm',
  '.svm': 'text/libsvm',
  '.pbr': 'application/x-recordio-protobuf',
  '.npy': 'application/x-npy',
  '.arrows': 'application/vnd.apache.arrow.stream',
}

export const scoreCommand: Command = {
  name: 'score',
  summary: 'rank the candidates of a file with a trained ranker, without a server',
  help: `Usage: ranker score --model-path PATH --input FILE [flags]

Answers one request as the server would, by the same code and with the model's hooks, and prints the ranking.

Flags
  --model-path PATH    model folder, or .onnx or XGBoost file (default SAGEMAKER_BASE_DIR/model)
  --input FILE         whatever the server reads; - reads CSV or JSON from standard input
  --content-type TYPE  what the input is; without it the name tells (.csv, ${Object.keys(CONTENT_TYPES).join(', ')}),
                       and for CSV the first line tells whether it is a header
  --format FORMAT      table (default), or the server's own answer: json, csv, or jsonlines, which JSON Lines need
  --limit N            how many items of each query are printed
  --group COLUMN       column of a CSV that names the query of a row (default qid); queries are ranked one by one
  --item COLUMN        column that names the items in the table (default title, id, item, item_id or product_id)

The table has the price and the margin where the input has the columns retail_price and cost. Columns that the model
does not know are allowed.

Environment
  SAGEMAKER_BASE_DIR   root of the platform's folders (default /opt/ml)
  SAGEMAKER_PROGRAM    file in code/ that holds the hooks (default inference.js, .mjs, .cjs or .ts)

Examples
  ranker score --model-path ranker-output/model --input candidates.csv --limit 10
  echo '{"items":[{"id":"a","retail_price":20,"cost":12}]}' | ranker score --model-path ranker-output/model --input -
`,
  run,
}

/** Nothing is lost when scoring ends half-way, so a signal ends it at once. */
async function run(argv: readonly string[], io: Io): Promise<number> {
  return Promise.race([score(argv, io), interrupted(io.stop)])
}

/** The exit code that shells give a process that died of the signal. */
async function interrupted(stop: AbortSignal): Promise<number> {
  if (!stop.aborted) await once(stop, 'abort')
  return 128 + (constants.signals[stop.reason as NodeJS.Signals] ?? 0)
}

async function score(argv: readonly string[], io: Io): Promise<number> {
  const { values: flags } = readFlags('score', argv, FLAGS)
  const format = flags.format ?? 'table'
  const accept = Object.hasOwn(ACCEPT, format) ? ACCEPT[format] : undefined
  if (accept === undefined)
    refuse(`--format is ${JSON.stringify(format)}: wanted ${Object.keys(ACCEPT).join(', ')}`)
  const limit = readLimit(flags.limit)
  if (flags.input === undefined) refuse('ranker score needs --input FILE (- is standard input)')
  const input = await readInput(flags.input, io)
  const contentType = flags['content-type'] ?? contentTypeOf(flags.input, input)
  if (/^application\/jsonlines\b/i.test(contentType) && format !== 'jsonlines')
    refuse('JSON Lines are answered line by line: wanted --format jsonlines')
  const modelPath = resolve(
    io.cwd,
    flags['model-path'] ?? join(io.env.SAGEMAKER_BASE_DIR || '/opt/ml', 'model'),
  )
  const pipeline = await openPipeline({
    modelPath,
    program: io.env.SAGEMAKER_PROGRAM || undefined,
    log: createLog('warn', io.stderr),
  })
  try {
    const body = limit === undefined ? input : limited(input, limit, format)
    const request = { body: [body], contentType, accept, requestId: 'score', customAttributes: undefined }
    const answer = await pipeline.invoke(request)
    const naming = { group: flags.group ?? 'qid', item: flags.item }
    const table =
      format === 'table'
        ? rankedTable(parseJson(answer.body), candidatesOf(input, contentType, naming), limit)
        : undefined
    // JSON ends without a newline, and a terminal wants one.
    const end = table === undefined && answer.body.at(-1) !== 0x0a ? '\n' : ''
    await write(Buffer.concat([Buffer.from(table ?? answer.body), Buffer.from(end)]), io)
    return 0
  } finally {
    await pipeline.close()
  }
}

function refuse(reason: string): never {
  throw new RankerError('BAD_ARGUMENTS', { reason })
}

function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^[1-9]\d{0,8}$/.test(text)
    ? Number(text)
    : refuse(`--limit is ${JSON.stringify(text)}: wanted an integer from 1`)
}

async function readInput(path: string, io: Io): Promise<Buffer> {
  if (path === '-') return buffer(io.stdin)
  try {
    return await readFile(resolve(io.cwd, path))
  } catch (cause) {
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
}

/** Resolves when the text was taken. A reader that has seen enough, such as head, is not an error. */
async function write(text: Uint8Array, { stdout }: Io): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
    stdout.write(text, resolve)
  })
  if (error && error.code !== 'EPIPE')
    throw new RankerError('WRITE_FAILED', { path: 'the answer', reason: reasonOf(error) }, { cause: error })
}

function contentTypeOf(path: string, input: Buffer): string {
  const extension =
    path === '-' ? (/^\s*[{[]/.test(decodeText(input.subarray(0, 100))) ? '.json' : '.csv') : extname(path)
  const known = extension.toLowerCase()
  if (known === '.csv') return hasHeader(input) ? 'text/csv; header=present' : 'text/csv'
  if (Object.hasOwn(CONTENT_TYPES, known)) return CONTENT_TYPES[known]!
  const wanted = ['.csv', ...Object.keys(CONTENT_TYPES)].join(', ')
  return refuse(`the name of ${path} does not tell what it is: wanted ${wanted} or --content-type`)
}

/** Puts the limit into a query; the server answers all rows, and only the table cuts them. */
function limited(input: Buffer, limit: number, format: string): Buffer {
  const json = parseJson(input)
  if (isObject(json) && json.items !== undefined) {
    // The last of two equal keys wins, and the rest of the text stays untouched: ids may be longer than a double.
    return Buffer.from(decodeText(input).trimEnd().replace(/\}$/, `,"limit":${limit}}`))
  }
  if (format !== 'table')
    refuse(`--limit goes with --format table or with a JSON query: ${format} scores every row`)
  return input
}

function candidatesOf(input: Buffer, contentType: string, naming: NamingColumns): Candidate[] {
  if (/^text\/csv\b/i.test(contentType))
    return /header=present/i.test(contentType) ? csvCandidates(input, naming) : []
  return jsonCandidates(parseJson(input), naming)
}

/** Undefined for invalid JSON: the pipeline says what is wrong with the request. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(decodeText(bytes))
  } catch {
    return undefined
  }
}
