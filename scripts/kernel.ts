// Compiles the kernels, AssemblyScript to WebAssembly: npm run kernel. The results are kept in the repository, so that
// neither a checkout nor an image needs the compiler; tests compare them with their sources.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { main } from 'assemblyscript/asc'
import { PAGES } from '../src/data/plain/layout.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Their sources below src, and what each needs beyond what all do. */
export const KERNELS: Readonly<Record<string, readonly string[]>> = {
  'scoring/kernel/forest': [],
  // Its own constants at the start; it never grows.
  'data/plain/kernel/parsers': [
    '--memoryBase',
    '64',
    '--initialMemory',
    `${PAGES}`,
    '--maximumMemory',
    `${PAGES}`,
  ],
}
/** Addresses are 32 bits wide here, and will be. */
const CONVERTS_ADDRESSES = '201'

/** @throws with the compiler's words. */
export async function compileKernel(name: string): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const options = [
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    ...KERNELS[name]!,
  ]
  const source = [`src/${name}.ts`, '-o', 'kernel.wasm', '--baseDir', root]
  const { error, stderr } = await main([...source, '--disableWarning', CONVERTS_ADDRESSES, ...options], {
    writeFile: (_name, contents) => {
      wasm = contents as Uint8Array
    },
  })
  if (error) throw new Error(stderr.toString(), { cause: error })
  return wasm!
}

const [, entry = '', folder = join(root, 'src')] = process.argv
if (import.meta.url === pathToFileURL(entry).href) {
  for (const name of Object.keys(KERNELS)) {
    const to = join(folder, `${name}.wasm`)
    mkdirSync(dirname(to), { recursive: true })
    writeFileSync(to, await compileKernel(name))
  }
}
