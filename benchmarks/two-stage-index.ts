// Builds an embedded index or searches in it, in a process of its own, so that its time and memory are known. Arguments:
// build or search, folder, items, dimensions, searches. Prints one line of JSON.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, memoryUsage, resourceUsage } from 'node:process'
import { quantile } from '../src/data/quantile.ts'
import { EmbeddedEngine } from '../src/retrieval/embedded-engine.ts'
import type { SearchQuery } from '../src/retrieval/engine.ts'
import { nearestAmong, unitVector } from '../src/retrieval/vectors.ts'
import { vectorItems, vectorSource } from './two-stage-vectors.ts'

const [mode, folder = '', ...numbers] = argv.slice(2)
const [items = 0, dimensions = 0, searches = 0] = numbers.map(Number)
const MOST_CHECKED = 100

const started = performance.now()
const engine = await EmbeddedEngine.open(folder)
if (mode === 'build') {
  const { seconds } = await engine.index(vectorItems(items, dimensions))
  console.log(
    JSON.stringify({ seconds, cpuSeconds: resourceUsage().userCPUTime / 1e6, rss: memoryUsage().rss }),
  )
} else {
  const openMs = performance.now() - started
  const next = vectorSource(dimensions, 3)
  const queries = Array.from({ length: searches }, next)
  await time({})
  const plain = await time({})
  const rss = memoryUsage().rss
  const filtered = await time({ filters: { number: { min: 0.95 * items } } })
  console.log(
    JSON.stringify({ openMs, plain, filtered, rss, recall: await recallOf(queries.slice(0, MOST_CHECKED)) }),
  )

  async function time(search: SearchQuery) {
    const taken = new Float64Array(searches)
    const before = process.cpuUsage()
    for (const [index, vector] of queries.entries()) {
      const from = performance.now()
      await engine.search({ ...search, vector })
      taken[index] = performance.now() - from
    }
    taken.sort()
    const { user, system } = process.cpuUsage(before)
    const cpu = (user + system) / 1000 / searches
    return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99), cpu }
  }
}

/** How many of the 100 nearest are found, against a look at every vector. */
async function recallOf(queries: readonly Float32Array[]): Promise<number> {
  const version = readdirSync(folder).find((name) => name.startsWith('v-'))!
  const { buffer } = new Uint8Array(readFileSync(join(folder, version, 'vectors.f32')))
  const vectors = new Float32Array(buffer)
  const all = Uint32Array.from({ length: items }, (_, position) => position)
  let found = 0
  for (const vector of queries) {
    const exact = nearestAmong(vectors, unitVector(vector, dimensions, 'a query'), all, 100)
    const ids = new Set(Array.from(exact.positions, String))
    found += (await engine.search({ vector })).filter(({ id }) => ids.has(id)).length
  }
  return found / 100 / queries.length
}
