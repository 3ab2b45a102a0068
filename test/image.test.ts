// What the Dockerfile and docs/image.md say of each other; what the images do is in test/container.
import { existsSync, globSync, readFileSync } from 'node:fs'
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

t.test('the packages that are left out are those that no module in use imports', async (t) => {
  const removed = Array.from(dockerfile.matchAll(/npm uninstall ((?:.*\\\n)*.*)/g), ([, words]) =>
    words!
      .split('&&')[0]!
      .split(/\s+/)
      .filter((word) => /^@?[a-z]/.test(word)),
  )
  const cli = (...names: string[]) => ['src/index.ts', ...names.map((name) => `src/cli/${name}.ts`)]
  const toServe = packagesOf(cli('serve', 'score', 'serve-worker', 'pipeline-process'))
  // Its threads are started by name.
  const threads = globSync('src/training/**/*.ts', { cwd: root })
  const toTrain = packagesOf([...cli('train', 'job-end'), ...threads])
  const [aws, training] = removed as [string[], string[]]
  t.ok(aws.includes('@aws-sdk/client-sts') && training.includes('linkedom'), 'both lists are found')
  t.ok(toServe.has('fastify') && toTrain.has('hyparquet'), 'imports are found')
  for (const name of aws) t.notOk(toServe.has(name) || toTrain.has(name), name)
  for (const name of training) t.ok(!toServe.has(name) && toTrain.has(name), name)
})

/** The packages that modules import, with all that these import, at once or when the need arises. */
function packagesOf(entries: readonly string[]): Set<string> {
  const files = [...entries]
  const packages = new Set<string>()
  for (const file of files) {
    const imports =
      /^(?:import|export) (?!type )[^'()]*? from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm
    for (const [, ...found] of read(file).matchAll(imports)) {
      const name = found.find((part) => part !== undefined)!
      const inner = join(file, '..', name)
      if (!name.startsWith('.')) packages.add(name.match(/^(@[^/]+\/)?[^/]+/)![0])
      else if (!files.includes(inner)) files.push(inner)
    }
  }
  return packages
}
