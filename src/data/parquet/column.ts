import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { convert, convertWithDictionary, DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js'
import { compressors as javascript } from 'hyparquet-compressors'

/** Node's own codecs where it has them. */
const compressors: Compressors = {
  ...javascript,
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
  ZSTD: (bytes) => zstdDecompressSync(bytes),
}

/**
 * Is given a page: its values, and if some are missing, a level for each row, above 0 if the row has the next value.
 */
export type OnPage = (
  values: DecodedArray,
  levels: readonly number[] | undefined,
  page: { readonly firstRow: number; readonly rows: number },
) => void

/** Where a column of a row group lies in its file, in bytes. */
export function columnRange({
  dictionary_page_offset: dictionary,
  data_page_offset: data,
  total_compressed_size: size,
}: ColumnMetaData): { start: number; end: number } {
  const start = Number(dictionary || data)
  return { start, end: start + Number(size) }
}

/**
 * Decodes the pages of a flat column that hold rows from `from` to `to` of its row group. hyparquet's reader of whole
 * columns makes nested lists of every kind of column, which takes most of its time and memory; this one ends where its
 * pages do.
 * @param schema the root of the file's schema and the column
 * @throws {Error} hyparquet's, about damaged pages.
 */
export function readFlatColumn(
  bytes: ArrayBuffer,
  column: ColumnMetaData,
  schema: readonly [SchemaTree, SchemaTree],
  { from, to }: { readonly from: number; readonly to: number },
  onPage: OnPage,
): void {
  const pages = new PageReader(bytes, column, schema)
  const rows = Number(column.num_values)
  for (let firstRow = 0; firstRow < to; ) {
    const page = pages.next()
    if (!page) return
    const { count } = page
    if (!(count >= 0 && firstRow + count <= rows)) throw new Error(`a page has ${count} of ${rows} rows`)
    if (firstRow + count > from) {
      const { values, definitions } = page.decode()
      onPage(values, definitions.length > 0 ? definitions : undefined, { firstRow, rows: count })
    }
    firstRow += count
  }
}

interface Page {
  /** Number of values in it, including missing ones. */
  readonly count: number
  /** The present values, and the levels of all; no levels if all are the same. */
  readonly decode: () => {
    readonly values: DecodedArray
    readonly definitions: readonly number[]
    readonly repetitions: readonly number[]
  }
}

/** Iterates over the pages of a column in a row group. */
export class PageReader {
  readonly #reader: { readonly view: DataView<ArrayBuffer>; offset: number }
  readonly #decoder
  #dictionary: DecodedArray | undefined

  /** @param schema the path from the root of the file's schema to the column, which comes last */
  constructor(bytes: ArrayBuffer, column: ColumnMetaData, schema: readonly SchemaTree[]) {
    this.#reader = { view: new DataView(bytes), offset: 0 }
    this.#decoder = {
      ...column,
      pathInSchema: column.path_in_schema,
      element: schema.at(-1)!.element,
      schemaPath: [...schema],
      parsers: DEFAULT_PARSERS,
      compressors,
    }
  }

  /** The next data page; undefined after the last one. @throws {Error} hyparquet's, about damaged pages. */
  next(): Page | undefined {
    const reader = this.#reader
    const decoder = this.#decoder
    while (reader.offset < reader.view.byteLength - 1) {
      const header = parquetHeader(reader)
      if (header.type === 'DICTIONARY_PAGE') {
        const { data } = readPage(reader, header, decoder, undefined, undefined, 0)
        this.#dictionary = data && convert(data, decoder)
        continue
      }
      const bytes = new Uint8Array(reader.view.buffer, reader.offset, header.compressed_page_size)
      reader.offset += header.compressed_page_size
      const { num_values: count, encoding } = dataHeader(header)
      const dictionary = this.#dictionary
      const decode = () => {
        const { definitionLevels, repetitionLevels, dataPage } =
          header.data_page_header === undefined
            ? readDataPageV2(bytes, header, decoder)
            : readDataPage(
                decompressPage(bytes, header.uncompressed_page_size, decoder.codec, compressors),
                header.data_page_header,
                decoder,
              )
        const values = convertWithDictionary(dataPage, dictionary, encoding, decoder)
        return { values, definitions: definitionLevels ?? [], repetitions: repetitionLevels ?? [] }
      }
      return { count, decode }
    }
    return undefined
  }
}

function dataHeader({ type, data_page_header: v1, data_page_header_v2: v2 }: PageHeader) {
  const header = type === 'DATA_PAGE' ? v1 : type === 'DATA_PAGE_V2' ? v2 : undefined
  if (!header) throw new Error(`a page is of the type ${type}, which holds no rows`)
  return header
}
