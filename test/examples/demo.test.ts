import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'

t.test('the demo tells the whole story and ends by itself', { timeout: 120_000 }, async (t) => {
  const env = {
    ...process.env,
    SAGEMAKER_PROGRAM: 'own.js',
    SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: 'text/csv',
  }
  const demo = spawn(process.execPath, [join(import.meta.dirname, '../../examples/demo/main.ts')], { env })
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
  const singles = [...output.matchAll(/^ {11}(\w+)(?:, low first)? +(0\.\d{4}) {2}/gm)].map((match) =>
    Number(match[2]),
  )
  t.equal(singles.length, 24, 'every single feature is there')
  t.ok(
    ndcg('the ranker') > Math.max(...singles) + 0.1,
    `the ranker (${ndcg('the ranker')}) beats each feature alone`,
  )
  t.ok(Math.min(...singles) > 0 && ndcg('random order') < 0.45)
})
