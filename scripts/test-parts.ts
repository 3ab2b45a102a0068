// Builds the real programs that tests start and that no npm package brings: an S3 server by the host's Go, and Lambda's
// web adapter by its cargo. They are kept outside of the repository, so that one build serves every clone.
//
//     node scripts/launch.mjs scripts/test-parts.ts
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { argv, env, exit } from 'node:process'
import { fileURLToPath } from 'node:url'

const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'two-stage-ranking')

const s3Version = '1.8.0'
/** Versity's S3 gateway over a folder: https://github.com/versity/versitygw (Apache 2.0). */
export const s3Server = join(cache, `versitygw-${s3Version}`, 'versitygw')

const dockerfile = readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8')
const [, adapterVersion] = /lambda_web_adapter --version (\S+)/.exec(dockerfile)!
/** https://github.com/awslabs/aws-lambda-web-adapter (Apache 2.0), in the version of the Dockerfile. */
export const lambdaAdapter = join(cache, `lambda-adapter-${adapterVersion}`, 'lambda-adapter')

interface Part {
  readonly name: string
  readonly file: string
  readonly tool: 'go' | 'cargo'
  readonly what: readonly string[]
}

const parts: readonly Part[] = [
  {
    name: 'S3 server (versitygw)',
    file: s3Server,
    tool: 'go',
    what: [`github.com/versity/versitygw/cmd/versitygw@v${s3Version}`],
  },
  {
    name: 'Lambda web adapter',
    file: lambdaAdapter,
    tool: 'cargo',
    what: ['lambda_web_adapter', '--version', adapterVersion!, '--locked'],
  },
]

/** Builds a part where it is not there yet. @returns why there is none, undefined where there is one. */
function build({ name, file, tool, what }: Part): string | undefined {
  if (existsSync(file)) return undefined
  if (spawnSync(tool, ['version']).error) return `there is no ${tool} to build it with`
  console.error(`test-parts: building the ${name}, two minutes once`)
  mkdirSync(cache, { recursive: true })
  const temporary = mkdtempSync(join(cache, 'step-'))
  try {
    const built = spawnSync(tool, ['install', ...what, ...(tool === 'cargo' ? ['--root', temporary] : [])], {
      env: { ...env, GOBIN: join(temporary, 'bin') },
      encoding: 'utf8',
    })
    if (built.status !== 0) {
      return `${tool} install failed:\n${built.stderr.trimEnd().split('\n').slice(-5).join('\n')}`
    }
    rmSync(dirname(file), { recursive: true, force: true })
    renameSync(join(temporary, 'bin'), dirname(file))
    return undefined
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  let isComplete = true
  for (const part of parts) {
    const reason = build(part)
    if (reason === undefined) continue
    isComplete = false
    console.error(`test-parts: no ${part.name}, its tests are skipped: ${reason}`)
  }
  if (isComplete) console.error('test-parts: ready')
  exit(isComplete ? 0 : 1)
}
