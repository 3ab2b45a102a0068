// Leaves esbuild alone in package.json and package-lock.json, for `npm ci` to install it at its pinned hash.
import { readFileSync, writeFileSync } from 'node:fs'

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const wanted = Object.entries(lock.packages).filter(([path]) => /^node_modules\/@?esbuild(\/|$)/.test(path))
const root = { dependencies: { esbuild: lock.packages['node_modules/esbuild'].version } }
const packages = Object.fromEntries([['', root], ...wanted])
for (const [, entry] of wanted) delete entry.dev
writeFileSync('package.json', JSON.stringify(root))
writeFileSync('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages }))
