// Removes from node_modules what does not run on one platform (Linux with glibc, and an architecture in Node's words) or
// does not run at all.
//
//     node prune.mjs FOLDER x64|arm64
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const [folder, arch] = process.argv.slice(2)

/** Types, source maps, sources that were compiled, and pages: by name in all packages. Licences stay. */
const idle = /\.(d\.[cm]?ts|map|[cm]?ts|tsbuildinfo|md|markdown|h|hh|hpp|cc|cpp)$/i

/** Binaries of onnxruntime-node by platform and architecture, and of koffi by C library. */
const foreign = [
  /^onnxruntime-node\/bin\/napi-v\d+\/(?!linux$)[^/]+$/,
  new RegExp(`^onnxruntime-node/bin/napi-v\\d+/linux/(?!${arch}$)[^/]+$`),
  /^onnxruntime-node\/script$/,
  /^@koromix\/koffi-[^/]+\/musl_[^/]+$/,
]

/** @param {string} path below the folder */
function prune(path) {
  for (const name of readdirSync(join(folder, path))) {
    const inner = path === '' ? name : `${path}/${name}`
    const file = join(folder, inner)
    const isFolder = statSync(file).isDirectory()
    if (foreign.some((pattern) => pattern.test(inner)) || (!isFolder && idle.test(name))) {
      rmSync(file, { recursive: true })
    } else if (isFolder) {
      prune(inner)
    }
  }
}

prune('')
