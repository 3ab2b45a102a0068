import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { convert, convertWithDictionary, DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js'
import { compressors as javascript } from 'hyparquet-compressors'

/** Node's own where it has one. */
const compressors: Compressors = {
  ...javascript,
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
  ZSTD: (bytes) => zstdDecompressSync(bytes),
}

/**
 * Told of a page: its values, and where some are missing, for each row whether it has the next one of them (a level
 * above 0).
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
  const decoder = {
    ...column,
    pathInSchema: column.path_in_schema,
    element: schema[1].element,
    schemaPath: [...schema],
    parsers: DEFAULT_PARSERS,
    compressors,
  }
  const rows = Number(column.num_values)
  const reader = { view: new DataView(bytes), offset: 0 }
  let dictionary: DecodedArray | undefined
  for (let firstRow = 0; firstRow < to && reader.offset < bytes.byteLength - 1; ) {
    const header = parquetHeader(reader)
    if (header.type === 'DICTIONARY_PAGE') {
      const { data } = readPage(reader, header, decoder, undefined, undefined, 0)
      dictionary = data && convert(data, decoder)
      continue
    }
    const page = new Uint8Array(bytes, reader.offset, header.compressed_page_size)
    reader.offset += header.compressed_page_size
    const { num_values: count, encoding } = dataHeader(header)
    if (!(count >= 0 && firstRow + count <= rows)) throw new Error(`a page has ${count} of ${rows} rows`)
    if (firstRow + count > from) {
      const { definitionLevels, dataPage } =
        header.data_page_header === undefined
          ? readDataPageV2(page, header, decoder)
          : readDataPage(
              decompressPage(page, header.uncompressed_page_size, column.codec, compressors),
              header.data_page_header,
              decoder,
            )
      const levels = definitionLevels && definitionLevels.length > 0 ? definitionLevels : undefined
      onPage(convertWithDictionary(dataPage, dictionary, encoding, decoder), levels, {
        firstRow,
        rows: count,
      })
    }
    firstRow += count
  }
}

function dataHeader({ type, data_page_header: v1, data_page_header_v2: v2 }: PageHeader) {
  const header = type === 'DATA_PAGE' ? v1 : type === 'DATA_PAGE_V2' ? v2 : undefined
  if (!header) throw new Error(`a page is of the type ${type}, which holds no rows`)
  return header
}
