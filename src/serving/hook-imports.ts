import { readFileSync, realpathSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { extname, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compileFunction } from 'node:vm'

const PACKAGE_NAME = 'two-stage-ranking'
/** The package's surface, as TypeScript in the repository and as JavaScript when installed. */
const PACKAGE_URL = new URL(`../index${extname(import.meta.url)}`, import.meta.url).href

const folders = new Set<string>()

/**
 * Lets the files of a code/ folder import this package by name, though no node_modules is near them, and lets a `.js`
 * file be an ES module or CommonJS whatever package.json lies above it.
 */
export function prepareImports(folder: string): void {
  if (folders.size === 0) {
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === PACKAGE_NAME ? { url: PACKAGE_URL, shortCircuit: true } : next(specifier, context),
      load(url, context, next) {
        if (!isScript(url)) return next(url, context)
        const source = readFileSync(fileURLToPath(url), 'utf8')
        return { source, format: isCommonJs(source) ? 'commonjs' : 'module', shortCircuit: true }
      },
    })
  }
  // Modules are known by their real paths.
  folders.add(pathToFileURL(realpathSync(folder) + sep).href)
}

/**
 * Imports a file of a prepared folder. `import` would not let a `.js` file be CommonJS below a package of type module,
 * and in Node 22 what it makes of a `.cjs` file has a `require` that knows no hooks.
 */
// biome-ignore lint/suspicious/noExplicitAny: what a module exports is not known
export async function importFile(path: string): Promise<Record<string, any>> {
  const extension = extname(path)
  const needsRequire = extension === '.cjs' || (extension === '.js' && isCommonJs(readFileSync(path, 'utf8')))
  return needsRequire ? createRequire(path)(path) : import(pathToFileURL(path).href)
}

function isScript(url: string): boolean {
  if (!url.endsWith('.js') || url.includes('/node_modules/')) return false
  for (const folder of folders) if (url.startsWith(folder)) return true
  return false
}

/** An ES module that exports anything is no valid function body, which is what CommonJS code is. */
function isCommonJs(source: string): boolean {
  try {
    compileFunction(source, ['exports', 'require', 'module', '__filename', '__dirname'])
    return true
  } catch {
    return false
  }
}

/** Cuts absolute paths in a sentence down to file names: an answer tells nothing of the machine. */
export function withoutPaths(sentence: string): string {
  return sentence.replaceAll(/(^|[\s'"`(=])(?:file:\/\/)?\/(?:[^\s'"`():/]+\/)+/g, '$1')
}
