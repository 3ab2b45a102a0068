import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { columnsOf } from '../../src/data/dataset/columns.ts'
import { batchesOf, groupRows } from '../../src/data/dataset/dataset.ts'
import { contiguousRows, RowBuffer } from '../../src/data/dataset/row-store.ts'
import { openSpillFile } from '../../src/storage/spill-file.ts'
import { judgedData } from '../helpers/judged-data.ts'

t.test('rows come back in any order, without columns, from memory and from disk', async (t) => {
  const folder = t.testdir({})
  const width = 300
  // Blocks hold 3,495 rows of this width: the store has whole blocks, a part of one, and runs across them.
  const rows = 9_000
  const value = (row: number, column: number) => row * 512 + column
  fc.assert(
    fc.property(
      fc.constantFrom(0, 6_000_000, Number.POSITIVE_INFINITY),
      fc.uniqueArray(fc.nat(width - 1), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      (bytes, some, queries, allColumns) => {
        const buffer = new RowBuffer(width, { bytes, openSpill: () => openSpillFile(folder) })
        for (let row = 0; row < rows; row++) {
          const { block, at } = buffer.extend()
          for (let column = 0; column < width; column++) block[at + column] = value(row, column)
        }
        const { order } = groupRows(
          Uint32Array.from({ length: rows }, (_, row) => ((row * queries) % 7) % queries),
          queries,
        )
        const columns = allColumns
          ? Array.from({ length: width }, (_, column) => column)
          : some.sort((a, b) => a - b)
        const store = buffer.finish(Int32Array.from(columns), order)
        try {
          t.equal(store.onDisk, bytes < rows * width * 4)
          for (const [from, to] of [
            [0, rows],
            [3_400, 3_600],
            [rows - 1, rows],
            [5, 5],
          ] as const) {
            const view = store.view(from, to)
            if (view.length !== (to - from) * columns.length) throw new Error(`${view.length} values`)
            for (let row = from; row < to; row += 1 + (row % 13)) {
              const written = order ? order[row]! : row
              for (const [at, column] of columns.entries()) {
                if (view[(row - from) * columns.length + at] !== value(written, column))
                  throw new Error(`row ${row}`)
              }
            }
          }
        } finally {
          store.close()
        }
      },
    ),
    { numRuns: 8 },
  )
  t.same(readdirSync(folder), [], 'nothing stays on disk')
})

t.test('a spill that cannot be written is said', async (t) => {
  t.throws(() => openSpillFile('/nowhere/at/all'), { code: 'WRITE_FAILED', message: /\/nowhere\/at\/all/ })
})

t.test('batches hold whole queries and miss nothing', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 20 }),
      (sizes, most) => {
        const rows = sizes.reduce((sum, size) => sum + size, 0)
        const groups = { ids: sizes.map(String), sizes: Uint32Array.from(sizes) }
        const batches = batchesOf({ rows, groups }, most)
        let [row, query] = [0, 0]
        for (const batch of batches) {
          t.same([batch.from, batch.firstQuery], [row, query])
          const size = sizes.slice(batch.firstQuery, batch.lastQuery).reduce((sum, one) => sum + one, 0)
          t.equal(batch.to - batch.from, size)
          t.ok(size <= most || batch.lastQuery === batch.firstQuery + 1)
          row = batch.to
          query = batch.lastQuery
        }
        t.same([row, query], [rows, sizes.length])
        t.same(batchesOf({ rows }, most).at(-1)?.to, rows)
      },
    ),
    { numRuns: 50 },
  )
})

t.test('columns', async (t) => {
  const data = judgedData({ queries: 5, width: 4 })
  const columns = [...columnsOf(data)]
  t.equal(columns.length, 4)
  t.same(
    columns[2],
    data.values.filter((_, at) => at % 4 === 2),
  )
  t.same(contiguousRows(data.values, 4).view(1, 2), data.values.subarray(4, 8))
})
