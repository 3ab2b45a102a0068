// Runs inside an image and prints the bytes of its files by what they belong to, as JSON.
import { lstatSync, readdirSync } from 'node:fs'

/** @param {string} path @returns {number} */
function weigh(path) {
  const stat = lstatSync(path)
  if (!stat.isDirectory()) return stat.size
  return readdirSync(path).reduce((sum, name) => sum + weigh(`${path}/${name}`), 0)
}

const product = '/opt/ranker'
/** @type {Record<string, number>} */
const weights = { Node: weigh('/usr/local/bin/node') }
for (const name of readdirSync(`${product}/node_modules`))
  weights[name] = weigh(`${product}/node_modules/${name}`)
for (const name of readdirSync(product)) {
  if (name === 'node_modules') continue
  const owner = name === 'xgboost' ? 'libxgboost and libgomp' : 'the product'
  weights[owner] = (weights[owner] ?? 0) + weigh(`${product}/${name}`)
}
try {
  weights['Lambda Web Adapter'] = weigh('/opt/extensions')
} catch {
  // Only the lambda target has one.
}
const system = readdirSync('/').filter((name) => !['proc', 'sys', 'dev', 'opt'].includes(name))
weights.Debian = system.reduce((sum, name) => sum + weigh(`/${name}`), 0) - weights.Node
console.log(JSON.stringify(weights))
