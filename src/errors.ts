/**
 * Every error the product raises on purpose, in one table: code, HTTP status, sentence.
 * Callers test `code`, never the text. A sentence names the thing, the value seen and the value wanted.
 */

/**
 * How a value from outside is shown in a sentence: text quoted, escaped, and cut at 80 characters; what may be nested
 * is only named, since printing a hostile depth of it would overflow the stack.
 */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** Names in a list, shown whole when few and counted when many. */
export function showList(names: readonly string[], most = 12): string {
  const shown = names.slice(0, most).map(show).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}

interface Entry<V> {
  readonly status: number
  readonly text: (values: V) => string
}

const entry = <V = Record<never, never>>(status: number, text: (values: V) => string): Entry<V> => ({
  status,
  text,
})

/** An error of a command or a job: it ends the process with exit code 1, and no HTTP answer carries it. */
const job = <V = Record<never, never>>(text: (values: V) => string): Entry<V> => entry(500, text)

const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`

/** What the system says of a file, without the call and the path that Node adds: sentences name the path themselves. */
const systemWords = (reason: string): string => reason.replace(/^(E[A-Z0-9]+): ([^,]+), .*$/, '$2 ($1)')

/** What `line` counts in a format: lines of text, rows or records of a binary file. */
export type LineUnit = 'line' | 'row' | 'record'
type Line = { file: string; line: number; unit?: LineUnit | undefined }
const onLine = ({ file, line, unit = 'line' }: Line): string => `${file} ${unit} ${line}`

/** @param isTyped it is text in a format whose values have types, though it may spell a number. */
type Cell = Line & { column: string; seen: string; isTyped?: boolean | undefined }
const value = ({ seen, isTyped }: Pick<Cell, 'seen' | 'isTyped'>): string =>
  `${isTyped ? 'the text ' : ''}${show(seen)}`
const at = (cell: Omit<Cell, 'seen'>): string => `${onLine(cell)}, column ${show(cell.column)}`

/** Which query of a request with several. */
type InQuery = { query?: number | undefined }
const inQuery = (v: InQuery): string => (v.query === undefined ? '' : `query ${v.query}: `)

/** Roles of columns that a command has and training has not. */
const COMMAND_ROLES: ReadonlySet<string> = new Set(['price', 'cost'])

/** What helps where a number was wanted and a column of numbers has this text. */
function hintOfText(seen: string): string {
  if (/^\s*(#?n\/?a|null|none|nil|missing|unknown|-+|\?|\.|-nan)\s*$/i.test(seen)) {
    return 'a missing value is an empty cell or nan'
  }
  return /\d/.test(seen) && !/\p{L}/u.test(seen)
    ? 'numbers have no currency, percent sign, thousands separator or decimal comma'
    : 'a column that names the item is declared with the hyperparameter item'
}

export const ERRORS = {
  // command line
  UNKNOWN_FLAG: job<{ flag: string; command: string; nearest?: string | undefined }>(
    (v) =>
      `unknown flag ${show(v.flag)} of ranker ${v.command}${v.nearest ? `; did you mean ${v.nearest}?` : ''} (ranker ${v.command} --help lists them)`,
  ),
  BAD_ARGUMENTS: job<{ reason: string }>((v) => v.reason),
  BAD_SETTING: job<{ name: string; seen: string; wanted: string }>(
    (v) => `${v.name} is ${show(v.seen)}: wanted ${v.wanted}`,
  ),
  WORKERS_DIED: job<{ deaths: number; seconds: number; how: string }>(
    (v) => `${v.deaths} workers ended within ${v.seconds} s, the last one ${v.how}: the server gives up`,
  ),
  LISTEN_FAILED: job<{ address: string; reason: string }>(
    (v) => `cannot listen on ${v.address}: ${v.reason}`,
  ),
  INPUT_UNREADABLE: job<{ path: string; reason: string }>(
    (v) => `${v.path} cannot be read: ${systemWords(v.reason)}`,
  ),

  // job configuration
  CONFIG_MISSING: job<{ path: string; wanted: string }>((v) => `${v.path} is missing: wanted ${v.wanted}`),
  CONFIG_UNREADABLE: job<{ path: string; reason: string; wanted: string }>(
    (v) => `${v.path} cannot be read (${systemWords(v.reason)}): wanted ${v.wanted}`,
  ),
  HOST_UNKNOWN: job<{ path: string; seen: string | undefined; wanted: readonly string[] }>(
    (v) =>
      `${v.path} says that current_host is ${show(v.seen)}: wanted one of its hosts, ${showList(v.wanted)}`,
  ),
  HOST_REPEATED: job<{ path: string; host: string }>(
    (v) => `${v.path} names the host ${show(v.host)} twice: wanted each one once`,
  ),
  UNKNOWN_HYPERPARAMETER: job<{ name: string; nearest?: string | undefined }>(
    (v) =>
      `unknown hyperparameter ${show(v.name)}${v.nearest ? `: did you mean ${show(v.nearest)}?` : ': ranker train --help lists the known ones'}`,
  ),
  BAD_HYPERPARAMETER: job<{ name: string; seen: unknown; wanted: string }>(
    (v) => `hyperparameter ${show(v.name)} is ${show(v.seen)}: wanted ${v.wanted}`,
  ),
  REFUSED_HYPERPARAMETER: job<{ name: string; seen: unknown; reason: string }>(
    (v) => `hyperparameter ${show(v.name)} is ${show(v.seen)}, which is not supported: ${v.reason}`,
  ),
  CONTRADICTING_HYPERPARAMETERS: job<{ reason: string }>((v) => v.reason),
  BAD_CONSTRAINT: job<{ name: string; fault: string }>((v) => `hyperparameter ${show(v.name)} ${v.fault}`),
  TOO_FEW_QUERIES: job<{ name: string; value: number; seen: number; wanted: number }>(
    (v) =>
      `hyperparameter ${show(v.name)} is ${v.value}, and the train channel has ${v.seen} quer${v.seen === 1 ? 'y' : 'ies'}: wanted at least ${v.wanted}`,
  ),
  VALUES_OUTGROW_MEMORY: job<{ limit: number }>(
    (v) =>
      `the rows of train outgrow the memory limit of ${Math.floor(v.limit)} bytes, and tree_method exact and approx, and updaters other than those of hist, need their values in memory: use hist, or raise memory_limit`,
  ),
  METRIC_UNDEFINED: job<{ metric: string; round: number }>(
    (v) =>
      `${v.metric} is not a number after round ${v.round}, so it cannot say which round is best: wanted another eval_metric, or data that it is defined on`,
  ),

  // channels and tables
  UNKNOWN_CHANNEL: job<{ channel: string; known: readonly string[] }>(
    (v) => `unknown channel ${show(v.channel)}: the channels are ${v.known.join(', ')}`,
  ),
  CHANNEL_MISSING: job<{ channel: string; path: string }>(
    (v) => `channel ${show(v.channel)} is missing: nothing at ${v.path}`,
  ),
  CHANNEL_EMPTY: job<{ channel: string; path: string }>(
    (v) => `channel ${show(v.channel)} has no data file: ${v.path} is empty`,
  ),
  BAD_CHANNEL_MODEL: job<{ reason: string }>((v) => `channel "model": ${v.reason}`),
  BAD_FEATURE_SPEC: job<{ source: string; path: string; fault: string }>(
    (v) => `${v.source}: ${v.path} ${v.fault}`,
  ),
  CONFIG_FILES: job<{ files: readonly string[] }>(
    (v) =>
      `channel "config" holds ${showList(v.files)}: wanted one feature spec, a file that ends in .yaml, .yml or .json`,
  ),
  RAW_CELL: job<Cell & { wanted: string }>((v) => `${at(v)} is ${show(v.seen)}: wanted ${v.wanted}`),
  QUERY_COLUMN_VARIES: job<Cell & { before: string }>(
    (v) =>
      `${at(v)} is ${show(v.seen)}, and ${show(v.before)} on the query's first row: wanted one value for all rows of a query`,
  ),
  TEXTS_OUTGROW_MEMORY: job<{ file: string; texts: number; limit: number }>(
    (v) =>
      `${v.file}: the ${v.texts} different texts of the columns that the feature spec names outgrow ${Math.floor(v.limit)} bytes, their share of the memory limit: raise memory_limit, or leave long texts out of the spec`,
  ),
  NOT_A_FILE: job<{ path: string; seen: string }>(
    (v) => `${v.path} is ${v.seen}: wanted a plain file, or a folder of plain files`,
  ),
  PIPE_SILENT: job<{ path: string; seconds: number; seen: string }>(
    (v) => `${v.path} (Pipe mode) ${v.seen} within ${count(v.seconds, 'second')}: wanted the channel's data`,
  ),
  UNKNOWN_CONTENT_TYPE: job<{ channel: string; seen: string; known: readonly string[] }>(
    (v) =>
      `channel ${show(v.channel)} has the unknown ContentType ${show(v.seen)}: wanted ${v.known.join(', ')}`,
  ),
  MIXED_FORMATS: job<{ file: string; format: string; isGuess: boolean; other: string; otherFormat: string }>(
    (v) =>
      `${v.file} is ${v.isGuess ? 'taken for ' : ''}${v.format}${v.isGuess ? ', since neither a content type nor its name says what it is,' : ''} and ${v.other} is ${v.otherFormat}: one channel cannot hold both, for the first names its columns by number alone`,
  ),
  FILE_EMPTY: job<{ file: string }>((v) => `${v.file} is empty: wanted at least one row`),
  NO_ROWS: job<{ file: string }>((v) => `${v.file} has no row: wanted at least one`),
  NOT_UTF8: job<{ file: string }>(
    (v) => `${v.file} is not CSV in UTF-8: the names on its first line hold other bytes`,
  ),
  CR_LINE_ENDS: job<{ file: string }>(
    (v) =>
      `${v.file} line 1 holds a carriage return without a line feed: wanted lines that end in LF or CR LF`,
  ),
  HEADER_MISSING: job<{ file: string; seen: string }>(
    (v) =>
      `${v.file} line 1 starts with the number ${show(v.seen)} but is not all numbers: wanted a header line of column names, or none and numbers only`,
  ),
  CSV_DIVIDED: job<{ file: string; divider: string }>(
    (v) => `${v.file} line 1 has no comma and is divided by ${v.divider}: wanted commas between the cells`,
  ),
  RAGGED_ROW: job<{ file: string; line: number; seen: number; wanted: number }>(
    (v) => `${v.file} line ${v.line} has ${count(v.seen, 'cell')}: wanted ${v.wanted}, as on its first line`,
  ),
  GROUP_NOT_UTF8: job<Cell>((v) => `${at(v)} (the group) is ${show(v.seen)}: wanted text in UTF-8`),
  COLUMN_INDEX_NEEDED: job<{ file: string; role: string; seen: string }>(
    (v) =>
      `${v.file} has no header line, so its ${v.role} column is named by its zero-based index: the hyperparameter ${v.role} is ${show(v.seen)}, wanted a number such as 1`,
  ),
  COLUMN_INDEX_TAKEN: job<{ file: string; role: string; other: string; index: number }>(
    (v) =>
      `${v.file} has no header line, and the hyperparameters ${v.other} and ${v.role} both name its column ${v.index}`,
  ),
  COLUMN_INDEX_OUTSIDE: job<{ file: string; role: string; index: number; count: number }>(
    (v) =>
      `${v.file} has ${count(v.count, 'column')} and no header line: the hyperparameter ${v.role} is ${v.index}, wanted a zero-based index up to ${v.count - 1}`,
  ),
  UNCLOSED_QUOTE: entry<{ file: string; line: number }>(
    400,
    (v) => `${v.file} line ${v.line} opens a quoted cell that is never closed`,
  ),
  RECORD_TOO_LONG: entry<{ file: string; line: number; limit: number }>(
    400,
    (v) =>
      `${v.file} line ${v.line} starts a record of over ${v.limit} bytes: wanted a line's end, or the end of a quoted cell, before that`,
  ),
  BAD_QUOTE: entry<{ file: string; line: number }>(
    400,
    (v) => `${v.file} line ${v.line} has text after a closing quote: wanted a comma or the end of the line`,
  ),
  DUPLICATE_COLUMN: job<{ file: string; column: string }>(
    (v) => `${v.file} has two columns named ${show(v.column)}: names must be unique`,
  ),
  UNNAMED_COLUMN: job<{ file: string; position: number }>(
    (v) => `${v.file} has no name for column ${v.position}: every column of the header needs one`,
  ),
  COLUMN_MISSING: job<{ file: string; column: string; role: string; columns: readonly string[] }>(
    (v) =>
      `${v.file} has no ${v.role} column ${show(v.column)}: its columns are ${showList(v.columns)}${v.role === 'feature' ? '' : `; ${COMMAND_ROLES.has(v.role) ? 'the flag --' : 'the hyperparameter '}${v.role} names another`}`,
  ),
  FEATURES_UNNAMED: job<{ file: string; format: string }>(
    (v) =>
      `the hyperparameter features names columns, and ${v.file} is ${v.format}, whose columns have numbers only: leave it out`,
  ),
  NO_FEATURES: job<{ file: string; columns: readonly string[] }>(
    (v) => `${v.file} has no feature column with a number in it: its columns are ${showList(v.columns)}`,
  ),
  TEXT_IN_NUMERIC_COLUMN: job<Cell & { number?: (Line & { seen: string }) | undefined }>(
    (v) =>
      `${at(v)} is ${value(v)}: wanted a number or an empty cell, ${v.number ? `as on ${v.number.unit ?? 'line'} ${v.number.line} (${show(v.number.seen)}); ${hintOfText(v.seen)}` : 'for the model takes numbers there'}`,
  ),
  GZIP_DAMAGED: job<{ file: string; reason: string }>((v) => `${v.file} is a damaged gzip file: ${v.reason}`),
  LINE_TOO_LONG: job<{ file: string; line: number; limit: number }>(
    (v) => `${v.file} line ${v.line} is longer than ${v.limit} bytes: wanted one row or one query a line`,
  ),
  LIBSVM_TOKEN: entry<Line & { seen: string; wanted: string; hint?: string | undefined }>(
    422,
    (v) => `${onLine(v)} has ${show(v.seen)}: wanted ${v.wanted}${v.hint ? ` (${v.hint})` : ''}`,
  ),
  QID_DECREASES: job<Line & { seen: string; before: string }>(
    (v) =>
      `${onLine(v)} has qid ${show(v.seen)} after qid ${show(v.before)}: wanted qids that do not decrease within a file`,
  ),
  QID_MISSING: job<Line>(
    (v) => `${onLine(v)} names no query: the objective ranks the rows of a query, so every row needs its qid`,
  ),
  WEIGHT_MISSING: job<Line & { other: boolean }>(
    (v) =>
      `${onLine(v)} has ${v.other ? 'no weight where rows before it have one' : 'a weight where rows before it have none'}: wanted one on every row or on none`,
  ),
  MATRIX_TOO_LARGE: job<Line & { index: number; rows: number; gigabytes: number; limit: number }>(
    (v) =>
      `${onLine(v)} has index ${v.index}, which makes a matrix of ${count(v.rows, 'row')} and ${v.index + 1} columns, ${v.gigabytes} GB: wanted at most ${v.limit} GB`,
  ),
  RECORD_DAMAGED: entry<{ file: string; record: number; reason: string }>(
    400,
    (v) => `${v.file} record ${v.record} is damaged: ${v.reason}`,
  ),
  RECORD_CONTENT: entry<{ file: string; record: number; where: string; seen: string; wanted: string }>(
    422,
    (v) => `${v.file} record ${v.record}: ${v.where} is ${v.seen}, wanted ${v.wanted}`,
  ),
  JSON_LINE_DAMAGED: job<{ file: string; line: number; reason: string }>(
    (v) => `${v.file} line ${v.line} cannot be read: ${v.reason}; wanted one JSON object a line`,
  ),
  JSON_CELL: job<Cell & { wanted: string }>((v) => `${at(v)} is ${v.seen}: wanted ${v.wanted}`),
  JSON_COLUMN_TWICE: job<{ file: string; line: number; column: string }>(
    (v) => `${v.file} line ${v.line} has the column ${show(v.column)} twice`,
  ),
  PARQUET_DAMAGED: job<{ file: string; reason: string }>(
    (v) => `${v.file} is not a whole Parquet file: ${v.reason}`,
  ),
  INFINITE_CELL: job<Cell>((v) => `${at(v)} is ${show(v.seen)}: wanted a finite number (float32)`),
  BAD_LABEL: job<Cell & { wanted: string }>((v) => `${at(v)} (the label) is ${value(v)}: wanted ${v.wanted}`),
  GROUP_EMPTY: job<Omit<Cell, 'seen'>>((v) => `${at(v)} (the group) is empty: every row needs its query`),
  BAD_WEIGHT: job<Cell & { wanted: string }>(
    (v) => `${at(v)} (the weight) is ${value(v)}: wanted ${v.wanted}`,
  ),
  BAD_POSITION: job<Cell & { wanted: string }>(
    (v) => `${at(v)} (the position) is ${value(v)}: wanted ${v.wanted}`,
  ),
  WEIGHTS_ZERO: job<{ file: string; column: string }>(
    (v) =>
      `${v.file} has no weight above 0 in its column ${show(v.column)}, so there is nothing to learn from`,
  ),

  // S3
  S3_ADDRESS: job<{ seen: string }>((v) => `${show(v.seen)} is not an S3 address: wanted s3://bucket/key`),
  S3_FAILED: job<{ address: string; reason: string }>((v) => `${v.address}: ${v.reason}`),
  UPLOAD_FAILED: job<{ reason: string; folder: string }>(
    (v) => `${v.reason}; the files to upload are kept in ${v.folder}`,
  ),

  // AWS
  BAD_CONFIG: job<{ where: string; reason: string }>((v) => `${v.where}: ${v.reason}`),
  AWS_FAILED: job<{
    call: string
    resource?: string | undefined
    reason: string
    fix?: string | undefined
    kind: string
  }>(
    (v) =>
      `${v.call}${v.resource ? ` of ${v.resource}` : ''}: ${v.reason.replace(/[.\s]+$/, '')}${v.fix ? ` (${v.fix})` : ''}`,
  ),
  AWS_SDK_MISSING: job<{ service: string; reason: string }>(
    (v) =>
      `the package of AWS's SDK for ${v.service} cannot be loaded: ${v.reason} (it is an optional dependency: install without --omit=optional)`,
  ),
  IMAGE_MISSING: job<{ image: string }>(
    (v) => `there is no image ${v.image}: ranker aws push builds and pushes it`,
  ),
  NAME_TAKEN: job<{ what: string; fix: string }>(
    (v) =>
      `${v.what} exists already and was not made by this tool (nothing on it says managed-by=two-stage-ranking): ${v.fix}`,
  ),
  ENDPOINT_ABSENT: job<{ name: string; region: string }>(
    (v) =>
      `there is no endpoint ${show(v.name)} in the region ${v.region}: ranker aws deploy makes one, --region names another region`,
  ),
  ENDPOINT_FAILED: job<{ name: string; status: string; reason: string }>(
    (v) => `endpoint ${show(v.name)} is ${v.status}: ${v.reason}`,
  ),
  SMOKE_FAILED: job<{ name: string; reason: string }>(
    (v) => `endpoint ${show(v.name)} does not answer its smoke query: ${v.reason}`,
  ),
  DEPLOYMENT_FAILED: job<{ reason: string; outcome: string }>((v) => `${v.reason}; ${v.outcome}`),
  NOTHING_BEFORE: job<{ name: string }>(
    (v) => `endpoint ${show(v.name)} has no known earlier configuration: wanted --to NAME`,
  ),
  NO_SUCH_VARIANT: job<{ name: string; seen: string; wanted: readonly string[] }>(
    (v) => `endpoint ${show(v.name)} has no variant ${show(v.seen)}: its variants are ${v.wanted.join(', ')}`,
  ),
  JOB_FAILED: job<{ what: string; status: string; reason: string }>(
    (v) => `${v.what} ended as ${v.status}: ${v.reason}`,
  ),
  WAIT_STOPPED: job<{ what: string }>(
    (v) => `stopped waiting for ${v.what}: AWS continues it, and the same command follows it again`,
  ),
  PLAN_STOPPED: job<{ what: string }>(
    (v) => `stopped before ${v.what}: what is done stays, and the same command continues from there`,
  ),
  NOT_CONFIRMED: job<{ what: string }>(
    (v) => `${v.what} needs confirmation: answer y at a terminal, or give --yes`,
  ),
  TOOL_FAILED: job<{ tool: string; reason: string }>((v) => `${v.tool}: ${v.reason}`),

  // XGBoost
  XGBOOST_NOT_FOUND: job<{ path: string }>(
    (v) =>
      `libxgboost was not found at ${v.path}: run npm run setup (npx ranker-setup where npm installed this package), or name the file in RANKER_XGBOOST_LIB`,
  ),
  XGBOOST_VERSION: job<{ seen: string; wanted: string; path: string }>(
    (v) => `libxgboost at ${v.path} is version ${v.seen}: wanted ${v.wanted}`,
  ),
  XGBOOST_FAILED: job<{ call: string; reason: string }>((v) => `XGBoost: ${v.reason} (${v.call})`),
  EXPORT_DIFFERS: job<{ row: number; seen: number; wanted: number; tolerance: number }>(
    (v) =>
      `the ONNX export gives ${v.seen} for golden row ${v.row} where XGBoost gives ${v.wanted}: wanted a difference of at most ${v.tolerance}; the model was not written`,
  ),
  WRITE_FAILED: job<{ path: string; reason: string }>(
    (v) => `cannot write ${v.path}: ${systemWords(v.reason)}`,
  ),
  TRAINING_DIED: job<{ reason: string }>((v) => `training ended unexpectedly: ${v.reason}`),
  TRAINING_KILLED: job<{ signal: string; memory?: string | undefined }>((v) =>
    v.memory === undefined
      ? `the training process crashed (${v.signal}): the end of its log may say more`
      : `the training process was killed (${v.signal}): ${v.memory}`,
  ),
  STOPPED: job(() => 'asked to stop before a first round was finished: there is no model'),
  STOP_TIMED_OUT: job<{ seconds: number }>(
    (v) =>
      `asked to stop, and training did not end within ${v.seconds} seconds: checkpoints keep the rounds that are finished`,
  ),

  // several hosts
  HOST_FAILED: job<{ host: string; reason: string }>((v) => `host ${v.host}: ${v.reason}`),
  HOSTS_ABSENT: job<{ hosts: readonly string[]; seconds: number }>(
    (v) =>
      `waited ${v.seconds} s for the host${v.hosts.length === 1 ? '' : 's'} ${v.hosts.join(', ')}: nothing came (RANKER_HOST_TIMEOUT sets the time)`,
  ),
  LEADER_ABSENT: job<{ host: string; port: number; seconds: number; reason: string }>(
    (v) =>
      `waited ${v.seconds} s for the leading host ${v.host} on port ${v.port}: ${v.reason} (RANKER_HOST_TIMEOUT sets the time)`,
  ),
  STOPPED_ALONE: job(() => 'asked to stop before all hosts were there: nothing was learnt yet'),
  HOSTS_DIFFER: job<{ host: string; other: string; what: string }>(
    (v) => `host ${v.host} was given different ${v.what} from host ${v.other}: wanted the same on all hosts`,
  ),
  MODELS_DIFFER: job<{ host: string; leader: string; seen: string; wanted: string }>(
    (v) =>
      `host ${v.host} trained a different model from the leading host ${v.leader}: its sha256 is ${v.seen}, wanted ${v.wanted}`,
  ),
  HOSTS_STALLED: job<{ seconds: number; reason: string }>(
    (v) =>
      `a host left the others, or kept them waiting for more than ${v.seconds} s (RANKER_HOST_TIMEOUT sets the time): ${v.reason}`,
  ),
  CHANNEL_WITHOUT_ROWS: job<{ channel: string; hosts: number }>(
    (v) => `channel ${show(v.channel)} has no row on any of the ${v.hosts} hosts`,
  ),
  FEWER_QUERIES_THAN_HOSTS: job<{ seen: number; hosts: number; grouped: boolean }>(
    (v) =>
      `channel "train" has ${v.seen === 1 ? `1 ${v.grouped ? 'query' : 'row'}` : `${v.seen} ${v.grouped ? 'queries' : 'rows'}`} for ${v.hosts} hosts: wanted at least one for each`,
  ),

  // artefacts
  MODEL_MISSING: entry<{ wanted: string }>(503, (v) => `no model found: wanted ${v.wanted}`),
  MODEL_UNSUPPORTED: entry<{ file: string; reason: string }>(
    503,
    (v) => `${v.file} cannot be used: ${v.reason}`,
  ),
  MODEL_DAMAGED: entry<{ file: string; reason: string }>(503, (v) => `${v.file} is damaged: ${v.reason}`),
  HASH_MISMATCH: entry<{ file: string; seen: string; wanted: string }>(
    503,
    (v) => `${v.file} was altered: its sha256 is ${v.seen}, the manifest says ${v.wanted}`,
  ),
  GOLDEN_MISMATCH: entry<{ row: number; seen: number; wanted: number }>(
    503,
    (v) => `the model gives ${v.seen} for golden row ${v.row}: the manifest says ${v.wanted}`,
  ),
  HOOK_INVALID: entry<{ file: string; reason: string }>(503, (v) => `${v.file} cannot be used: ${v.reason}`),

  // several models
  MODEL_LOADED_ALREADY: entry<{ name: string }>(409, (v) => `the model ${show(v.name)} is loaded already`),
  MODEL_NOT_LOADED: entry<{ name: string }>(404, (v) => `the model ${show(v.name)} is not loaded`),
  MODEL_FOLDER_MISSING: entry<{ url: string }>(404, (v) => `there is no folder ${show(v.url)}`),
  MODEL_URL_REFUSED: entry<{ url: string; reason: string }>(
    400,
    (v) => `the url ${show(v.url)} ${v.reason}: wanted a plain folder below the folder of models`,
  ),
  BAD_MODEL_REQUEST: entry<{ where: string; seen: unknown; wanted: string }>(
    400,
    (v) => `${v.where} is ${v.seen === undefined ? 'absent' : show(v.seen)}: wanted ${v.wanted}`,
  ),
  NO_MEMORY: entry<{ name: string; wanted: number; used: number; limit: number }>(
    507,
    (v) =>
      `no memory for the model ${show(v.name)}: ${v.used} MB of ${v.limit} MB are in use and it takes about ${v.wanted} MB`,
  ),

  // requests
  NOT_READY: entry<{ reason: string }>(503, (v) => `not ready: ${v.reason}`),
  DRAINING: entry(503, () => 'the server is shutting down'),
  NO_ROUTE: entry<{ method: string; path: string; known: readonly string[] }>(
    404,
    (v) => `there is no ${v.method} ${show(v.path)}: wanted ${v.known.join(' or ')}`,
  ),
  WRONG_METHOD: entry<{ method: string; path: string; allowed: readonly string[] }>(
    405,
    (v) => `${show(v.path)} does not answer ${v.method}: wanted ${v.allowed.join(' or ')}`,
  ),
  OVERLOADED: entry<{ limit: number }>(
    429,
    (v) => `${v.limit} requests are waiting for an answer, the most allowed at once: try again later`,
  ),
  BODIES_TOO_LARGE: entry<{ limit: number }>(
    429,
    (v) => `the bodies of all requests together are over the limit of ${v.limit} bytes: try again later`,
  ),
  REQUEST_UNREADABLE: entry<{ reason: string }>(400, (v) => `the request cannot be read: ${v.reason}`),
  BODY_EMPTY: entry(400, () => 'the body is empty: wanted at least one row or one query'),
  BODY_TOO_LARGE: entry<{ limit: number }>(
    413,
    (v) => `the body is larger than the limit of ${v.limit} bytes`,
  ),
  BODY_UNREADABLE: entry<{ reason: string }>(400, (v) => `the body cannot be read: ${v.reason}`),
  CONTENT_TYPE_UNSUPPORTED: entry<{ seen: string | undefined; known: readonly string[] }>(
    415,
    (v) =>
      `${v.seen === undefined ? 'the Content-Type is missing' : `the Content-Type ${show(v.seen)} is not supported`}: wanted ${v.known.join(' or ')}`,
  ),
  CONTENT_ENCODING_UNSUPPORTED: entry<{ seen: string }>(
    415,
    (v) => `the Content-Encoding ${show(v.seen)} is not supported: wanted the body as it is`,
  ),
  TRANSFER_ENCODING_UNSUPPORTED: entry<{ seen: string }>(
    415,
    (v) => `the Transfer-Encoding ${show(v.seen)} is not supported: wanted chunked alone`,
  ),
  CHARSET_UNSUPPORTED: entry<{ seen: string }>(
    415,
    (v) => `the charset ${show(v.seen)} is not supported: wanted utf-8`,
  ),
  NOT_ACCEPTABLE: entry<{ seen: string; known: readonly string[] }>(
    406,
    (v) => `nothing that Accept ${show(v.seen)} allows can be answered: wanted ${v.known.join(' or ')}`,
  ),
  WRONG_WIDTH: entry<{ row: number; seen: number; wanted: number }>(
    422,
    (v) => `row ${v.row} has ${count(v.seen, 'value')}: the model takes ${count(v.wanted, 'feature')}`,
  ),
  NOT_AS_HEADER: entry<{ row: number; seen: number; wanted: number }>(
    422,
    (v) => `row ${v.row} has ${count(v.seen, 'value')}: the header names ${count(v.wanted, 'column')}`,
  ),
  BAD_VALUE: entry<{
    row: number
    column: string
    seen: unknown
    wanted?: string | undefined
    hint?: string | undefined
  }>(
    422,
    (v) =>
      `row ${v.row}, column ${show(v.column)} is ${show(v.seen)}: wanted ${v.wanted ?? 'a finite number or a missing value'}${v.hint ? ` (${v.hint})` : ''}`,
  ),
  BAD_ITEM_VALUE: entry<
    InQuery & { item: unknown; column: string; seen: unknown; wanted?: string | undefined }
  >(
    422,
    (v) =>
      `${inQuery(v)}item ${show(v.item)}, column ${show(v.column)} is ${show(v.seen)}: wanted ${v.wanted ?? 'a finite number or null'}`,
  ),
  COLUMN_ABSENT: entry<InQuery & { columns: readonly string[] }>(
    422,
    (v) =>
      `${inQuery(v)}the column${v.columns.length === 1 ? '' : 's'} ${showList(v.columns)} that the model was trained on ${v.columns.length === 1 ? 'is' : 'are'} nowhere in the request (a missing value is null, or an empty cell)`,
  ),
  COLUMN_TWICE: entry<{ column: string }>(422, (v) => `the header names the column ${show(v.column)} twice`),
  BAD_REQUEST_SHAPE: entry<InQuery & { where: string; seen: unknown; wanted: string }>(
    422,
    (v) => `${inQuery(v)}${v.where} is ${v.seen === undefined ? 'absent' : show(v.seen)}: wanted ${v.wanted}`,
  ),
  BAD_COLUMN_TYPE: entry<{ column: string; seen: string }>(
    422,
    (v) => `the column ${show(v.column)} holds ${v.seen}: wanted numbers`,
  ),
  BAD_ARRAY: entry<{ seen: string; wanted: string }>(422, (v) => `the array ${v.seen}: wanted ${v.wanted}`),
  INDEX_PAST_WIDTH: entry<{ row: number; index: number; base: number; width: number }>(
    422,
    (v) =>
      `row ${v.row} has index ${v.index}: the model takes ${count(v.width, 'feature')}, indices ${v.base} to ${v.base + v.width - 1}`,
  ),
  TOO_MANY_CELLS: entry<{ rows: number; width: number; most: number }>(
    413,
    (v) =>
      `the body is ${count(v.rows, 'row')} of ${count(v.width, 'feature')}, missing ones included: wanted at most ${v.most} rows at once`,
  ),
  TOO_MANY_LINES: entry<{ most: number }>(
    413,
    (v) => `the body has more lines than ${v.most}: wanted fewer at once`,
  ),
  TOO_MANY_CONTRIBUTIONS: entry<{ width: number; most: number }>(
    413,
    (v) =>
      `contributions of ${count(v.width, 'feature')} were asked for on more than ${v.most} rows: wanted fewer at once`,
  ),
  ANSWER_TOO_LARGE: entry(
    413,
    () => 'the answer would be too large: wanted fewer rows at once, or less of each',
  ),
  WORK_TOO_LARGE: entry(
    413,
    () =>
      'this request ended the process for large requests, most likely for want of memory: wanted fewer rows at once',
  ),
  RULE_COLUMN_ABSENT: entry<{ rule: string; column: string }>(
    422,
    (v) => `the rule ${v.rule} needs the column ${show(v.column)}, which no item of the request has`,
  ),
  RULE_VALUE: entry<{ rule: string; column: string; item: unknown; seen: unknown; wanted: string }>(
    422,
    (v) =>
      `item ${show(v.item)}, column ${show(v.column)} of the rule ${v.rule} is ${show(v.seen)}: wanted ${v.wanted}`,
  ),
  EXPLAIN_UNAVAILABLE: entry<{ reason: string }>(
    422,
    (v) => `contributions are not available for this model: ${v.reason}`,
  ),
  /** The sentence is the hook's own; its error may carry another status. */
  HOOK_FAILED: entry<{ hook: string; reason: string }>(500, (v) => v.reason),
  HOOK_TIMEOUT: entry<{ seconds: number }>(
    500,
    (v) => `the model's hooks gave no answer within ${v.seconds} s (SAGEMAKER_MODEL_SERVER_TIMEOUT)`,
  ),
  PROCESS_ENDED: entry<{ how: string }>(
    500,
    (v) => `the process that worked on the request ${v.how}; another one replaces it`,
  ),
  NO_DEFAULT_MODEL: entry<{ hook: string }>(
    500,
    (v) => `the default ${v.hook} needs the model that the default modelFn loads, and none is loaded`,
  ),
  HOOK_RETURNED: entry<{ hook: string; seen: string; wanted: string }>(
    500,
    (v) => `${v.hook} returned ${v.seen}: wanted ${v.wanted}`,
  ),

  // retrieval
  ITEM_INVALID: job<{ where: string; seen: string; wanted: string }>(
    (v) => `${v.where} is ${v.seen}: wanted ${v.wanted}`,
  ),
  VECTOR_INVALID: job<{ where: string; seen: string; wanted: string }>(
    (v) => `the vector of ${v.where} has ${v.seen}: wanted ${v.wanted}`,
  ),
  QUERY_INVALID: job<{ where: string; seen: unknown; wanted: string }>(
    (v) => `${v.where} of the search is ${show(v.seen)}: wanted ${v.wanted}`,
  ),
  FILTER_UNKNOWN: job<{ field: string; known: readonly string[] }>(
    (v) =>
      `the search filters by the unknown field ${show(v.field)}: ${v.known.length === 0 ? 'the index has none' : `the index has ${showList(v.known)}`}`,
  ),
  INDEX_DAMAGED: job<{ file: string; reason: string }>((v) => `the index file ${v.file}: ${v.reason}`),
  SEARCH_FAILED: job<{ engine: string; reason: string }>((v) => `${v.engine}: ${v.reason}`),

  // the client of product services: why an answer is degraded
  ENDPOINT_LATE: job<{ milliseconds: number }>((v) => `no answer within ${v.milliseconds} ms`),
  ENDPOINT_UNREACHABLE: job<{ reason: string }>((v) => `the ranker cannot be reached: ${v.reason}`),
  ENDPOINT_REFUSED: job<{ status: number; reason: string }>(
    (v) => `the ranker answered ${v.status}: ${v.reason}`,
  ),
  ENDPOINT_ANSWER: job<{ reason: string }>((v) => `the ranker's answer is not a ranking: ${v.reason}`),
  ENDPOINT_RESTING: job<{ milliseconds: number }>(
    (v) => `the ranker failed too often: no request is sent to it for another ${v.milliseconds} ms`,
  ),
  PACKAGE_MISSING: job<{ name: string; what: string }>(
    (v) => `${v.what} needs the package ${v.name}, which is not installed: npm install ${v.name}`,
  ),
  INTERNAL: entry(500, () => 'an internal error occurred; the log holds its cause under this request id'),
} as const

export type ErrorCode = keyof typeof ERRORS
type ValuesOf<C extends ErrorCode> = Parameters<(typeof ERRORS)[C]['text']>[0]

interface RankerErrorOptions extends ErrorOptions {
  /** Where the error has another one than the table says. */
  readonly status?: number
  /** The sentence that was made where the error was thrown: it came from another process without its values. */
  readonly sentence?: string
}

/** An error from the table: `code` names it, `status` is the HTTP answer it becomes, `message` is its sentence. */
export class RankerError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'RankerError'
  readonly code: C
  readonly status: number
  /** The values of the sentence, for callers that handle the error by its parts. */
  readonly values: ValuesOf<C>

  constructor(code: C, values: ValuesOf<C>, options: RankerErrorOptions = {}) {
    const { status, text } = ERRORS[code] as Entry<ValuesOf<C>>
    super(options.sentence ?? text(values), options)
    this.code = code
    this.status = options.status ?? status
    this.values = values
  }
}

/** The reason inside anything thrown, as one line without a stack. */
export function reasonOf(thrown: unknown): string {
  try {
    const message = (thrown as { message?: unknown } | null | undefined)?.message
    const text = typeof message === 'string' ? message : String(thrown)
    return text.replaceAll(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' ').trim() || 'no reason was given'
  } catch {
    // An object without a prototype, or with a getter that throws: a hook may throw anything.
    return 'no reason was given'
  }
}
