import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ranker } from './helpers/command.ts'
import { judgedData, toCsv } from './helpers/judged-data.ts'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!.trim())

t.test('the README’s commands run as they stand', async (t) => {
  const named = (data: ReturnType<typeof judgedData>) => ({
    ...data,
    featureNames: ['retail_price', 'cost', 'photos'],
  })
  const csv = (seed: number) => toCsv(named(judgedData({ width: 3, seed })))
  const cwd = t.testdir({ 'train.csv': csv(1), 'valid.csv': csv(2), 'candidates.csv': csv(3) })
  const commands = blocks.filter((block) => block.startsWith('scripts/ranker '))
  t.equal(commands.length, 3)
  for (const command of commands) {
    const [name, ...flags] = command.split(/\s+/).slice(1)
    if (name === 'serve') continue
    const { code, stdout, stderr } = await ranker([name!, ...flags], { cwd })
    t.equal(code, 0, `${command}\n${stderr}`)
    t.not(stdout, '', command)
  }
})

t.test('npm scripts that the README names exist', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const [, name] of readme.matchAll(/npm run ([\w:-]+)/g)) t.ok(scripts[name!], `npm run ${name}`)
  for (const [, path] of readme.matchAll(/\]\(([^)#:]+)\)/g)) t.ok(readFileSync(join(root, path!)), `${path}`)
})
