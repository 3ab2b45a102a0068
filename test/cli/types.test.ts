import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { declareRequest } from '../../src/client/declaration.ts'
import { rulesSchema } from '../../src/rerank/rules.ts'
import { ranker } from '../helpers/command.ts'
import { emptyFolder, FOREST, manifestOf, modelFolder, onnxOf } from '../helpers/model.ts'

const root = join(import.meta.dirname, '../..')

t.test('types of a model’s requests, which a client takes', async (t) => {
  const rerank = rulesSchema.parse({
    margin: { weight: 1, price: 'price' },
    caps: [{ column: 'seller', most: 1 }],
    diversity: { weight: 0.5, vector: 'a vector' },
  })
  const model = modelFolder(t, {}, manifestOf({ rerank }))
  const { code, stdout } = await ranker(['types', '--model-path', model])
  t.equal(code, 0)
  t.match(stdout, /version '7'/)
  for (const line of [
    'id: string | number',
    'price: number | null',
    'age: number | null',
    'seller: string | number | boolean | null',
    "'a vector': readonly number[] | null",
  ])
    t.ok(stdout.includes(`  readonly ${line}\n`), line)

  const cwd = emptyFolder(t)
  t.equal((await ranker(['types', '--model-path', model, '--output', 'ranker.d.ts'], { cwd })).code, 0)
  t.equal(readFileSync(join(cwd, 'ranker.d.ts'), 'utf8'), stdout)

  // It compiles, and what does not fit does not.
  const compilerOptions = {
    paths: { 'two-stage-ranking/client': [join(root, 'src/client/index.ts')] },
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [cwd] }
  writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(
    join(cwd, 'page.mts'),
    `import type { Item, Ranker } from './ranker.d.ts'
export async function page(ranker: Ranker, item: Item) {
  // @ts-expect-error a column is misspelt
  await ranker.rank({}, [{ ...item, price: undefined, pice: 1 }])
  const { ranking } = await ranker.rank({ text: 'x' }, [{ ...item, title: 'y' }], { limit: 1 })
  // @ts-expect-error no such rule
  await ranker.rank({}, [item], { context: { rerank: { margins: 1 } } })
  await ranker.rank({}, [item], { context: { rerank: { margin: { weight: 1 }, caps: null } } })
  return ranking[0]?.item.title
}
`,
  )
  const tsc = join(root, 'node_modules/.bin/tsc')
  try {
    // The compiler does not start with what tap has every process of Node load.
    execFileSync('env', ['-u', 'NODE_OPTIONS', process.execPath, tsc, '-p', cwd], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    t.pass('compiles')
  } catch (failed) {
    const { message, stdout } = failed as Error & { stdout: string }
    t.fail(`${message}: ${stdout}`)
  }
})

t.test('names that are no identifiers, and a model without names', async (t) => {
  const text = declareRequest({
    name: "x\n'*/",
    version: '\u2028',
    items: ['id', 'a-b', "it's", '9"'].map((name) => ({ name, type: 'number | null' })),
  })
  t.notMatch(text, /\u2028/)
  t.ok(text.includes("'x\\n\\'*/', version '\\u2028'"), text)
  t.match(text, /readonly id: number\n {2}readonly 'a-b': number \| null\n {2}readonly 'it\\'s'/)
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'model.onnx'), onnxOf(FOREST))
  t.match(await ranker(['types', '--model-path', folder]), { code: 1, stderr: /does not name its features/ })
  t.match(await ranker(['types', '--model-path', join(folder, 'nothing')]), { code: 1, stderr: /error: / })
})
