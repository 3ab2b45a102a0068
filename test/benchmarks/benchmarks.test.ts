import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { runChild } from '../../benchmarks/child.ts'
import { figureRows } from '../../benchmarks/figures.ts'
import { drawGrowth } from '../../benchmarks/growth-plot.ts'
import type { LoadJob, LoadResult } from '../../benchmarks/http-load.ts'
import { LOAD } from '../../benchmarks/http-server.ts'
import { processMemory, processTree } from '../../benchmarks/proc.ts'
import { fillPage, type Result, resultsPage } from '../../benchmarks/results.ts'
import { ratio, withSpread } from '../../benchmarks/table.ts'
import { Stretches, threadTime } from '../../benchmarks/thread-time.ts'

const root = join(import.meta.dirname, '../..')
/** As `npm run bench` starts it, which keeps what Node has compiled. */
const bench = (...args: string[]) =>
  runChild(process.execPath, [join(root, 'scripts/launch.mjs'), 'benchmarks/main.ts', ...args])

t.test('the kernel’s benchmarks run, and tell what they saw', async (t) => {
  const text = (await bench('scorer', 'growth', '--quick')).join('\n')
  t.match(text, /^machine .*\nkernel .*\nversions .*node .*xgboost/m)
  t.match(text, /UTC, load [\d.]+/)
  t.match(text, /depth 3 +10 +20( +[\d.]+ ±\d+ %){3}( +[\d.]+){3}\n/)
  t.match(text, /scores that differ from XGBoost’s: 0 of 200/)
  t.match(text, /40 x 10( +[\d.]+){4}/)
})

t.test('what nobody could have meant is refused', async (t) => {
  await t.rejects(bench('scorer', '--quick', '--write'), /code 64[\s\S]*--write with --quick/)
})

const result = (name: string, value: number): Result => ({
  name,
  moment: '2026-11-24 15:00 UTC, load 1.00 2.00 3.00',
  figures: [
    { what: 'time', unit: 'ms', value, atMost: 3 },
    { what: 'ratio', unit: 'x', value, atLeast: 3 },
  ],
  lines: ['', `${name} took ${value}`, 'and so on', ''],
})

t.test('RESULTS.md keeps what was not measured again, of the same machine', async (t) => {
  const first = resultsPage('machine A', '', [result('scorer', 2.34567), result('http', 4)])
  t.match(first, '| time | at most 3 ms | 2.35 ms | met |\n| ratio | at least 3 x | 2.35 x | missed |\n')
  t.match(
    first,
    '## http\n\n2026-11-24 15:00 UTC, load 1.00 2.00 3.00.\n\n| figure | wanted | measured |  |\n',
  )
  const second = resultsPage('machine A', first, [result('scorer', 5)])
  t.match(second, '```text\nscorer took 5\nand so on\n```')
  t.match(second, 'http took 4')
  t.notMatch(second, '2.35')
  t.equal(resultsPage('machine A', second, []), second)
  t.notMatch(resultsPage('machine B', second, [result('scorer', 5)]), 'http')
})

t.test('a page shows what RESULTS.md has', async (t) => {
  const results = resultsPage('machine A', '', [result('scorer', 2)])
  const part = (of: string, text: string) => `<!-- results of ${of} -->\n${text}<!-- end -->\n`
  const page = ['all: head', 'scorer: figures', 'scorer: lines', 'http: figures'].map((of) =>
    part(of, 'old\n'),
  )
  const figures =
    '\n2026-11-24 15:00 UTC, load 1.00 2.00 3.00.\n\n| figure | wanted | measured |  |\n| --- | --- | --- | --- |\n' +
    '| time | at most 3 ms | 2 ms | met |\n| ratio | at least 3 x | 2 x | missed |\n\n'
  const filled = fillPage(page.join('text\n'), results)
  t.same(filled.split('text\n<!--').length, 4)
  t.match(filled, part('all: head', '\n```text\nmachine A\n```\n\n'))
  t.match(filled, part('scorer: figures', figures))
  t.match(filled, part('scorer: lines', '\n```text\nscorer took 2\nand so on\n```\n\n'))
  t.match(filled, part('http: figures', '\nNot measured yet.\n\n'))
  const [written, kept] = ['docs/performance.md', 'benchmarks/RESULTS.md'].map((file) =>
    readFileSync(join(root, file), 'utf8'),
  )
  t.equal(fillPage(written!, kept!), written, 'docs/performance.md: run npm run bench -- --write')
})

t.test('figures and medians', async (t) => {
  const none = { what: 'wrong', unit: 'of 10', atMost: 0 }
  t.same(figureRows([{ ...none, value: 0 }])[0], ['wrong', 'at most 0 of 10', '0 of 10', 'met'])
  t.equal(figureRows([{ ...none, value: 1 }])[0]![3], 'missed')
  t.equal(figureRows([{ ...none, value: Number.NaN }])[0]![3], 'missed')
  t.equal(withSpread([5, 1, 3, 4, 2, 6, 7]), '4.00 ±50 %')
  t.equal(withSpread([4]), '4.00')
  t.equal(withSpread([]), '-')
  t.equal(ratio([10, 30, 2], [1, 2, 1]), 10)
})

t.test('CPU time is the thread’s own', async (t) => {
  const before = threadTime()
  await sleep(200)
  t.ok(threadTime() - before < 100e6, 'it stands while the thread sleeps')
  const turns: number[] = []
  const stretches = new Stretches((turn) => turns.push(turn))
  await stretches.warmUp(1000)
  const { cpu, wall } = await stretches.run()
  t.ok(cpu > 0 && wall > 0)
  t.same(turns, [...turns.keys()], 'each call gets another turn')
})

t.test('memory and processes', async (t) => {
  const { pss, own, shared } = processMemory('self')
  t.ok(own > 1e6 && shared > 0 && pss >= own && pss <= own + shared)
  t.equal(processTree(process.pid)[0], process.pid)
})

t.test('a plot of growth is a picture by itself', async (t) => {
  const points = [10, 100, 1000].flatMap((x) =>
    (['kernel', 'onnxruntime', 'xgboost'] as const).map((engine, at) => ({ engine, x, y: x * (at + 1) })),
  )
  const svg = drawGrowth(points, { x: 'rows × trees', y: 'ms' })
  t.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
  t.equal(svg.match(/<circle/g)?.length, points.length)
  t.notMatch(svg, /NaN|undefined/)
})

t.test('load: every body in turn, and the first refusal ends it', async (t) => {
  const seen: string[] = []
  let status = 200
  const server = createServer((socket) => {
    let text = ''
    // The load goes away at the first refusal, while the rest of it is being sent.
    socket.on('error', () => {})
    socket.on('data', async (chunk) => {
      text += chunk
      const [, type, length, body] =
        /content-type: (.*)\r\ncontent-length: (\d+)\r\n\r\n(.*)$/s.exec(text) ?? []
      if (body?.length !== Number(length)) return
      text = ''
      seen.push(`${type} ${body}`)
      for (const piece of [`HTTP/1.1 ${status} OK\r\ncontent-`, 'Length: 5\r\n\r\n12', '345']) {
        socket.write(piece)
        await sleep(2)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const requests = join(t.testdir(), 'requests.json')
  const bodies = ['one', 'two', 'three'].map((text) => Buffer.from(text).toString('base64'))
  writeFileSync(requests, JSON.stringify({ contentType: 'text/x', bodies }))
  const load = async (more: Partial<LoadJob>): Promise<LoadResult> => {
    const { port } = server.address() as AddressInfo
    const job: LoadJob = { port, connections: 1, seconds: 0.2, requests, ...more }
    return JSON.parse((await runChild(process.execPath, [LOAD, JSON.stringify(job)])).at(-1)!)
  }
  const { requests: count, failure, p50, p99 } = await load({ seconds: 0.4 })
  t.equal(failure, undefined)
  t.ok(count > 0 && p50 > 0 && p99 >= p50)
  t.equal(seen.length, count)
  const turns = seen.map((_, turn) => `text/x ${['one', 'two', 'three'][turn % 3]}`)
  t.same(seen, turns)
  t.equal((await load({ rate: 20, connections: 2 })).requests, 4, 'as many as the rate has')
  status = 500
  t.match((await load({ connections: 2 })).failure, 'HTTP/1.1 500 OK')
  server.close()
})
