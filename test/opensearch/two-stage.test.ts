import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { hasOpenSearch } from '../../scripts/opensearch-part.ts'
import { emptyFolder } from '../helpers/model.ts'

// Run by itself, a file would have half a minute.
t.setTimeout(600_000)

const DEMO = join(import.meta.dirname, '../../examples/two-stage/main.ts')
const run = promisify(execFile)

const demo = async (output: string, ...flags: string[]) =>
  (await run(process.execPath, [DEMO, '--lots', '3000', '--queries', '40', '--output', output, ...flags]))
    .stdout

const mean = (text: string, measure: string, order: string) => {
  const [, value] = new RegExp(`${measure} +${order.replaceAll('+', '\\+')} +([\\d,.]+)`).exec(text) ?? []
  return Number(value?.replaceAll(',', ''))
}

t.test(
  'the two stages end to end: the ranker beats retrieval, and margin is earned',
  { timeout: 240_000 },
  async (t) => {
    const output = emptyFolder(t)
    const text = await demo(output)
    t.match(text, /3,000 items embedded in/)
    t.match(text, /^ +all +3,000 +10 +\d+\.\d\d +\d+\.\d\d$/m)
    t.match(text, /0 of 80 answers were degraded/)
    t.ok(mean(text, 'NDCG@10', 'ranker') > mean(text, 'NDCG@10', 'stage 1 alone') + 0.1, text)
    t.ok(mean(text, 'conversions', 'ranker') > mean(text, 'conversions', 'stage 1 alone'), text)
    t.ok(mean(text, 'margin', 'ranker + margin') > mean(text, 'margin', 'ranker'), text)
    const page = readFileSync(join(output, 'report.html'), 'utf8')
    t.equal(page.match(/<svg/g)?.length, 4)
    t.equal(page.match(/<th scope="row">10<\/th>/g)?.length, 4, 'lists of ten, side by side')
    t.notMatch(page, /NaN|undefined/)
  },
)

const skip = !hasOpenSearch() && 'there is no OpenSearch here'
t.test('the same in OpenSearch', { skip, timeout: 300_000 }, async (t) => {
  const text = await demo(emptyFolder(t), '--opensearch', 'local')
  t.match(text, /3,000 items in OpenSearch in/)
  t.ok(mean(text, 'NDCG@10', 'ranker') > mean(text, 'NDCG@10', 'stage 1 alone') + 0.1, text)
})
