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
}

/** What readers of tables with named columns write to. */
export interface TableSink {
  /** A file starts. @param file its name in errors. @param columns names of its cells, in order. */
  begin(file: string, columns: readonly string[]): void
  /** The next row of that file. */
  row(row: Row): void
}

/** The bytes of a file as they come; a chunk is valid until the next one is asked for. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>
