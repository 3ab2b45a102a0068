import fc from 'fast-check'
import t from 'tap'
import { hashText } from '../../src/data/hash.ts'
import { RankerError } from '../../src/errors.ts'
import { canonicalCategory, parseDate, parseVector, vectorText } from '../../src/features/cells.ts'
import { compileExpression } from '../../src/features/expression.ts'
import { groupMeasures } from '../../src/features/group.ts'
import { FeaturePipeline } from '../../src/features/pipeline.ts'
import { planFeatures } from '../../src/features/plan.ts'
import { QueryText } from '../../src/features/query-text.ts'
import { transformItems } from '../../src/features/request-items.ts'
import { parseSpec } from '../../src/features/spec-text.ts'
import { addSeen, learnFrom, type Seen } from '../../src/features/statistics.ts'
import { tokenize, withoutPlural } from '../../src/features/tokens.ts'
import { QueryTrigrams, trigramsOf } from '../../src/features/trigrams.ts'

const faultOf = (work: () => unknown): string => {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof RankerError || thrown instanceof Error) return thrown.message
  }
  return 'nothing was thrown'
}

t.test('a spec is read from YAML and JSON alike, with its defaults', async (t) => {
  const yaml = 'features:\n  - price\n  - kind: text\n    column: title\n    measures: [bm25]\n'
  const json = '{"$schema":"x","features":["price",{"kind":"text","column":"title","measures":["bm25"]}]}'
  t.same(parseSpec(yaml, 'a.yaml'), parseSpec(json, 'a.json'))
  t.same(parseSpec(yaml, 'a.yaml').features, [
    { kind: 'numeric', column: 'price' },
    { kind: 'text', column: 'title', against: 'query.text', measures: ['bm25'], plurals: false },
  ])
})

t.test('a fault is told with its place in the spec', async (t) => {
  const features = (...list: unknown[]) => JSON.stringify({ features: list })
  const derived = (expr: unknown) => features('price', { kind: 'derived', name: 'd', expr })
  for (const [text, sentence] of [
    ['features: [', /^f\.yaml: the spec is neither YAML nor JSON: .* at line 1, column 12$/],
    ['[]', /^f\.yaml: the spec has no features: wanted an object with a list of them$/],
    [features(), /features is a list of 0: wanted at least one feature/],
    [features('a', 7), /features\[1\] is 7: wanted a column, or an object with a kind: numeric, derived/],
    [features({ kind: 'nmeric' }), /features\[0\]\.kind is "nmeric": wanted .*numeric/],
    [
      features({ kind: 'numeric', column: 'a', colum: 1 }),
      /features\[0\] has the unknown key "colum": wanted kind, name, column/,
    ],
    [
      features({ kind: 'categorical', column: 'a', max: 0 }),
      /features\[0\]\.max is 0: wanted a whole number from 1/,
    ],
    [features({ kind: 'text', column: 'a' }), /features\[0\] is an object: wanted measures, hash or both/],
    [
      features({ kind: 'text', column: 'a', measures: ['bm25', 'bm26'] }),
      /features\[0\]\.measures\[1\] is "bm26": wanted a list of shared, coverage, bm25/,
    ],
    ['features: [a]\nfeatures: [b]', /Map keys must be unique at line 2, column 1/],
    ['extra: 1\nfeatures: [a]', /f\.yaml: the spec has the unknown key "extra"/],
    [derived('price *'), /features\[1\]\.expr is "price \*": Expected expression after \* at character 8/],
    [derived('eval(price)'), /features\[1\]\.expr .* there is no function eval: wanted abs, pow/],
    [derived('price.constructor'), /only item and query have columns/],
    [derived('log(1, 2)'), /log has 2 values: wanted 1/],
    [derived('price == "x"'), /"x" is no number/],
    [derived('price ** 2'), /Expected expression|no operator \*\*/],
    [derived(`${'('.repeat(900)}1`), /Unclosed \(|nested too deeply|Expected/],
    [features('a', 'a'), /features\[1\] is called "a", as features\[0\] is/],
    [
      features({ kind: 'text', column: [], measures: ['bm25'] }),
      /column is a list of 0: wanted a column, or a list of 1/,
    ],
    [
      features({ kind: 'embedding', column: 'v', measures: ['dot'] }),
      /\.measures is a list of 1: wanted none without against/,
    ],
    [features({ kind: 'prior', name: 'r', columns: ['a', 'a'] }), /\.columns is a list of 2: .* each once/],
    [
      features({ kind: 'group', of: 'query.x', measures: ['rank'] }),
      /features\[0\]\.of is "query\.x", a column of the query/,
    ],
    [
      features({ kind: 'position', column: 'query.p' }),
      /features\[0\]\.column is "query\.p", a column of the query/,
    ],
    [features('item.query.x'), /features\[0\] names the column "item\.query\.x" of the items/],
    [features('query.'), /features\[0\] names the column "query\.": wanted a name behind the point/],
    [derived('price / 1e999'), /a number in it is too large/],
    [features('id'), /features\[0\] names the column id, which names an item in requests/],
    [
      features({ kind: 'categorical', column: 'c' }, { kind: 'group', of: 'c', measures: ['rank'] }),
      /features\[1\]\.of names the feature "c", which is categorical: wanted one of a single number, or item\.c/,
    ],
  ] as const) {
    t.match(
      faultOf(() => planFeatures(parseSpec(text, 'f.yaml'), 'f.yaml')),
      sentence,
      text,
    )
  }
})

t.test('expressions', async (t) => {
  const columns: Record<string, number> = { a: 3, b: 4, none: Number.NaN, 'item.a b': 5, 'query.q': 7 }
  const value = (text: string) => {
    const { references, evaluate } = compileExpression(text)
    const values = evaluate(2, (reference) => Float32Array.of(columns[references[reference]!]!, 1))
    return typeof values === 'number' ? values : values[0]
  }
  for (const [text, wanted] of [
    ['1 + 2 * 3 - 4 / 2', 5],
    ['-(a - b) % 3', 1],
    ['item["a b"] * query.q', 35],
    ['a < b && !(a >= b)', 1],
    ['a == 3 || none', Number.NaN],
    ['none < 1 ? 1 : 2', Number.NaN],
    ['missing(none) ? a : b', 3],
    ['coalesce(none, none, b)', 4],
    ['clip(a * 100, 0, 50)', 50],
    ['min(a, b, 9) + max(a, b)', 7],
    ['ratio(a, 0)', Number.POSITIVE_INFINITY],
    ['pow(a, 2) + sqrt(b) + abs(-1) + round(2.5) + floor(1.9) + ceil(0.1)', 17],
    ['log1p(0) + exp(0) + log10(100) + log(1)', 3],
    ['a != b', 1],
    ['min(none, 1)', Number.NaN],
  ] as const) {
    t.ok(Object.is(value(text), wanted), `${text} is ${value(text)}`)
  }
  // A column may be named as anything is, and is then no more than a column.
  t.same(compileExpression('constructor + __proto__ + toString').references, [
    'constructor',
    '__proto__',
    'toString',
  ])
})

t.test('words of any script', async (t) => {
  t.same(tokenize("Hello, WORLD! 3.5GHz don't ﬁne"), ['hello', 'world', '3', '5ghz', 'don', 't', 'fine'])
  t.same(tokenize('東京タワー naïve Ärger'), ['東', '京', 'タ', 'ワ', 'ー', 'naïve', 'ärger'])
  t.same(tokenize(''), [])
  t.same(['tables', 'glass', 'gas', 'buses', 's'].map(withoutPlural), ['table', 'glass', 'gas', 'buse', 's'])
  t.equal(hashText('oak'), 1103094841, 'models keep their buckets')
})

t.test('ASCII is looked through by code, and other text by word, with the same result', async (t) => {
  const part = fc.constantFrom(
    'oak',
    'Table',
    'x',
    'oa',
    'oaks',
    'glass',
    'gas',
    's',
    ' ',
    '-',
    ', ',
    '9',
    "'",
    '\t',
    'K',
    'k9',
  )
  const ascii = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ maxLength: 9 }),
  )
  fc.assert(
    fc.property(ascii, ascii, (wanted, text) => {
      const query = new QueryText(wanted)
      const trigrams = new QueryTrigrams(wanted)
      const match = query.match(text)
      const tokens = tokenize(text)
      const counts = query.words.map((word) => tokens.filter((token) => token === word).length)
      const sequence = tokenize(wanted)
      const starts = tokens.map((_, at) => at)
      const phrase =
        sequence.length > 0 && starts.some((at) => sequence.every((word, next) => tokens[at + next] === word))
      const first = tokens.findIndex((token) => query.words.includes(token))
      t.same(
        [[...match.counts], match.length, match.first, match.phrase],
        [counts, tokens.length, first, phrase],
      )
      const [a, b] = [trigramsOf(sequence), trigramsOf(tokens)]
      const shared = a.intersection(b).size
      t.equal(trigrams.jaccard(text), a.size + b.size === 0 ? 0 : shared / (a.size + b.size - shared))
      // The same words in full width take the other way.
      const wide = text.replaceAll(/[a-z]/g, (letter) =>
        String.fromCodePoint(letter.codePointAt(0)! + 0xfee0),
      )
      t.equal(trigrams.jaccard(wide), trigrams.jaccard(text))
      t.equal(query.match(wide).phrase, phrase)
      const singular = new QueryText(wanted, true)
      const without = (words: string[]) => words.map(withoutPlural)
      t.same(singular.words, [...new Set(without(sequence))])
      const plain = singular.words.map((word) => without(tokens).filter((token) => token === word).length)
      t.same([...singular.match(text).counts], plain)
      t.same([...singular.match(wide).counts], plain)
    }),
    { numRuns: 300 },
  )
})

t.test('where a row stands among those of its query', async (t) => {
  const measures = ['rank', 'percentile', 'zscore', 'minmax', 'from_best', 'from_median'] as const
  const of = (values: number[], sizes: number[], best: 'highest' | 'lowest' = 'highest') =>
    groupMeasures(Float32Array.from(values), sizes, measures, best).map((one) => [...one])
  const none = Number.NaN
  t.same(of([1, 3, none, 3, 5, 7], [5, 1]), [
    [4, 2.5, none, 2.5, 1, 1],
    [0, 0.5, none, 0.5, 1, 0.5],
    [Math.fround(-2 / Math.SQRT2), 0, none, 0, Math.fround(2 / Math.SQRT2), 0],
    [0, 0.5, none, 0.5, 1, 0.5],
    [-4, -2, none, -2, 0, 0],
    [-2, 0, none, 0, 2, 0],
  ])
  const [rank, percentile, , , fromBest] = of([1, 3], [2], 'lowest')
  t.same(
    [rank, percentile, fromBest],
    [
      [1, 2],
      [1, 0],
      [0, 2],
    ],
  )
  t.same(of([], [0])[0], [])
})

t.test('cells', async (t) => {
  t.same(['3', '3.0', ' 03 ', '3e0', '-0', 'a ', 'e\u0301', ''].map(canonicalCategory), [
    '3',
    '3',
    '3',
    '3',
    '0',
    'a',
    'é',
    undefined,
  ])
  t.equal(parseDate('2026-11-24'), Date.UTC(2026, 10, 24))
  t.equal(parseDate('2026-11-24 10:30'), Date.UTC(2026, 10, 24, 10, 30))
  t.equal(parseDate('2026-11-24T10:30:00.5+0530'), Date.UTC(2026, 10, 24, 5, 0, 0, 500))
  for (const bad of ['24.11.2026', '2026-13-01', '2026', 'now', '1700000000', ''])
    t.equal(parseDate(bad), undefined, bad)
  t.same(parseVector('[1,-2.5]'), Float32Array.of(1, -2.5))
  t.same(parseVector(vectorText(Float32Array.of(0.1, 3e38))), Float32Array.of(0.1, 3e38))
  for (const bad of [
    '[1,"2"]',
    '[]',
    '[1e39]',
    'AAAA',
    'abc',
    7,
    null,
    [1, null],
    '[[1]]',
    vectorText(Float32Array.of(Number.NaN)),
  ]) {
    t.equal(parseVector(bad), undefined, String(bad))
  }
})

t.test('what is learnt', async (t) => {
  const plan = (feature: object) =>
    planFeatures(parseSpec(JSON.stringify({ features: [feature] }), 's'), 's').features[0]!
  const counts: Seen = {
    counts: [
      ['b', 2],
      ['rare', 1],
      ['a', 2],
      ['c', 9],
    ],
  }
  const of = (more: object) =>
    learnFrom(plan({ kind: 'categorical', column: 'x', ...more }), counts).categories
  t.same(of({}), { values: ['c', 'a', 'b', 'rare'], others: [] })
  t.same(of({ max: 2 }), { values: ['c', 'a'], others: ['b', 'rare'] }, 'most rows first, then by their text')
  t.same(of({ min_rows: 2, other: false }), { values: ['c', 'a', 'b'], others: [] })

  const rate = plan({ kind: 'prior', name: 'r', columns: ['category', 'brand'], smoothing: 2 })
  const labels = [[['', 4, 8]], [['sofa', 3, 3]], [['sofa\0acme', 1, 0]]] as unknown as NonNullable<
    Seen['labels']
  >
  // All 8/4; sofas (3 + 2·2)/(3 + 2); those of acme (0 + 2·1.4)/(1 + 2).
  const { rates } = learnFrom(rate, { labels })
  t.same(rates, {
    mean: 2,
    levels: [
      { kinds: ['sofa'], rates: [1.4] },
      { kinds: ['sofa\0acme'], rates: [2.8 / 3] },
    ],
  })
  t.same(
    addSeen([[{ labels }], [{ labels: labels.map(() => []) }]]),
    [{ labels }],
    'a host without rows adds nothing',
  )
  t.same(addSeen([[counts], [{ counts: [['a', 5]] }]])[0]!.counts, [
    ['b', 2],
    ['rare', 1],
    ['a', 7],
    ['c', 9],
  ])
})

t.test('BM25 by hand, and hashed words', async (t) => {
  const spec = parseSpec(
    JSON.stringify({
      features: [{ kind: 'text', column: 't', measures: ['bm25'], hash: { buckets: 2 } }],
    }),
    's',
  )
  const words = { texts: 10, averageLength: 4, words: ['oak'], counts: [3] }
  const pipeline = new FeaturePipeline({ version: 1, spec, learnt: [{ words }] })
  const { values } = transformItems(
    pipeline,
    [{ t: 'Oak, oak table' }, { t: null }, { t: '' }],
    { text: 'the oak table' },
    { now: 0 },
  )
  const norm = 1.2 * (1 - 0.75 + (0.75 * 3) / 4)
  const bm25 = (Math.log1p(7.5 / 3.5) * 2 * 2.2) / (2 + norm) + (Math.log1p(9.5 / 1.5) * 2.2) / (1 + norm)
  t.equal(values[0], Math.fround(bm25))
  const buckets = [0, 0]
  for (const word of ['oak', 'oak', 'table']) buckets[hashText(word) % 2]!++
  t.same([...values.subarray(1, 3)], buckets)
  t.same([...values.subarray(3)], Array(6).fill(Number.NaN))
})
