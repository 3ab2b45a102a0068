// What the Dockerfile and docs/image.md say of each other; what the images do is in test/container.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const dockerfile = read('Dockerfile')
const page = read('docs/image.md')
const unique = (text: string, pattern: RegExp) =>
  [...new Set(Array.from(text.matchAll(pattern), ([, name]) => name!))].sort()

t.test('targets, build arguments and secrets', async (t) => {
  const stages = unique(dockerfile, /^FROM .* AS (\S+)$/gm)
  const targets = unique(page, /^\| `(\w+)`.*\|$/gm)
  t.strictSame(targets, ['lambda', 'sagemaker', 'server'])
  for (const target of targets) t.ok(stages.includes(target), target)
  t.equal(
    dockerfile.match(/^FROM .* AS (\S+)$/gm)!.at(-1),
    'FROM runtime AS sagemaker',
    'the last is the default',
  )

  const args = unique(dockerfile, /^ARG (\w+)/gm).filter((name) => name !== 'TARGETARCH')
  for (const name of args) t.match(page, new RegExp(`\\b${name}\\b`), `${name} is documented`)

  const secrets = unique(dockerfile, /type=secret,id=([\w.]+)/g)
  t.strictSame(secrets, ['apt.conf', 'ca', 'npmrc', 'pip.conf'])
  const handled = unique(read('container/build/with-secrets'), /\/run\/secrets\/([\w.]+)/g)
  t.strictSame(handled, secrets, 'each is handed to its tool')
  for (const id of secrets)
    t.match(page, new RegExp(`^\\| .*--secret .*\\b${id}\``, 'm'), `${id} is documented`)
})

t.test('what the Dockerfile copies is let through, and names no registry', async (t) => {
  const ignored = read('.dockerignore').split('\n')
  const sources = Array.from(dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm), ([, words]) =>
    words!.split(' '),
  )
  for (const path of sources.flat()) {
    t.ok(ignored.includes(`!${path.split('/')[0]}`) || ignored.includes(`!${path}`), path)
    if (!path.includes('*')) t.ok(existsSync(join(root, path)), path)
  }
  for (const text of [
    dockerfile,
    read('container/build/with-secrets'),
    read('scripts/image/node-image.sh'),
  ]) {
    t.notMatch(text, /https?:\/\/|\.(com|org|io|net)\b/)
  }
})
