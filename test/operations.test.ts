import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSettings } from '../src/serving/settings.ts'
import { modelFolder } from './helpers/model.ts'
import { startServer } from './helpers/server.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8')

t.test('docs/operations.md names every variable that serving reads, and no other', async (t) => {
  const read = new Set<string>()
  const env = new Proxy<Record<string, string>>(
    {},
    {
      get(_, name) {
        read.add(String(name))
        return undefined
      },
    },
  )
  readSettings(env)
  const named = new Set(page.match(/\b(SAGEMAKER|RANKER|OTEL|MAX)_[A-Z0-9_]+|\bPORT\b/g))
  // Read only where another one is set, or named to say that it is not read.
  named.delete('SAGEMAKER_SAFE_PORT_RANGE')
  const ours = [...read].filter((name) => !name.startsWith('AWS_'))
  for (const name of ours) {
    const suffix = name.replace(/^SAGEMAKER_MODEL_SERVER(?=_TIMEOUT_SECONDS$)/, '…')
    t.ok(page.includes(suffix), `${name} is documented`)
  }
  for (const name of named) t.ok(read.has(name), `${name} is read`)
})

t.test('it names every metric of ours, and no other', async (t) => {
  const { app } = await startServer(t, modelFolder(t))
  const { body } = await app.inject('/metrics')
  const real = new Set([...body.matchAll(/^# TYPE (ranker_\w+)/gm)].map(([, name]) => name!))
  const named = new Set(page.match(/\branker_\w+/g))
  t.same([...named].sort(), [...real].sort())
})

t.test('its links lead somewhere', async (t) => {
  for (const [, path = ''] of page.matchAll(/\]\(([^)#]+)/g))
    t.ok(readFileSync(join(root, 'docs', path)), path)
  const decisions = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8')
  for (const file of readdirSync(join(root, 'docs/decisions'))) {
    if (file !== 'README.md') t.ok(decisions.includes(`](${file})`), `${file} is in the list`)
  }
})
