import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { seededRandom } from '../../src/data/random.ts'
import { RankerError } from '../../src/errors.ts'
import { probabilitiesOfGreatest } from '../../src/rerank/best-of.ts'
import type { Candidates } from '../../src/rerank/candidates.ts'
import { type Move, type RerankedItem, type RerankOptions, rerank } from '../../src/rerank/rerank.ts'
import { type Rules, rulesFor, rulesSchema } from '../../src/rerank/rules.ts'

type Item = Record<string, unknown>

/** Candidates called a, b, c, … with these scores and columns. */
function candidates(scores: number[], columns: Record<string, readonly unknown[]> = {}): Candidates {
  const items = scores.map((_, item) =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[item]])),
  )
  return { ids: scores.map((_, item) => String.fromCharCode(97 + item)), scores, items }
}

/** Rules as a request has them. */
const rulesOf = (rules: unknown): Rules => rulesSchema.parse(rules)

/** The ids of the answer, in order. */
function ids(given: Candidates, rules: unknown, options: Partial<RerankOptions> = {}): string {
  return rerank(given, rulesOf(rules), { seed: 1, ...options })
    .items.map(({ item }) => given.ids[item])
    .join('')
}

t.test('margin: weight 0 is relevance, 1 is expected margin', async (t) => {
  // Odds are 4, 2 and 1; margins 0.1, 0.4 and 0.5: expected margins 0.4, 0.8 and 0.5.
  const lots = candidates([Math.log(4), Math.log(2), 0], {
    retail_price: [100, 10, 200],
    cost: [90, 6, 100],
  })
  t.equal(ids(lots, { margin: { weight: 0 } }), 'abc')
  t.equal(ids(lots, { margin: { weight: 1 } }), 'bca')
  t.equal(ids(lots, { margin: { weight: 50 } }), 'cba')
  t.equal(ids(lots, { margin: { weight: 1, as: 'money' } }), 'cab', 'margins of 10, 4 and 100 in money')
  t.equal(
    ids({ ...lots, scores: [0.8, 0.4, 0.2] }, { margin: { weight: 1 } }, { probabilities: true }),
    'bca',
    'probabilities are odds as they are',
  )
  const unknown = candidates([0, 0, 0], { retail_price: [10, 10, null], cost: [9, 2, 1] })
  t.equal(ids(unknown, { margin: { weight: 1 } }), 'bca', 'an unknown margin is an average one')
  const loss = candidates([0, 0], { price: [10, 10], paid: [12, 9] })
  t.equal(ids(loss, { margin: { weight: 1, price: 'price', cost: 'paid' } }), 'ba')
})

t.test('an answer says which rule moved an item, and why', async (t) => {
  const lots = candidates([2, 1, 0], { retail_price: [10, 10, 10], cost: [9, 9, 1], brand: ['x', 'y', 'y'] })
  const rules = {
    margin: { weight: 1 },
    boosts: [{ column: 'brand', equals: 'x', factor: 100 }],
    pins: [{ id: 'b', rank: 1 }],
  }
  const answer = rerank(lots, rulesOf(rules), { seed: 1 }).items
  t.same(
    answer.map(({ item, moves }) => [lots.ids[item], moves]),
    [
      ['b', [{ rule: 'pins', from: 2, to: 1, because: 'pinned' }]],
      [
        'a',
        [
          { rule: 'pins', from: 1, to: 2, because: 'others moved past it' },
          { rule: 'margin', from: 2, to: 3, because: 'margin 10.0 % at weight 1' },
          { rule: 'boosts', from: 3, to: 2, because: 'brand is "x", which counts 100 times' },
        ],
      ],
      [
        'c',
        [
          { rule: 'margin', from: 3, to: 2, because: 'margin 90.0 % at weight 1' },
          { rule: 'boosts', from: 2, to: 3, because: 'others moved past it' },
        ],
      ],
    ],
  )
})

t.test('minimum: nothing lifts an item that is not relevant, and it may be left out', async (t) => {
  const lots = candidates([3, 2.5, -4], { retail_price: [10, 10, 10], cost: [9, 8, 1] })
  t.equal(ids(lots, { margin: { weight: 9 } }), 'cba')
  t.equal(ids(lots, { margin: { weight: 9 }, minimum: { score: 0 } }), 'bac')
  t.equal(ids(lots, { margin: { weight: 9 }, minimum: { belowBest: 0.4, score: 0, drop: true } }), 'a')
  t.equal(ids(lots, { minimum: { score: 0, drop: true }, pins: [{ id: 'c', rank: 2 }] }), 'acb', 'but a pin')
})

t.test('diversity by columns and by vectors', async (t) => {
  const lots = candidates([0, -0.1, -0.2, -3], {
    brand: ['x', 'x', 'y', null],
    vector: [
      [1, 0],
      [2, 0.01],
      [0, 5],
      [-1, 0],
    ],
  })
  t.equal(ids(lots, { diversity: { weight: 0, columns: ['brand'] } }), 'abcd')
  t.equal(ids(lots, { diversity: { weight: 0.5, columns: ['brand'] } }), 'acdb')
  t.equal(ids(lots, { diversity: { weight: 0.4, vector: 'vector' } }), 'acbd')
  t.equal(ids(lots, { diversity: { weight: 1, vector: 'vector' } }), 'acdb', 'unlike anything before all')
})

t.test('caps: so many of one value among the first, while there is another', async (t) => {
  const lots = candidates([6, 5, 4, 3, 2, 1], { seller: ['x', 'x', 'x', 'y', 'x', 'z'] })
  t.equal(ids(lots, { caps: [{ column: 'seller', most: 1, within: 3 }] }), 'adfbce')
  t.equal(ids(lots, { caps: [{ column: 'seller', most: 2, within: 4 }] }), 'abdfce')
  t.equal(ids(lots, { caps: [{ column: 'seller', most: 1, within: 6 }] }), 'adfbce', 'a full page')
  const pinned = { caps: [{ column: 'seller', most: 1, within: 3 }], pins: [{ id: 'c', rank: 3 }] }
  t.equal(ids(lots, pinned), 'dfcabe', 'what is pinned counts')
})

t.test('Thompson: an item gets the rank as often as it may be the best', async (t) => {
  t.same([...probabilitiesOfGreatest([7], [1])], [1])
  const even = probabilitiesOfGreatest([0, 0, 0, 0], [1, 1, 1, 1])
  for (const share of even) t.ok(Math.abs(share - 0.25) < 1e-9)
  // P(X₁ > X₂) = Φ(δ / √(σ₁² + σ₂²)), here Φ(0.5), a table's 0.69146.
  const [first] = probabilitiesOfGreatest([1, 0], [Math.sqrt(2), Math.sqrt(2)])
  t.ok(Math.abs(first! - 0.69146) < 0.001, `${first}`)
  const sharp = probabilitiesOfGreatest([1, 0, 0.5], [1e-6, 1, 1e-6])
  t.ok(Math.abs(sharp[1]! - 0.15866) < 0.01, `${sharp}`)
  t.ok(sharp[2]! < 1e-6)

  const lots = candidates([1, 0.9, 0.8, -9], { impressions: [1e6, 1e6, null, 1e6] })
  const rules = { exploration: { kind: 'thompson', spread: 1, rank: 1 } }
  const firsts = Array.from({ length: 2000 }, (_, seed) => ids(lots, rules, { seed })[0])
  const share = firsts.filter((id) => id === 'c').length / firsts.length
  // P(N(0.8, 1) > 1) = 1 − Φ(0.2) = 0.4207
  t.ok(Math.abs(share - 0.4207) < 0.04, `the new one gets it in ${share}`)
  t.ok(!firsts.includes('d') && !firsts.includes('b'))
})

t.test('epsilon: new items, now and then, by seed and candidates', async (t) => {
  const lots = candidates([5, 4, 3, 2, 1], { age_days: [1, 20, 30, 2, null] })
  const rules = { exploration: { kind: 'epsilon', epsilon: 0.5, rank: 2, column: 'age_days', most: 7 } }
  const drawn = Array.from({ length: 2000 }, (_, seed) => ids(lots, rules, { seed }))
  const share = (order: string) => drawn.filter((one) => one === order).length / drawn.length
  t.ok(Math.abs(share('abcde') - 0.5) < 0.05)
  t.ok(Math.abs(share('adbce') - 0.25) < 0.05)
  t.ok(Math.abs(share('aebcd') - 0.25) < 0.05)
  t.equal(share('abcde') + share('adbce') + share('aebcd'), 1)
  const own = { exploration: { ...rules.exploration, seed: 'visit 7' } }
  t.equal(
    ids(lots, own, { seed: 1 }),
    ids(lots, own, { seed: 2 }),
    'the seed of the rule is the one that counts',
  )
  const none = rerank(candidates([]), rulesOf({ exploration: { kind: 'epsilon', epsilon: 1 } }), {
    seed: 1,
  }).items
  t.same(none, [])
})

// Rules of every kind, over items with every column, some of it missing.
const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 4 })
const item = fc.record({
  score: fc.oneof(fc.integer({ min: -2, max: 2 }), finite(-5, 5)),
  seller: maybe(fc.constantFrom('x', 'y', 'z')),
  brand: maybe(fc.constantFrom('p', 'q')),
  impressions: maybe(fc.integer({ min: 0, max: 50 })),
  retail_price: maybe(finite(1, 100)),
  cost: maybe(finite(1, 100)),
  vector: maybe(fc.tuple(finite(-1, 1), finite(-1, 1))),
})
const cap = fc.record({
  column: fc.constantFrom('seller', 'brand'),
  most: fc.integer({ min: 1, max: 3 }),
  within: fc.integer({ min: 1, max: 12 }),
})
const explorations = fc.oneof(
  fc.record({
    kind: fc.constant('epsilon'),
    epsilon: finite(0, 1),
    rank: fc.integer({ min: 1, max: 8 }),
    column: fc.constant('impressions'),
    most: fc.constant(20),
  }),
  fc.record({ kind: fc.constant('thompson'), spread: finite(0.1, 5), rank: fc.integer({ min: 1, max: 8 }) }),
)
const anyRules = fc
  .record(
    {
      minimum: fc.record({ score: finite(-3, 3) }),
      margin: fc.record({ weight: finite(0, 2) }),
      boosts: fc.array(
        fc.record({
          column: fc.constant('brand'),
          equals: fc.constantFrom('p', 'q'),
          factor: finite(0.1, 10),
        }),
        { maxLength: 2 },
      ),
      diversity: fc.oneof(
        fc.record({ weight: finite(0, 1), columns: fc.constant(['seller', 'brand']) }),
        fc.record({ weight: finite(0, 1), vector: fc.constant('vector') }),
      ),
      caps: fc.array(cap, { minLength: 1, maxLength: 2 }),
      exploration: explorations,
      pins: fc.uniqueArray(
        fc.record({ id: fc.integer({ min: 0, max: 30 }), rank: fc.integer({ min: 1, max: 30 }) }),
        { maxLength: 3, comparator: (a, b) => a.id === b.id || a.rank === b.rank },
      ),
    },
    { requiredKeys: [] },
  )
  .map(rulesOf)
const anyQuery = fc.array(item, { maxLength: 25 }).map(
  (items): Candidates => ({
    ids: items.map((_, index) => index),
    scores: items.map(({ score }) => score),
    items: items as Item[],
  }),
)

/** Whether an item is pinned there: pins come before caps. */
const pinnedIds = (rules: Rules) => new Set((rules.pins ?? []).map(({ id }) => id))

t.test('properties of all rules together', async (t) => {
  fc.assert(
    fc.property(
      anyQuery,
      anyRules,
      fc.nat(),
      fc.integer({ min: 1, max: 25 }),
      (query, rules, seed, limit) => {
        const full = rerank(query, rules, { seed }).items
        const order = full.map((one) => one.item)

        // A permutation, the same for the same seed, and shorter answers are its beginning.
        fc.pre(query.items.length > 0)
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          [...query.items.keys()],
        )
        assert.deepEqual(rerank(query, rules, { seed }).items, full)
        assert.deepEqual(rerank(query, rules, { seed, limit }).items, full.slice(0, limit))

        // Moves lead from where the score puts an item to where it is.
        const byScore = rerank(query, rulesOf({}), { seed }).items.map((one) => one.item)
        for (const [rank, { item, moves }] of full.entries()) {
          const steps = [byScore.indexOf(item) + 1, ...moves.map(({ to }) => to)]
          assert.equal(steps.at(-1), rank + 1)
          for (const [index, { from }] of moves.entries()) assert.equal(from, steps[index])
        }

        // Pins are where they belong.
        const count = order.length
        const pins = (rules.pins ?? []).filter(({ id }) => (id as number) < count)
        if (pins.every(({ rank }) => rank <= count))
          for (const { id, rank } of pins) assert.equal(order[rank - 1], id)

        // What is below the minimum stands behind all others, but for pins.
        const least = rules.minimum?.score
        const pinned = pinnedIds(rules)
        if (least !== undefined) {
          const isBelow = order.filter((one) => !pinned.has(one)).map((one) => query.scores[one]! < least)
          assert.deepEqual(isBelow, [...isBelow].sort())
        }

        // A cap is passed only where every item that follows would pass a cap as well, or is not relevant.
        if (!rules.exploration) {
          for (const [rank, one] of order.entries()) {
            if (pinned.has(one) || (least !== undefined && query.scores[one]! < least)) continue
            const passes = (candidate: number) =>
              (rules.caps ?? []).some(({ column, most, within }) => {
                const value = query.items[candidate]![column]
                if (rank >= within || value === null) return false
                const others = order
                  .slice(0, within)
                  .filter(
                    (other, at) => query.items[other]![column] === value && (at < rank || pinned.has(other)),
                  )
                return others.length >= most
              })
            if (!passes(one)) continue
            const later = order
              .slice(rank + 1)
              .filter((other) => !pinned.has(other) && !(query.scores[other]! < (least ?? -Infinity)))
            assert.ok(later.every(passes), 'a cap is passed with room left')
          }
        }
      },
    ),
    { numRuns: 300 },
  )
  t.pass('held')
})

t.test('exploration keeps the caps that held without it', async (t) => {
  fc.assert(
    fc.property(
      anyQuery,
      explorations,
      fc.array(cap, { minLength: 1, maxLength: 2 }),
      fc.nat(),
      (query, exploration, caps, seed) => {
        fc.pre(query.items.length > 0)
        const most = (rules: unknown) => {
          const order = rerank(query, rulesOf(rules), { seed }).items.map((one) => one.item)
          return caps.map(({ column, within }) => {
            const counts = new Map<unknown, number>()
            for (const one of order.slice(0, within)) {
              const value = query.items[one]![column]
              if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1)
            }
            return Math.max(0, ...counts.values())
          })
        }
        const before = most({ caps })
        const after = most({ caps, exploration })
        for (const [index, one] of caps.entries())
          assert.ok(after[index]! <= Math.max(one.most, before[index]!), `${after} after ${before}`)
      },
    ),
    { numRuns: 200 },
  )
  t.pass('held')
})

t.test('propensities are how often an item stands at a rank', async (t) => {
  fc.assert(
    fc.property(anyQuery, explorations, (query, exploration) => {
      fc.pre(query.items.length > 0)
      // Over many seeds every outcome is seen: the propensities of one rank, one of each outcome, add up to 1.
      const count = query.items.length
      const cells = new Map<string, number>()
      for (let seed = 0; seed < 150; seed++) {
        for (const [rank, { item, propensity }] of rerank(query, rulesOf({ exploration }), {
          seed,
        }).items.entries()) {
          const cell = `${rank} ${item}`
          if (cells.has(cell))
            assert.ok(Math.abs(cells.get(cell)! - propensity!) < 1e-9, 'one propensity a cell')
          cells.set(cell, propensity!)
        }
      }
      const rows = new Float64Array(count)
      for (const [cell, propensity] of cells) rows[Number(cell.split(' ')[0])]! += propensity
      // What was not seen in 150 draws is rare.
      for (const sum of rows) assert.ok(sum <= 1 + 1e-9 && sum > 0.8, `${sum}`)
    }),
    { numRuns: 15 },
  )
  t.pass('held')
})

t.test('the greatest of normal variables, as often as drawing them says', async (t) => {
  const draws = 10_000
  const random = seededRandom(3)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const variable = fc.record({ mean: finite(-3, 3), deviation: fc.constantFrom(0.001, 0.05, 0.5, 1, 4) })
  fc.assert(
    fc.property(fc.array(variable, { minLength: 1, maxLength: 6 }), (variables) => {
      const shares = probabilitiesOfGreatest(
        variables.map(({ mean }) => mean),
        variables.map(({ deviation }) => deviation),
      )
      const counts = variables.map(() => 0)
      for (let draw = 0; draw < draws; draw++) {
        const values = variables.map(({ mean, deviation }) => mean + deviation * normal())
        counts[values.indexOf(Math.max(...values))]!++
      }
      for (const [index, share] of shares.entries()) {
        const seen = counts[index]! / draws
        const chance = 5 * Math.sqrt((share * (1 - share)) / draws)
        assert.ok(Math.abs(seen - share) < 0.004 + chance, `${share} of ${variables.length}, seen ${seen}`)
      }
    }),
    { numRuns: 30 },
  )
  t.pass('held')
})

t.test('propensities under caps, pins and a minimum are what many seeds give', async (t) => {
  const seeds = 800
  fc.assert(
    fc.property(
      fc.array(item, { minLength: 3, maxLength: 10 }),
      explorations,
      fc.array(cap, { maxLength: 1 }),
      (items, exploration, caps) => {
        const query = {
          ids: [...items.keys()],
          scores: items.map(({ score }) => score),
          items: items as Item[],
        }
        const pins = [{ id: 1, rank: 2 }]
        const rules = rulesOf({ exploration, caps, pins, minimum: { belowBest: 4 } })
        const seen = new Map<string, { count: number; propensity: number }>()
        for (let seed = 0; seed < seeds; seed++) {
          for (const [rank, { item, propensity }] of rerank(query, rules, { seed }).items.entries()) {
            const cell = seen.get(`${rank} ${item}`) ?? { count: 0, propensity: propensity! }
            cell.count++
            seen.set(`${rank} ${item}`, cell)
          }
        }
        for (const { count, propensity } of seen.values()) {
          assert.ok(propensity > 0 && propensity <= 1, `${propensity}`)
          const chance = 5 * Math.sqrt((propensity * (1 - propensity)) / seeds)
          assert.ok(
            Math.abs(count / seeds - propensity) < 0.005 + chance,
            `${propensity}, seen ${count / seeds}`,
          )
        }
      },
    ),
    // Each run ranks 800 times: to look for a smaller example would take longer than the file may.
    { numRuns: 5, endOnFailure: true },
  )
  t.pass('held')
})

/** Holds a sentence against the items themselves, and against the orders before and after the rule. */
function checkMove(query: Candidates, rules: Rules, one: RerankedItem, move: Move, orders: Orders): void {
  const values = query.items[one.item]!
  const { rule, because, from, to } = move
  if (because === 'others moved past it') {
    const passed = (other: number) =>
      orders.before.indexOf(other) < from - 1 !== orders.after.indexOf(other) < to - 1
    assert.ok(orders.before.some((other) => other !== one.item && passed(other)))
    return
  }
  switch (rule) {
    case 'minimum':
      assert.ok(rules.minimum?.drop && to < from && orders.after.length < orders.before.length)
      return
    case 'pins':
      assert.ok(rules.pins!.some(({ id }) => id === one.item))
      return
    case 'margin': {
      const { retail_price, cost } = values as { retail_price: number | null; cost: number | null }
      const share = retail_price === null || cost === null ? undefined : (retail_price - cost) / retail_price
      if (share === undefined) assert.equal(because, 'its margin is not known and counts as the average')
      else assert.ok(because.startsWith(`margin ${(100 * share).toFixed(1)} %`), because)
      assert.equal(because.includes('counted as 1.0 %'), share !== undefined && share < 0.01)
      return
    }
    case 'boosts':
      for (const part of because.split('; ')) {
        const [, value, factor] = /^brand is "(\w)", which counts (\S+) times$/.exec(part)!
        assert.equal(values.brand, value)
        assert.ok(rules.boosts!.some((boost) => boost.equals === value && boost.factor === Number(factor)))
      }
      return
    case 'diversity':
      assert.match(because, /^\d+ % like an item above it, by (vector|seller and brand)$/)
      if (rules.diversity!.columns) {
        const above = orders.after
          .slice(0, to - 1)
          .filter((other) => !rules.pins?.some(({ id }) => id === other))
        const like = (other: number) =>
          ['seller', 'brand'].filter(
            (name) => values[name] !== null && values[name] === query.items[other]![name],
          ).length / 2
        assert.equal(Number.parseInt(because, 10), 100 * Math.max(0, ...above.map(like)))
      }
      return
    case 'caps': {
      const [, most, column, value, within] = /^(\d+) of (\w+) "(\w)" stand among the first (\d+)$/.exec(
        because,
      )!
      assert.ok(to > from, 'a cap holds back')
      assert.equal(values[column!], value)
      const there = orders.after.slice(0, Number(within)).filter((at) => query.items[at]![column!] === value)
      assert.ok(there.length >= Number(most), because)
      return
    }
    case 'exploration':
      assert.ok(to < from)
      assert.equal(
        Number(/probability (\S+) to be seen/.exec(because)![1]),
        Number(one.propensity!.toPrecision(3)),
      )
  }
}

interface Orders {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

t.test('every sentence of why an item moved is true', async (t) => {
  const rulesWithDrop = fc.tuple(anyRules, fc.boolean()).map(([rules, drop]) => ({
    ...rules,
    ...(rules.minimum && { minimum: { ...rules.minimum, drop } }),
  }))
  const names = ['minimum', 'pins', 'margin', 'boosts', 'diversity', 'caps', 'exploration'] as const
  const told = new Map<string, number>()
  fc.assert(
    fc.property(anyQuery, rulesWithDrop, fc.nat(), (query, rules, seed) => {
      fc.pre(query.items.length > 0)
      const { items, dropped } = rerank(query, rules, { seed })
      assert.equal(items.length + dropped, query.items.length)
      // The order after each rule: where an item's last move until then led, else where its score put it.
      const start = rerank(query, rulesOf({}), { seed }).items.map((one) => one.item)
      const place = new Map(start.map((item, rank) => [item, rank + 1]))
      const orderNow = () => [...place.keys()].sort((a, b) => place.get(a)! - place.get(b)!)
      for (const name of names) {
        const before = orderNow()
        const moves = items.flatMap((one) =>
          one.moves.filter(({ rule }) => rule === name).map((move) => ({ one, move })),
        )
        if (name === 'minimum') {
          const kept = new Set(items.map((one) => one.item))
          for (const item of place.keys()) if (!kept.has(item)) place.delete(item)
        }
        for (const { one, move } of moves) place.set(one.item, move.to)
        const orders = { before, after: orderNow() }
        for (const { one, move } of moves) {
          checkMove(query, rules, one, move, orders)
          told.set(name, (told.get(name) ?? 0) + 1)
        }
      }
      assert.deepEqual(
        orderNow(),
        items.map((one) => one.item),
      )
    }),
    { numRuns: 300 },
  )
  for (const name of names) t.ok(told.get(name)! > 5, `${name}: ${told.get(name)} sentences`)
})

t.test('rules of a request go before those of the model', async (t) => {
  const model = rulesOf({ margin: { weight: 0.3 }, caps: [{ column: 'seller', most: 2 }] })
  t.equal(rulesFor(model, undefined), model)
  t.equal(rulesFor(model, false), undefined)
  t.equal(rulesFor(undefined, {}), undefined)
  t.match(rulesFor(model, { margin: { weight: 1 } }), {
    margin: { weight: 1 },
    caps: [{ most: 2, within: 10 }],
  })
  t.same(rulesFor(model, { margin: null }), { caps: model.caps })
  t.equal(rulesFor(model, { margin: null, caps: null }), undefined)
  const refused: [rules: unknown, message: RegExp][] = [
    [7, /context\.rerank is 7: wanted/],
    [
      { margins: {} },
      /context\.rerank\.margins is an object: wanted no such field, but any of minimum, margin/,
    ],
    [{ margin: {} }, /context\.rerank\.margin\.weight is absent: wanted a number from 0/],
    [{ margin: { weight: -1 } }, /context\.rerank\.margin\.weight is -1: wanted a number from 0/],
    [{ margin: { weight: 1, prize: 'x' } }, /context\.rerank\.margin\.prize is "x": wanted no such field/],
    [1, /context\.rerank is 1: wanted an object$/],
    [{ minimum: {} }, /context\.rerank\.minimum is an object: wanted score, belowBest or both/],
    [
      { diversity: { weight: 0.5 } },
      /context\.rerank\.diversity is an object: wanted either columns or vector/,
    ],
    [{ exploration: { kind: 'ucb' } }, /context\.rerank\.exploration.* wanted .*epsilon or thompson/],
    [{ caps: [{ column: 'x', most: 0 }] }, /context\.rerank\.caps\.0\.most is 0: wanted a count from 1/],
    [
      {
        pins: [
          { id: 1, rank: 1 },
          { id: 2, rank: 1 },
        ],
      },
      /pins is an array: wanted each rank once/,
    ],
    [
      {
        pins: [
          { id: 1, rank: 1 },
          { id: '1', rank: 2 },
        ],
      },
      /pins is an array: wanted each id once/,
    ],
    [JSON.parse('{"__proto__":{"x":1}}'), /__proto__/],
  ]
  for (const [rules, message] of refused)
    t.throws(() => rulesFor(model, rules), { code: 'BAD_REQUEST_SHAPE', status: 422, message }, `${message}`)
})

t.test('columns that a rule cannot use are refused by name', async (t) => {
  const refused: [rules: unknown, items: Item[], message: RegExp][] = [
    [{ margin: { weight: 1 } }, [{ cost: 1 }], /the rule margin needs the column "retail_price"/],
    [
      { margin: { weight: 1 } },
      [{ cost: 1, retail_price: '9' }],
      /item "a", column "retail_price" of the rule margin is "9": wanted a number/,
    ],
    [
      { caps: [{ column: 'seller', most: 1 }] },
      [{ seller: {} }],
      /column "seller" of the rule caps is an object/,
    ],
    [{ boosts: [{ column: 'toString', equals: 1, factor: 2 }] }, [{ x: 1 }], /needs the column "toString"/],
    [
      { diversity: { weight: 1, vector: 'v' } },
      [{ v: [1, 2] }, { v: [1] }],
      /item "b".* an array of 2 numbers/,
    ],
    [{ diversity: { weight: 1, vector: 'v' } }, [{ v: 7 }], /is 7: wanted an array of finite numbers/],
  ]
  for (const [rules, items, message] of refused) {
    const given = { ids: ['a', 'b'].slice(0, items.length), scores: items.map(() => 0), items }
    try {
      rerank(given, rulesOf(rules), { seed: 1 })
      t.fail(`${message} was not refused`)
    } catch (thrown) {
      t.ok(thrown instanceof RankerError && thrown.status === 422, String(thrown))
      t.match((thrown as Error).message, message)
    }
  }
})
