import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { env, arch as hostArch } from 'node:process'
import { PRODUCT } from '../../src/version.ts'
import { root } from '../runtime.mjs'
import { adapterImage, nodeImage } from './base-images.ts'
import { type Engine, outputOf, run } from './engine.ts'

export const TARGETS = ['sagemaker', 'server', 'lambda'] as const
export type Target = (typeof TARGETS)[number]

/** Architectures as Docker calls them. */
const HOST_ARCH = hostArch === 'x64' ? 'amd64' : hostArch

export interface BuildOptions {
  /** amd64 or arm64; default: this machine's. */
  readonly arch?: string | undefined
  /** Every command runs anew. */
  readonly cold?: boolean | undefined
}

/** @returns the name that `build` gives to an image */
export function imageName(target: Target, arch = HOST_ARCH): string {
  return `localhost/${PRODUCT.name}:${target}${arch === HOST_ARCH ? '' : `-${arch}`}`
}

/**
 * Builds one target with what npm, pip and the environment of this machine say of registries and certificates.
 * @returns the seconds that it took
 * @throws Error when it fails
 */
export function build(
  engine: Engine,
  target: Target,
  { arch = HOST_ARCH, cold = false }: BuildOptions = {},
): number {
  const adapter = target === 'lambda' ? adapterImage(engine) : undefined
  const args = {
    NODE_IMAGE: nodeImage(engine),
    VERSION: PRODUCT.version,
    REVISION: revision(),
    ...(adapter !== undefined && { ADAPTER_IMAGE: adapter }),
  }
  const startedAt = performance.now()
  run(engine.command, [
    'build',
    ...engine.buildFlags,
    '--network=host',
    `--target=${target}`,
    `--tag=${imageName(target, arch)}`,
    // Docker knows BUILDPLATFORM by itself.
    ...(arch === HOST_ARCH
      ? []
      : [`--platform=linux/${arch}`, `--build-arg=BUILDPLATFORM=linux/${HOST_ARCH}`]),
    ...(cold ? ['--no-cache'] : []),
    ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...Object.entries(secrets()).map(([id, file]) => `--secret=id=${id},src=${file}`),
    root,
  ])
  return (performance.now() - startedAt) / 1000
}

function revision(): string {
  const git = (...args: string[]) => outputOf('git', ['-C', root, ...args]).trim()
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '-dirty')
  } catch {
    // No git, or an unpacked archive.
    return 'unknown'
  }
}

/** The build secrets that this machine's own settings give, by id. */
function secrets(): Record<string, string> {
  const candidates = {
    ca: [env.npm_config_cafile, env.NODE_EXTRA_CA_CERTS, env.PIP_CERT, env.SSL_CERT_FILE],
    npmrc: [env.npm_config_userconfig, join(homedir(), '.npmrc')],
    'pip.conf': [env.PIP_CONFIG_FILE, join(homedir(), '.config/pip/pip.conf'), '/etc/pip.conf'],
  }
  const found = Object.entries(candidates).map(([id, files]) => [
    id,
    files.find((file) => file && existsSync(file)),
  ])
  return Object.fromEntries(found.filter(([, file]) => file !== undefined))
}
