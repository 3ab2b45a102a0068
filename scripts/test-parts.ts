// Builds the real servers and tools that tests start and that no npm package brings: an S3 server and a registry of images, by
// the host's Go; Lambda's web adapter, by its cargo; AWS's control plane with the linter of its templates, by its Python;
// OpenSearch, by its Java and Maven. They are kept outside of the repository, so that one build serves every clone.
//
//     node scripts/launch.mjs scripts/test-parts.ts

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { argv, env, exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { buildOpenSearch } from './opensearch-part.ts'

const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'two-stage-ranking')

const s3Version = '1.8.0'
/** Versity's S3 gateway over a folder: https://github.com/versity/versitygw (Apache 2.0). */
export const s3Server = join(cache, `versitygw-${s3Version}`, 'versitygw')

/** Builds the S3 server where it is not there yet. @returns why there is none, undefined where there is one. */
function buildS3Server(): string | undefined {
  return build(s3Server, 'go', ['install', `github.com/versity/versitygw/cmd/versitygw@v${s3Version}`])
}

const registryVersion = '0.22.1'
/** A registry of images that keeps them in memory: https://github.com/google/go-containerregistry (Apache 2.0). */
export const imageRegistry = join(cache, `registry-${registryVersion}`, 'registry')

/** Builds the registry where it is not there yet. @returns why there is none, undefined where there is one. */
function buildImageRegistry(): string | undefined {
  const module = `github.com/google/go-containerregistry/cmd/registry@v${registryVersion}`
  return build(imageRegistry, 'go', ['install', module])
}

const dockerfile = readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8')
const [, adapterVersion] = /lambda_web_adapter --version (\S+)/.exec(dockerfile)!
/** https://github.com/awslabs/aws-lambda-web-adapter (Apache 2.0), in the version of the Dockerfile. */
export const lambdaAdapter = join(cache, `lambda-adapter-${adapterVersion}`, 'lambda-adapter')

/** Builds Lambda's web adapter where it is not there yet. @returns why there is none, undefined where there is one. */
function buildLambdaAdapter(): string | undefined {
  return build(lambdaAdapter, 'cargo', [
    'install',
    'lambda_web_adapter',
    '--version',
    adapterVersion!,
    '--locked',
  ])
}

function build(program: string, tool: 'go' | 'cargo', args: string[]): string | undefined {
  if (existsSync(program)) return undefined
  if (spawnSync(tool, ['version']).error) return `there is no ${tool} to build it with`
  console.error(`test-parts: building ${basename(program)}, two minutes once`)
  mkdirSync(cache, { recursive: true })
  const temporary = mkdtempSync(join(cache, 'step-'))
  try {
    const built = spawnSync(tool, args, {
      env: { ...env, GOBIN: join(temporary, 'bin'), CARGO_INSTALL_ROOT: temporary },
      encoding: 'utf8',
    })
    if (built.status !== 0) {
      return `${tool} install failed:\n${built.stderr.trimEnd().split('\n').slice(-5).join('\n')}`
    }
    rmSync(dirname(program), { recursive: true, force: true })
    renameSync(join(temporary, 'bin'), dirname(program))
    return undefined
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

const requirements = fileURLToPath(new URL('test-requirements.txt', import.meta.url))
const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 10)
const environment = join(cache, `python-${hash}`)
/** Written when everything is installed: an environment cannot be made elsewhere and renamed. */
const whole = join(environment, 'whole')

/** A Python with moto (https://github.com/getmoto/moto, Apache 2.0) and cfn-lint (MIT-0). */
export const awsPython = join(environment, 'bin/python')
export const cfnLint = join(environment, 'bin/cfn-lint')
export const hasAwsPython = (): boolean => existsSync(whole)

/** Makes the environment where it is not there yet. @returns why there is none, undefined where there is one. */
function buildAwsPython(): string | undefined {
  if (hasAwsPython()) return undefined
  console.error('test-parts: installing AWS’s control plane (moto) and cfn-lint, a minute once')
  mkdirSync(cache, { recursive: true })
  rmSync(environment, { recursive: true, force: true })
  for (const [command, args] of [
    ['python3', ['-m', 'venv', environment]],
    [awsPython, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]],
  ] as const) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) {
      rmSync(environment, { recursive: true, force: true })
      return `${command} failed:\n${error?.message ?? stderr.trimEnd().split('\n').slice(-5).join('\n')}`
    }
  }
  writeFileSync(whole, '')
  return undefined
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const parts = {
    'S3 server': buildS3Server(),
    'image registry': buildImageRegistry(),
    'Lambda web adapter': buildLambdaAdapter(),
    'control plane of AWS': buildAwsPython(),
    OpenSearch: await buildOpenSearch(),
  }
  let missing = 0
  for (const [name, reason] of Object.entries(parts)) {
    if (reason === undefined) continue
    missing++
    console.error(`test-parts: no ${name}, its tests are skipped: ${reason}`)
  }
  if (missing === 0) console.error('test-parts: ready')
  exit(missing === 0 ? 0 : 1)
}
