// Puts the process that serves into one file, which Node loads in half the time that some four hundred take:
//
//     node scripts/bundle.mjs ENTRY TO
//
// ENTRY is src/cli/serve-worker, as TypeScript or as JavaScript, and may be TO as well.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, extname, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What every start loads. Other packages that our modules name are left where they are: most are seldom needed. */
const bundled = ['@bufbuild/protobuf', 'fastify', 'jsep', 'pino', 'zod']

/** What they would load for schemas of routes and for requests without a socket, which the server has neither of. */
const idle = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request']

/** CommonJS, of which Fastify is, asks for Node's own modules by `require`. */
const requires = `import { createRequire as requireOf } from 'node:module'
const require = requireOf(import.meta.url)`

/**
 * Bundles a module with what it imports of ours and of {@link bundled}, in place of the file `to`.
 * @param {string} entry
 * @param {string} to
 * @returns {Promise<string[]>} the files that it is made of
 */
export async function bundle(entry, to) {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    outfile: to,
    absWorkingDir: dirname(entry),
    write: false,
    metafile: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    legalComments: 'none',
    external: idle,
    banner: { js: requires },
    plugins: [leaveOthers, keepPlaces(dirname(to))],
    logLevel: 'warning',
  })
  const temporary = `${to}.${process.pid}.tmp`
  writeFileSync(temporary, outputFiles[0].contents)
  renameSync(temporary, to)
  return Object.keys(metafile.inputs).map((path) => resolve(dirname(entry), path))
}

/** @type {import('esbuild').Plugin} */
const leaveOthers = {
  name: 'leave-others',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      const isOurs = kind !== 'entry-point' && !importer.includes(`${sep}node_modules${sep}`)
      const isBundled = bundled.some((name) => path === name || path.startsWith(`${name}/`))
      return isOurs && !isBundled ? { path, external: true } : undefined
    })
  },
}

/**
 * Our modules find files by their own place, which is that of the bundle now.
 * @param {string} folder of the bundle
 * @returns {import('esbuild').Plugin}
 */
const keepPlaces = (folder) => ({
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
      if (path.includes(`${sep}node_modules${sep}`)) return undefined
      const place = `new URL(${JSON.stringify(relative(folder, path))}, import.meta.url).href`
      const contents = readFileSync(path, 'utf8').replaceAll('import.meta.url', place)
      return { contents, loader: extname(path) === '.ts' ? 'ts' : 'js' }
    })
  },
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, to] = process.argv.slice(2).map((path) => resolve(path))
  await bundle(entry, to)
}
