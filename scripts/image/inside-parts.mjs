// Runs inside an image and prints what it is made of, as CycloneDX JSON (https://cyclonedx.org/docs/1.5/json/).
import { readdirSync, readFileSync } from 'node:fs'

const product = '/opt/ranker'
/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(`${product}/${path}`, 'utf8'))
/** @param {string} name @param {string} version @param {string} purl */
const part = (name, version, purl) => ({ 'bom-ref': purl, type: 'library', name, version, purl })
/** A field of a file of headers, such as Debian's and Python's. @param {string} text @param {string} name */
const field = (text, name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? ''

const { name, version } = readJson('package.json')
const node = process.versions.node
const components = [part('node', node, `pkg:generic/node@${node}`)]

for (const [path, { version }] of Object.entries(readJson('node_modules/.package-lock.json').packages)) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  components.push(part(name, version, `pkg:npm/${name.replace('@', '%40')}@${version}`))
}
for (const entry of readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n').filter(Boolean)) {
  const [name, version] = [field(entry, 'Package'), field(entry, 'Version')]
  const arch = field(entry, 'Architecture')
  components.push(part(name, version, `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}`))
}
if (readdirSync(product).includes('xgboost')) {
  const folder = readdirSync(`${product}/xgboost`).find((name) => name.endsWith('.dist-info'))
  const metadata = readFileSync(`${product}/xgboost/${folder}/METADATA`, 'utf8')
  const [name, version] = [field(metadata, 'Name'), field(metadata, 'Version')]
  components.push(part(name, version, `pkg:pypi/${name}@${version}`))
}
const metadata = { component: { type: 'container', name, version } }
console.log(
  JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, metadata, components }, null, 1),
)
