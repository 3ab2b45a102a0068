// Compiles the kernel that scores forests, AssemblyScript to WebAssembly: npm run kernel. The result is kept in the
// repository, so that neither a checkout nor an image needs the compiler; test/scoring/kernel.test.ts compares them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { main } from 'assemblyscript/asc'

const root = fileURLToPath(new URL('..', import.meta.url))
const SOURCE = 'src/scoring/kernel/forest.ts'
const RESULT = 'src/scoring/kernel/forest.wasm'
/** Addresses are 32 bits wide here, and will be. */
const CONVERTS_ADDRESSES = '201'

/** @throws with the compiler's words. */
export async function compileKernel(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const options = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd']
  const { error, stderr } = await main(
    [SOURCE, '-o', 'forest.wasm', '--baseDir', root, '--disableWarning', CONVERTS_ADDRESSES, ...options],
    {
      writeFile: (_name, contents) => {
        wasm = contents as Uint8Array
      },
    },
  )
  if (error) throw new Error(stderr.toString(), { cause: error })
  return wasm!
}

const [, entry = '', to = `${root}/${RESULT}`] = process.argv
if (import.meta.url === pathToFileURL(entry).href) {
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, await compileKernel())
}
