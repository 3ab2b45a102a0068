// Sends hostile bodies of every content type for as long as it is told, and reads and writes numbers for a quarter of that:
// `npm run fuzz -- --minutes 5`. What it finds it prints with the seed and the path that find it again, and the exit code
// is 1.
import { parseArgs } from 'node:util'
import t from 'tap'
import { BODIES, sendHostile } from '../helpers/hostile-bodies.ts'
import { explainableFolder } from '../helpers/model.ts'
import { tryNumbers } from '../helpers/number-campaign.ts'
import { startServer } from '../helpers/server.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } })
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error(`--minutes is ${values.minutes}: wanted a number above 0`)

/** Bodies of a type, before it is the next one's turn. */
const RUNS = 500

t.setTimeout(minutes * 75_000 + 60_000)

t.test('numbers are read and written as JavaScript does', async (t) => {
  const end = performance.now() + minutes * 15_000
  let tried = 0
  for (let seed = Date.now() % 1e9; performance.now() < end; seed++) {
    const { tried: some, wrong } = tryNumbers(seed, 10)
    tried += some
    if (wrong.length > 0) t.fail(`seed ${seed}: ${wrong.slice(0, 5).join('; ')}`)
  }
  t.ok(tried > 0, `${tried} numbers`)
})

t.test(`${minutes} minutes of hostile bodies`, async (t) => {
  const end = performance.now() + minutes * 60_000
  // Large bodies go through the process for them as well.
  const servers = [
    await startServer(t, explainableFolder(t)),
    await startServer(t, explainableFolder(t), { largeBytes: 50 }),
  ]
  const told = new Map<string, number>()
  for (let round = 0; performance.now() < end; round++) {
    for (const type of Object.keys(BODIES)) {
      const statuses = await sendHostile(servers[round % servers.length]!, type, { numRuns: RUNS })
      for (const [status, times] of statuses) {
        const key = `${type}: ${status}`
        told.set(key, (told.get(key) ?? 0) + times)
      }
      if (performance.now() >= end) break
    }
  }
  for (const [key, times] of [...told].sort()) t.comment(`${key} ${times} times`)
  for (const { ping } of servers) t.equal((await ping()).statusCode, 200)
  t.notOk('price' in {}, 'no prototype was touched')
})
