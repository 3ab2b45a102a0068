import { columnFromArray, float64, tableFromColumns, tableToIPC } from '@uwdata/flechette'
import fc from 'fast-check'
import t from 'tap'
import { CONTENT_TYPES } from '../../src/serving/input-fn.ts'
import { BODIES, npyOf, type Request, record, sendHostile } from '../helpers/hostile-bodies.ts'
import { frameRecords } from '../helpers/judged-formats.ts'
import { explainableFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

t.test('no body breaks the server, tells what it is made of, or changes what comes after', async (t) => {
  const types = Object.keys(BODIES).map((type) => type.split(';')[0])
  t.same([...new Set(types)], CONTENT_TYPES)
  const server = await startServer(t, explainableFolder(t))
  for (const type of Object.keys(BODIES)) {
    const statuses = await sendHostile(server, type, { numRuns: 120 })
    const told = [...statuses].map(([status, times]) => `${times} times ${status}`).join(', ')
    t.ok(statuses.size >= 2, `${type}: ${told}`)
  }
  t.equal((await server.ping()).statusCode, 200)
  t.notOk('price' in {}, 'no prototype was touched')
})

t.test('rows go in by every type and come out the same', async (t) => {
  const { invoke } = await startServer(t, explainableFolder(t))
  const cell = fc.oneof(
    fc.float({ noDefaultInfinity: true }),
    fc.integer({ min: -20, max: 20 }),
    fc.constant(Number.NaN),
  )
  const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 20 })
  const orNull = (value: number) => (Number.isNaN(value) ? null : value)
  const text = (value: number) => (Object.is(value, -0) ? '-0' : String(value))
  await fc.assert(
    fc.asyncProperty(rows, async (sent) => {
      const column = (feature: number) =>
        columnFromArray(
          sent.map((row) => orNull(row[feature]!)),
          float64(),
        )
      const bodies: Request[] = [
        {
          type: 'text/csv',
          body: Buffer.from(
            sent.map((row) => `${row.map((value) => (Number.isNaN(value) ? '' : text(value)))}\n`).join(''),
          ),
        },
        {
          type: 'text/libsvm',
          body: Buffer.from(
            sent
              .map(
                (row) =>
                  `${row.flatMap((value, at) => (Number.isNaN(value) ? [] : [`${at}:${text(value)}`])).join(' ')}\n`,
              )
              .join(''),
          ),
        },
        {
          type: 'application/json',
          body: Buffer.from(
            JSON.stringify({ instances: sent.map((row) => ({ features: row.map(orNull) })) }),
          ),
        },
        {
          type: 'application/jsonlines',
          body: Buffer.from(sent.map((row) => `${JSON.stringify({ features: row.map(orNull) })}\n`).join('')),
        },
        { type: 'application/x-recordio-protobuf', body: frameRecords(sent.map((row) => record([...row]))) },
        { type: 'application/x-npy', body: npyOf(sent.flat(), `(${sent.length}, 3)`) },
        {
          type: 'application/vnd.apache.arrow.stream',
          body: Buffer.from(
            tableToIPC(tableFromColumns({ price: column(0), cost: column(1), age: column(2) }), {
              format: 'stream',
            })!,
          ),
        },
      ]
      const answers = await Promise.all(
        bodies.map(
          async ({ type, body }) =>
            (await invoke(body, { 'content-type': type, accept: 'application/jsonlines' })).payload,
        ),
      )
      for (const [index, answer] of answers.entries()) {
        if (answer !== answers[0]) throw new Error(`${bodies[index]!.type}: ${answer}, wanted ${answers[0]}`)
      }
    }),
    { numRuns: 60 },
  )
  t.pass()
})
