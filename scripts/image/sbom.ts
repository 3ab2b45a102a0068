import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../runtime.mjs'
import { type Engine, outputOf, succeeds } from './engine.ts'

/**
 * The parts of an image as CycloneDX JSON: all of them (Debian's packages, Node, npm's packages, libxgboost) where syft is
 * installed, else npm's packages, by npm itself.
 */
export function billOfMaterials({ command }: Engine, image: string): string {
  if (!succeeds('syft', ['version'])) {
    console.error('image: syft is not installed: the list has the npm packages only')
    return outputOf('npm', [
      '--prefix',
      root,
      'sbom',
      '--omit=dev',
      '--package-lock-only',
      '--sbom-format=cyclonedx',
    ])
  }
  const folder = mkdtempSync(join(tmpdir(), 'sbom-'))
  try {
    const archive = join(folder, 'image.tar')
    outputOf(command, ['save', '-o', archive, image])
    return outputOf('syft', ['scan', `docker-archive:${archive}`, '--quiet', '--output=cyclonedx-json'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
