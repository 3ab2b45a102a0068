import type { LineUnit } from '../errors.ts'

/**
 * One row of a table while it is read. Readers use the same object for every row: it is valid until the next one.
 */
export interface Row {
  /** Where the row is, from 1: the line of a text file, the row of a binary one. */
  readonly line: number
  /** Cells in the row. */
  readonly count: number
  /** The cell as text; empty where it is missing. */
  text(cell: number): string
  /** The cell as a float32: NaN is missing, ±Infinity is anything that is no finite number. */
  number(cell: number): number
  /** In formats whose values have types: whether the cell is text, which it is whatever it spells. */
  isText?(cell: number): boolean
}

/**
 * One row of a format whose columns are numbered and mostly absent, as libsvm's. Readers use the same object for every
 * row: it is valid until the next one.
 */
export interface SparseRow {
  /** Where the row is, from 1, as {@link Row.line}. */
  readonly line: number
  /** The label as a float32: NaN is missing. */
  readonly label: number
  /** The query that the row belongs to; empty where the row names none. */
  readonly query: string
  /** NaN where the row has none. */
  readonly weight: number
  /** Cells that are present. */
  readonly count: number
  /** Zero-based columns of those cells, in any order, none twice; only the first `count` are the row's. */
  readonly indices: Uint32Array
  /** Their values, finite float32 or NaN. */
  readonly values: Float32Array
  /** Columns that the row speaks of: more than its largest index. */
  readonly width: number
}

/** What readers of numbered columns write to. */
export interface SparseSink {
  /** A file starts. @param unit what its rows are counted in. */
  begin(file: string, unit: LineUnit): void
  /** The next row of that file. */
  row(row: SparseRow): void
}

/** What readers of tables with named columns write to. */
export interface TableSink {
  /**
   * A file starts.
   * @param file its name in errors
   * @param columns names of its cells, in order
   * @param unit what {@link Row.line} counts, lines where it is not given
   */
  begin(file: string, columns: readonly string[], unit?: LineUnit): void
  /** The next row of that file. */
  row(row: Row): void
}

/** What takes the columns of a table's rows that are no label, query or weight, where these are not just numbers. */
export interface ColumnSink {
  /** A file starts. @param roles its columns that are for something else as well, so that they are not unused. */
  begin(file: string, columns: readonly string[], unit: LineUnit, roles: ReadonlySet<string>): void
  /** The next row of that file. @param query the number of its query, by first appearance. */
  row(row: Row, query: number): void
}

/** The bytes of a file as they come; a chunk is valid until the next one is asked for. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>
