// Builds the real servers that tests start and that no npm package brings: an S3 server, by the host's Go. They are
// kept outside of the repository, so that one build serves every clone.
//
//     node scripts/launch.mjs scripts/test-parts.ts
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { argv, env, exit } from 'node:process'
import { fileURLToPath } from 'node:url'

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

if (argv[1] === fileURLToPath(import.meta.url)) {
  const reason = buildS3Server()
  if (reason === undefined) console.error('test-parts: ready')
  else console.error(`test-parts: no S3 server, its tests are skipped: ${reason}`)
  exit(reason === undefined ? 0 : 1)
}
