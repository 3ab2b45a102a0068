import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'

const DEMO = join(import.meta.dirname, '../../examples/demo/main.ts')

t.test('the demo tells the whole story and ends by itself', { timeout: 120_000 }, async (t) => {
  const env = {
    ...process.env,
    SAGEMAKER_PROGRAM: 'own.js',
    SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: 'text/csv',
  }
  const demo = spawn(process.execPath, [DEMO], { env })
  const [output, errors, [code]] = await Promise.all([
    text(demo.stdout),
    text(demo.stderr),
    once(demo, 'exit'),
  ])
  t.equal(code, 0, errors)
  t.match(output, /simulated lots/)
  t.match(output, /^ {11}\[0\]\ttrain-ndcg@10:/m)
  t.equal(
    output.match(/^ +\d+ {2}.+ \d+\.\d\d +\d+\.\d\d +-?\d+% +-?\d+\.\d{3} +[0-4]$/gm)?.length,
    10,
    output,
  )
  const ndcg = (name: string) => Number(new RegExp(`^ +${name} +(0\\.\\d{4})`, 'm').exec(output)?.[1])
  const singles = [...output.matchAll(/^ {11}([\w.]+)(?:, low first)? +(0\.\d{4}) {2}/gm)].map((match) =>
    Number(match[2]),
  )
  t.equal(singles.length, 29, 'every single feature is there')
  t.ok(
    ndcg('the ranker') > Math.max(...singles) + 0.1,
    `the ranker (${ndcg('the ranker')}) beats each feature alone`,
  )
  t.ok(Math.min(...singles) > 0 && ndcg('random order') < 0.45)
})

t.test(
  'a demo that is ended early leaves nothing behind',
  { skip: !existsSync('/proc/self/environ') },
  async (t) => {
    const mark = `RANKER_DEMO_MARK=${process.pid}`
    const temporary = t.testdir({})
    const demo = spawn(process.execPath, [DEMO], {
      env: { ...process.env, RANKER_DEMO_MARK: String(process.pid), TMPDIR: temporary },
    })
    const exited = once(demo, 'exit')
    const running = () =>
      readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).split('\0').includes(mark))
    for await (const chunk of demo.stdout) if (String(chunk).includes('catalogue')) break
    while (running().length < 2) await delay(20)
    demo.kill('SIGTERM')
    await exited
    for (let tries = 0; running().length > 0 && tries < 500; tries++) await delay(20)
    t.same(running(), [])
    t.same(readdirSync(temporary), [])
  },
)

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    // Gone by now, or somebody else's.
    return ''
  }
}
