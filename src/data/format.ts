import { RankerError } from '../errors.ts'

/** The formats of judged rows. */
export type Format = 'csv' | 'libsvm' | 'parquet' | 'jsonlines' | 'recordio'

/** Content types in lower case; the bare words are those that AWS's own XGBoost container takes as well. */
const BY_CONTENT_TYPE: Readonly<Record<string, Format>> = {
  'text/csv': 'csv',
  'text/libsvm': 'libsvm',
  'text/x-libsvm': 'libsvm',
  'application/x-parquet': 'parquet',
  'application/jsonlines': 'jsonlines',
  'application/x-recordio-protobuf': 'recordio',
  csv: 'csv',
  libsvm: 'libsvm',
  parquet: 'parquet',
  'recordio-protobuf': 'recordio',
}

/** The content types that help and errors list. */
export const CONTENT_TYPES = Object.keys(BY_CONTENT_TYPE).filter((type) => type.includes('/'))

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  csv: 'csv',
  libsvm: 'libsvm',
  svm: 'libsvm',
  parquet: 'parquet',
  jsonl: 'jsonlines',
  ndjson: 'jsonlines',
  json: 'jsonlines',
  recordio: 'recordio',
  rec: 'recordio',
  pbr: 'recordio',
}

/** How people call each format. */
export const FORMAT_NAMES: Readonly<Record<Format, string>> = {
  csv: 'CSV',
  libsvm: 'libsvm',
  parquet: 'Parquet',
  jsonlines: 'JSON Lines',
  recordio: 'recordio-protobuf',
}

/** Formats with numbered columns: width and roles are known only once all rows were seen. */
export const isSparse = (format: Format): boolean => format === 'libsvm' || format === 'recordio'

/**
 * The format that a channel's content type declares; its parameters do not count.
 * @throws {RankerError} UNKNOWN_CONTENT_TYPE.
 */
export function declaredFormat(channel: string, contentType: string): Format {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  if (Object.hasOwn(BY_CONTENT_TYPE, type)) return BY_CONTENT_TYPE[type]!
  throw new RankerError('UNKNOWN_CONTENT_TYPE', { channel, seen: contentType, known: CONTENT_TYPES })
}

/**
 * The format that a file's name tells, with or without .gz at its end.
 * @returns undefined if it tells none; SageMaker's XGBoost takes such a file for libsvm.
 */
export function formatOfName(name: string): Format | undefined {
  const extension = /\.([a-z]+)(\.gz)?$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined
}
