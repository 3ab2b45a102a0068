import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arch, env } from 'node:process'
import { nodePackages, nodeVersion } from '../runtime.mjs'
import { lambdaAdapter } from '../test-parts.ts'
import { type Engine, outputOf, run, succeeds } from './engine.ts'

const NODE_IMAGE = 'node:24-bookworm-slim'
const STAND_IN = `localhost/two-stage-ranking/node:${nodeVersion}`
const ADAPTER_IMAGE = 'localhost/two-stage-ranking/lambda-adapter'
const PULL_MS = 120_000

/**
 * The image that the Dockerfile's NODE_IMAGE shall name: the one asked for, else Node's own, else, where no image registry
 * is reached, a stand-in made of Debian's packages and npm's.
 * @throws Error when there is none and the stand-in cannot be made
 */
export function nodeImage({ command }: Engine): string {
  if (env.NODE_IMAGE) return env.NODE_IMAGE
  if (hasImage(command, NODE_IMAGE) || succeeds(command, ['pull', NODE_IMAGE], { timeout: PULL_MS })) {
    return NODE_IMAGE
  }
  if (hasImage(command, STAND_IN)) return STAND_IN
  console.error(`image: ${NODE_IMAGE} cannot be pulled: making a stand-in for it, a minute once`)
  const folder = mkdtempSync(join(tmpdir(), 'node-image-'))
  try {
    const archive = join(folder, 'root.tar')
    const script = join(import.meta.dirname, 'node-image.sh')
    run('sh', [script, `${nodePackages[arch]!.name}@${nodeVersion}`, archive])
    const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    outputOf(command, ['import', '--change', path, archive, STAND_IN])
    return STAND_IN
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The image that the Dockerfile's ADAPTER_IMAGE shall name: the one asked for, else one around the binary that
 * scripts/test-parts.ts has built. Undefined where there is neither: then the Dockerfile builds it.
 */
export function adapterImage({ command, buildFlags }: Engine): string | undefined {
  if (env.ADAPTER_IMAGE) return env.ADAPTER_IMAGE
  if (!existsSync(lambdaAdapter)) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'adapter-image-'))
  try {
    copyFileSync(lambdaAdapter, join(folder, 'lambda-adapter'))
    chmodSync(join(folder, 'lambda-adapter'), 0o755)
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY lambda-adapter /\n')
    outputOf(command, ['build', ...buildFlags, '-t', ADAPTER_IMAGE, folder])
    return ADAPTER_IMAGE
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function hasImage(command: string, name: string): boolean {
  return succeeds(command, ['image', 'inspect', name])
}
