import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type ParquetWriteOptions, parquetWriteBuffer } from 'hyparquet-writer'
import type { Dataset } from '../../src/data/dataset/dataset.ts'

/** A row as it is written, with the number of its query for an id. */
interface JudgedRow {
  readonly label: number
  readonly qid: number
  /** NaN is missing. */
  readonly values: readonly number[]
}

export function judgedRows(data: Dataset): JudgedRow[] {
  const rows: JudgedRow[] = []
  for (const [qid, size] of data.groups!.sizes.entries()) {
    for (let item = 0; item < size; item++) {
      const row = rows.length
      rows.push({ label: data.labels[row]!, qid, values: [...data.matrix.view(row, row + 1)] })
    }
  }
  return rows
}

const cell = (value: number): string => (Number.isNaN(value) ? '' : String(value))

/** `label,qid,f0,…` without a header. */
export function toUnnamedCsv(data: Dataset): string {
  return judgedRows(data)
    .map(({ label, qid, values }) => `${[label, qid, ...values.map(cell)].join(',')}\n`)
    .join('')
}

export function toNumberedCsv(data: Dataset): string {
  return `label,qid,${data.featureNames.join(',')}\n${toUnnamedCsv(data)}`
}

export function toLibsvm(data: Dataset, indexBase = 0): string {
  return judgedRows(data)
    .map(({ label, qid, values }) => {
      const pairs = values.flatMap((value, index) =>
        Number.isNaN(value) ? [] : [`${index + indexBase}:${value}`],
      )
      return `${label} qid:${qid} ${pairs.join(' ')}\n`
    })
    .join('')
}

const columns = (data: Dataset, values: readonly number[]) =>
  Object.fromEntries(
    data.featureNames.map((name, feature) => [name, Number.isNaN(values[feature]) ? null : values[feature]]),
  )

/** A row a line; a missing value is null in even rows, absent in odd ones. */
export function toJsonLines(data: Dataset): string {
  return judgedRows(data)
    .map(({ label, qid, values }, row) => {
      const cells = Object.entries(columns(data, values)).filter(
        ([, value]) => value !== null || row % 2 === 0,
      )
      return `${JSON.stringify({ label, qid, ...Object.fromEntries(cells) })}\n`
    })
    .join('')
}

/** A query a line. */
export function toQueryLines(data: Dataset): string {
  const queries = Map.groupBy(judgedRows(data), ({ qid }) => qid)
  return [...queries]
    .map(([qid, rows]) => {
      const items = rows.map(({ label, values }, item) => ({
        id: `item-${item}`,
        label,
        ...columns(data, values),
      }))
      return `${JSON.stringify({ qid, items })}\n`
    })
    .join('')
}

/** @param types a Parquet type for each feature; doubles without. */
export function toParquet(data: Dataset, options: Partial<ParquetWriteOptions> = {}): Uint8Array {
  const rows = judgedRows(data)
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'label', data: rows.map(({ label }) => label), type: 'INT32' },
        { name: 'qid', data: rows.map(({ qid }) => BigInt(qid)), type: 'INT64' },
        ...data.featureNames.map((name, feature) => ({
          name,
          data: rows.map(({ values }) => (Number.isNaN(values[feature]) ? null : values[feature]!)),
          type: feature % 2 === 0 ? ('DOUBLE' as const) : ('FLOAT' as const),
        })),
      ],
      ...options,
    }),
  )
}

export type TensorKind = 'float32' | 'float64' | 'int32'
export interface TestTensor {
  readonly kind?: TensorKind
  readonly values: readonly number[]
  readonly keys?: readonly number[]
  readonly shape?: readonly number[]
}

const FIELDS: Readonly<Record<TensorKind, number>> = { float32: 2, float64: 3, int32: 7 }

function writeTensor({ kind = 'float32', values, keys, shape }: TestTensor): Uint8Array {
  const tensor = new BinaryWriter().tag(1, WireType.LengthDelimited).fork()
  for (const value of values) {
    if (kind === 'float32') tensor.float(value)
    else if (kind === 'float64') tensor.double(value)
    else tensor.int32(value)
  }
  tensor.join()
  for (const [field, numbers] of [
    [2, keys],
    [3, shape],
  ] as const) {
    if (!numbers) continue
    tensor.tag(field, WireType.LengthDelimited).fork()
    for (const number of numbers) tensor.uint64(number)
    tensor.join()
  }
  return new BinaryWriter().tag(FIELDS[kind], WireType.LengthDelimited).bytes(tensor.finish()).finish()
}

/** A Record of SageMaker's protobuf: tensors by key. */
export function writeRecord(
  features: Readonly<Record<string, TestTensor>>,
  label: Readonly<Record<string, TestTensor>>,
): Uint8Array {
  const record = new BinaryWriter()
  for (const [field, map] of [
    [1, features],
    [2, label],
  ] as const) {
    for (const [key, tensor] of Object.entries(map)) {
      record.tag(field, WireType.LengthDelimited).fork()
      record.tag(1, WireType.LengthDelimited).string(key)
      record.tag(2, WireType.LengthDelimited).bytes(writeTensor(tensor))
      record.join()
    }
  }
  return record.finish()
}

const MAGIC = 0xced7230a

/** Frames payloads as RecordIO does: a payload is cut wherever it holds the magic word in its own grid of four. */
export function frameRecords(payloads: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const bytes = Buffer.from(payload)
      const parts: Buffer[] = []
      let from = 0
      for (let at = 0; at + 4 <= bytes.length; at += 4) {
        if (bytes.readUInt32LE(at) !== MAGIC) continue
        parts.push(bytes.subarray(from, at))
        from = at + 4
      }
      parts.push(bytes.subarray(from))
      const flagOf = (part: number) =>
        parts.length === 1 ? 0 : part === 0 ? 1 : part === parts.length - 1 ? 3 : 2
      return parts.flatMap((part, index) => {
        const head = Buffer.alloc(8)
        head.writeUInt32LE(MAGIC, 0)
        head.writeUInt32LE(((flagOf(index) << 29) | part.length) >>> 0, 4)
        return [head, part, Buffer.alloc(-part.length & 3)]
      })
    }),
  )
}

/** Dense in even records, sparse in odd ones. */
export function toRecordIo(data: Dataset): Buffer {
  const width = data.featureNames.length
  return frameRecords(
    judgedRows(data).map(({ label, qid, values }, row) => {
      const keys = values.flatMap((value, index) => (Number.isNaN(value) ? [] : [index]))
      const sparse = {
        kind: 'float64' as const,
        values: keys.map((key) => values[key]!),
        keys,
        shape: [width],
      }
      return writeRecord(
        { values: row % 2 === 0 ? { values } : sparse },
        { values: { values: [label] }, qid: { kind: 'int32', values: [qid] } },
      )
    }),
  )
}
