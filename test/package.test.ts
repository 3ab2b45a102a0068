import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PRODUCT } from '../src/version.ts'

const root = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const manifest = JSON.parse(read('package.json'))
const lock = JSON.parse(read('package-lock.json'))

t.test('name and version are those of the package', async (t) => {
  t.same(PRODUCT, { name: manifest.name, version: manifest.version })
  t.match(read('CHANGELOG.md'), new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}`, 'm'))
})

t.test('versions are exact, and the lock file names no registry', async (t) => {
  for (const [name, version] of Object.entries({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
  })) {
    t.match(version, /^\d+\.\d+\.\d+$/, name)
    t.equal(lock.packages[`node_modules/${name}`].version, version, name)
  }
  for (const [name, entry] of Object.entries<{ resolved?: string }>(lock.packages)) {
    t.notMatch(entry.resolved ?? '', /^https?:/, name)
  }
})
