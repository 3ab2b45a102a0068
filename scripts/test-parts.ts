// Builds the real servers and tools that tests start and that no npm package brings: an S3 server, by the host's Go;
// AWS's control plane with the linter of its templates, by the host's Python; OpenSearch, by its Java and Maven. They are
// kept outside of the repository, so that one build serves every clone.
//
//     node scripts/launch.mjs scripts/test-parts.ts

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { argv, env, exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { buildOpenSearch } from './opensearch-part.ts'

const version = '1.8.0'
const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'two-stage-ranking')

/** Versity's S3 gateway over a folder: https://github.com/versity/versitygw (Apache 2.0). */
export const s3Server = join(cache, `versitygw-${version}`, 'versitygw')

/** Builds the S3 server where it is not there yet. @returns why there is none, undefined where there is one. */
function buildS3Server(): string | undefined {
  if (existsSync(s3Server)) return undefined
  if (spawnSync('go', ['version']).status !== 0) return 'there is no Go to build it with'
  console.error('test-parts: building the S3 server (versitygw), two minutes once')
  mkdirSync(cache, { recursive: true })
  const temporary = mkdtempSync(join(cache, 'step-'))
  try {
    const built = spawnSync('go', ['install', `github.com/versity/versitygw/cmd/versitygw@v${version}`], {
      env: { ...env, GOBIN: temporary },
      encoding: 'utf8',
    })
    if (built.status !== 0)
      return `go install failed:\n${built.stderr.trimEnd().split('\n').slice(-5).join('\n')}`
    rmSync(join(s3Server, '..'), { recursive: true, force: true })
    renameSync(temporary, join(s3Server, '..'))
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
