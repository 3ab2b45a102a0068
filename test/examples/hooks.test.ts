import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

/** A server whose model has an example as its hooks, in the process where hooks run. */
const serve = (t: Test, example: string) => {
  const source = readFileSync(join(import.meta.dirname, '../../examples/hooks', example), 'utf8')
  return startServer(t, modelFolder(t, { 'code/inference.ts': source }))
}

t.test('relevance and margin in one order', async (t) => {
  const { invoke } = await serve(t, 'margin-blend.ts')
  // The model gives all of them 1.5; margins are 0.1, 0.9, and unknown.
  const features = { price: 9, age: 1 }
  const items = [
    { id: 'thin', ...features, cost: 4, retail_price: 40 / 9 },
    { id: 'fat', ...features, cost: 4, retail_price: 40 },
    { id: 'unknown', ...features, cost: 4 },
  ]
  const ranked = async (body: object) => (await invoke({ items, ...body })).json().ranking
  const scores = (ranking: { id: string; rank: number; score: number }[]) =>
    ranking.map(({ id, rank, score }) => [id, rank, Math.round(1000 * score) / 1000])
  t.same(scores(await ranked({})), [
    ['fat', 1, 1.95],
    ['thin', 2, 1.55],
    ['unknown', 3, 1.5],
  ])
  t.same(scores(await ranked({ limit: 1, context: { marginWeight: 2 } })), [['fat', 1, 3.3]])
  t.same(
    (await ranked({ context: { marginWeight: 0 } })).map(({ id }: { id: string }) => id),
    ['thin', 'fat', 'unknown'],
  )
  const refused = await invoke({ items, context: { marginWeight: 'much' } })
  t.match(refused, { statusCode: 422, body: /HOOK_FAILED.*marginWeight/ })
})

t.test('a content type of one’s own beside the known ones', async (t) => {
  const { invoke } = await serve(t, 'own-format.ts')
  const pairs = { 'content-type': 'text/x-pairs', accept: 'text/csv' }
  t.equal((await invoke('price=9; cost=4; age=1\ncost=6;price=11\n', pairs)).body, '1.5\n-0.25\n')
  t.equal((await invoke('9,4,1')).body, '1.5\n')
  t.match(await invoke('price=9;colour=4', pairs), { statusCode: 422, body: /line 1: .*colour=4/ })
})
