import { Writable } from 'node:stream'
import t from 'tap'
import { openProgress, ProgressBar } from '../../src/cli/progress.ts'

const ESCAPE = '\u001b'
const TOKEN = new RegExp(`${ESCAPE}\\[\\d*[A-Z]|[^${ESCAPE}]`, 'gs')

/** A terminal that understands what the bar writes: text, line feeds, to the start, up, erase what follows. */
class Screen extends Writable {
  readonly isTTY = true
  columns: number
  lines = ['']
  #row = 0
  #column = 0
  writes = 0

  constructor(columns: number) {
    super({ decodeStrings: false })
    this.columns = columns
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.writes++
    for (const [token] of chunk.matchAll(TOKEN)) this.#take(token)
    done()
  }

  #take(token: string): void {
    if (token === '\r') this.#column = 0
    else if (token === '\n') this.#feed()
    else if (token.endsWith('A') && token.length > 1) this.#row -= Number(token.slice(2, -1) || 1)
    else if (token === `${ESCAPE}[J`)
      this.lines.splice(this.#row, this.lines.length, this.lines[this.#row]!.slice(0, this.#column))
    else {
      if (this.#column === this.columns) this.#feed()
      const line = this.lines[this.#row]!.padEnd(this.#column)
      this.lines[this.#row] = line.slice(0, this.#column) + token + line.slice(this.#column + 1)
      this.#column++
    }
  }

  #feed(): void {
    this.#row++
    this.#column = 0
    this.lines[this.#row] ??= ''
  }

  /** Becomes narrower, and wraps what stands on it as terminals do. */
  resize(columns: number): void {
    this.lines = this.lines.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [''])
    this.#row = this.lines.length - 1
    this.#column = this.lines.at(-1)!.length
    this.columns = columns
    this.emit('resize')
  }
}

const round = (index: number, rounds: number, train: number, validation?: number) => ({
  type: 'round' as const,
  round: index,
  rounds,
  values: [
    ['train-ndcg@10', train] as const,
    ...(validation === undefined ? [] : [['validation-ndcg@10', validation] as const]),
  ],
})

t.test('a bar at a terminal', async (t) => {
  const screen = new Screen(140)
  let now = 0
  const bar = new ProgressBar(screen, () => now)
  bar.print(() => screen.write('train: 50 rows\n'))
  for (let index = 0; index < 40; index++) {
    bar.round(round(index, 100, 0.5 + index / 100, index === 20 ? 0.9 : 0.6))
    now += 1000
  }
  t.equal(
    screen.lines.at(-1),
    '40/100  ━━━━━━━━━━━━──────────────────  eta 1:00  train 0.8900  validation ndcg@10 0.6000  best 0.9000 @ 20  ▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅',
  )
  t.same(screen.lines.slice(0, -1), ['train: 50 rows'], 'one line, drawn over and over')

  bar.print(() => screen.write('warning: a note\n'))
  t.match(screen.lines.at(-1), /^40\/100/, 'notes go above it')
  t.equal(screen.lines.at(-2), 'warning: a note')

  screen.resize(50)
  t.equal(
    screen.lines.at(-1),
    '40/100  eta 1:00  validation ndcg@10 0.6000',
    'a narrow one has what matters most',
  )
  screen.resize(12)
  t.equal(screen.lines.at(-1), '40/100')
  for (const width of [3, 30, 200]) {
    screen.resize(width)
    t.ok(screen.lines.at(-1)!.length < width, `fits ${width}`)
  }
  t.equal(screen.lines.join('').match(/40\/100/g)!.length, 1, 'nothing of it is left behind by a resize')

  bar.end()
  t.same(screen.lines.slice(-3), [
    '[20]\ttrain-ndcg@10:0.70000\tvalidation-ndcg@10:0.90000',
    '[39]\ttrain-ndcg@10:0.89000\tvalidation-ndcg@10:0.60000',
    '',
  ])
  t.equal(screen.listenerCount('resize'), 0)
  const { writes } = screen
  bar.end()
  t.equal(screen.writes, writes, 'ending twice is ending once')
})

t.test('is not drawn more often than it can be read', async (t) => {
  const screen = new Screen(80)
  let now = 0
  const bar = new ProgressBar(screen, () => now)
  for (let index = 0; index < 10_000; index++) {
    bar.round(round(index, 10_000, 0.5))
    now += 0.1
  }
  t.ok(screen.writes < 60, `${screen.writes} writes for a second of rounds`)
  t.match(
    screen.lines.at(-1),
    /^10000\/10000 {2}━+ {2}eta 0:00 {2}train ndcg@10 0\.5000/,
    'but the last round is',
  )
})

t.test('what is minimised, and what goes wrong before the first round', async (t) => {
  const screen = new Screen(200)
  const bar = new ProgressBar(screen, () => 0)
  for (const [index, value] of [3, 1, 2].entries())
    bar.round({ type: 'round', round: index, rounds: 3, values: [['train-rmse', value]] })
  t.match(screen.lines.at(-1), /best 1\.0000 @ 1/)
  const quiet = new Screen(80)
  new ProgressBar(quiet).end()
  t.equal(quiet.writes, 0)
})

t.test('a cross-validation, then the model', async (t) => {
  const screen = new Screen(120)
  const bar = new ProgressBar(screen, () => 0)
  for (const [index, mean] of [0.5, 0.7, 0.6].entries()) {
    const values = [['cv-ndcg@10-mean', mean] as const, ['cv-ndcg@10-std', 0.9 - index / 10] as const]
    bar.round({ type: 'cv', round: index, rounds: 3, values })
  }
  t.match(screen.lines.at(-1), /^3\/3 .* cv ndcg@10 0\.6000 {2}best 0\.7000 @ 1/, 'the mean is watched')
  for (const index of [0, 1]) bar.round(round(index, 2, 0.9))
  t.match(screen.lines.at(-1), /^2\/2 .* train ndcg@10 0\.9000 {2}best 0\.9000 @ 0/)
  bar.end()
  t.same(
    screen.lines.map((line) => line.split('\t').slice(0, 2).join(' ')),
    [
      '[1] cv-ndcg@10-mean:0.70000',
      '[2] cv-ndcg@10-mean:0.60000',
      '[0] train-ndcg@10:0.90000',
      '[1] train-ndcg@10:0.90000',
      '',
    ],
  )
})

t.test('elsewhere one metric line a round', async (t) => {
  const lines = (env: Record<string, string>, isTTY = true) => {
    const screen = Object.assign(new Screen(100), { isTTY })
    const progress = openProgress({ stdout: screen, env })
    progress.round(round(3, 10, 0.61342, 0.0123456))
    progress.print(() => {})
    progress.end()
    return screen.lines
  }
  const plain = ['[3]\ttrain-ndcg@10:0.61342\tvalidation-ndcg@10:0.012346', '']
  t.same(lines({ TERM: 'xterm' }, false), plain, 'in a pipe')
  t.same(lines({ TERM: 'dumb' }), plain)
  t.same(lines({ TERM: 'xterm', CI: 'true' }), plain)
  t.same(lines({ TERM: 'xterm', TRAINING_JOB_NAME: 'job' }), plain)
  t.same(lines({ TERM: 'xterm' }), plain, 'the bar leaves the same line behind')
})
