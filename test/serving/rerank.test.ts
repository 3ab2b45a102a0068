import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { rulesSchema } from '../../src/rerank/rules.ts'
import { messagesOf } from '../helpers/http-page.ts'
import { manifestOf, modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/reranking.md'), 'utf8')

t.test('the examples of docs/reranking.md are answered as it says', async (t) => {
  const { invoke } = await startServer(t, modelFolder(t))
  const messages = messagesOf(page)
  t.ok(messages.length > 0 && messages.length % 2 === 0)
  for (let index = 0; index < messages.length; index += 2) {
    const [request, wanted] = [messages[index]!, messages[index + 1]!]
    const answer = await invoke(request.body, request.headers)
    t.equal(`HTTP/1.1 ${answer.statusCode}`, wanted.first)
    t.same(answer.json(), JSON.parse(wanted.body.toString()))
  }
  for (const name of Object.keys(rulesSchema.shape)) t.match(page, `| \`${name}\` |`)
})

const items = [
  { id: 1, price: 9, cost: 4, age: 1, retail_price: 10, brand: 'x' },
  { id: 2, price: 9, cost: 4, age: 1, retail_price: 40, brand: 'y' },
]
const ids = (answer: { json: () => { ranking: { id: unknown }[] } }) =>
  answer.json().ranking.map(({ id }) => id)

t.test('rules of the manifest hold for requests without their own', async (t) => {
  const rerank = rulesSchema.parse({ margin: { weight: 1 } })
  const { invoke, ping } = await startServer(t, modelFolder(t, {}, manifestOf({ rerank })))
  t.equal((await ping()).statusCode, 200)
  t.same(ids(await invoke({ items })), [2, 1])
  t.same(ids(await invoke({ items, context: { rerank: false } })), [1, 2])
  t.same(ids(await invoke({ items, context: { rerank: { margin: null } } })), [1, 2])
  const boosts = [{ column: 'brand', equals: 'x', factor: 100 }]
  t.same(ids(await invoke({ items, context: { rerank: { boosts } } })), [1, 2])

  const lines = await invoke(`${JSON.stringify({ items })}\n${JSON.stringify({ items: [{ id: 1 }] })}\n`, {
    'content-type': 'application/jsonlines',
  })
  const [first, second] = lines.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(first.ranking[0], { id: 2, worth: Number, moves: [{ rule: 'margin', from: 2, to: 1 }] })
  t.equal(second.error.code, 'COLUMN_ABSENT')
  t.equal((await invoke({ items }, { accept: 'text/csv' })).body, '2,1,1.5\n1,2,1.5\n')
  t.same((await invoke({ items, options: { output: ['score'] } })).json().ranking[0], { id: 2, score: 1.5 })
  t.same((await invoke('9,4,1\n')).body, '1.5\n', 'rows are no query')

  const lists = await invoke([{ items }, { items: [], context: { rerank: { caps: [] } } }])
  t.same(lists.json()[1].ranking, [])
})

t.test('an answer counts what a minimum of relevance left out', async (t) => {
  const { invoke } = await startServer(t, modelFolder(t))
  const three = [...items, { ...items[0]!, id: 3, price: 11, cost: 6 }]
  const ask = async (rerank: object, limit = 9) =>
    (await invoke({ items: three, limit, context: { rerank } })).json()
  const dropped = await ask({ minimum: { score: 0, drop: true } })
  t.match(dropped, { dropped: 1, ranking: { length: 2 } })
  t.equal((await ask({ minimum: { score: 0, drop: true } }, 1)).dropped, 1, 'whatever the limit')
  t.notOk('dropped' in (await ask({ minimum: { score: 0 } })))
})

t.test('what is wrong with the rules is said', async (t) => {
  const { invoke } = await startServer(t, modelFolder(t))
  const refusal = async (rerank: unknown) => (await invoke({ items, context: { rerank } })).json().error
  t.match(await refusal({ margin: { weight: 'much' } }), {
    code: 'BAD_REQUEST_SHAPE',
    message: 'context.rerank.margin.weight is "much": wanted a number from 0',
  })
  t.match(await refusal({ caps: [{ column: 'seler', most: 1 }] }), {
    code: 'RULE_COLUMN_ABSENT',
    message: 'the rule caps needs the column "seler", which no item of the request has',
  })
  const manifest = { ...manifestOf(), rerank: { margin: { weight: -1 } } } as never
  const { ping } = await startServer(t, modelFolder(t, {}, manifest)).catch(() => ({ ping: undefined }))
  if (ping) t.match((await ping()).body, /ranker\.json.*rerank\.margin\.weight/)
  else t.fail('a server starts, and tells what keeps it from being ready')
})

t.test('a seed of the server’s own is answered, and repeats the draw', async (t) => {
  const { invoke } = await startServer(t, modelFolder(t))
  const many = Array.from({ length: 30 }, (_, id) => ({ ...items[0], id }))
  const ask = (exploration: object) => invoke({ items: many, context: { rerank: { exploration } } })
  const rule = { kind: 'epsilon', epsilon: 0.9, rank: 3 }
  const first = (await ask(rule)).json()
  t.type(first.seed, 'number')
  const { seed, ranking } = (await ask({ ...rule, seed: first.seed })).json()
  t.equal(seed, undefined)
  t.same(ranking, first.ranking)
  t.match(ranking[2], { propensity: Number })
})
