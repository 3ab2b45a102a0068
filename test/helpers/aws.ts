import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { awsPython, hasAwsPython } from '../../scripts/test-parts.ts'
import type { PrintedCall } from '../../src/aws/plan.ts'
import { createLog } from '../../src/serving/log.ts'
import { buildServer } from '../../src/serving/server.ts'
import { noS3Server, type S3Server, startS3 } from './s3-server.ts'

const folder = join(import.meta.dirname, '../aws')

/** Why tests against AWS's stand-ins cannot run here, for tap's `skip`; false where they can. */
export const noAws: string | false =
  noS3Server ||
  (!hasAwsPython() &&
    'there is no control plane of AWS here: node scripts/launch.mjs scripts/test-parts.ts installs it, with Python')

export interface Aws {
  readonly s3: S3Server
  /** Starts from an empty account, with the image pushed. */
  reset(): Promise<void>
  /** What the next descriptions say, by operation: the last one stays. */
  control(answers: Readonly<Record<string, readonly object[]>>): Promise<void>
  /** Makes the nth call from now that changes something fail after it was done; 0 lets all of them pass. */
  crash(nth: number): Promise<void>
  /** Makes calls fail, by operation: AWS's code and text, and the status. */
  refuse(
    errors: Readonly<Record<string, readonly [code: string, text: string, status: number]>>,
  ): Promise<void>
  /** What is in the account. */
  state(): Promise<Record<string, unknown>>
  /** The variables that lead the SDK to the stand-ins. */
  readonly env: Readonly<Record<string, string>>
}

/** Starts an account of AWS: moto for the control plane, a real S3 server. The SDK of this process is led to both. */
export async function startAws(t: Test): Promise<Aws> {
  const [s3, port] = [await startS3(t), await freePort()]
  const child = spawn(awsPython, [join(folder, 'moto_server.py'), String(port)], {
    stdio: ['ignore', 'ignore', process.env.MOTO_LOG ? 'inherit' : 'ignore'],
    env: { ...process.env, MOTO_ECR_REPOSITORY_DEFAULT: '' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    if (
      await fetch(`${url}/moto-api/reset`, { method: 'POST' }).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break
    if (tries === 600) throw new Error('moto does not answer')
    await sleep(50)
  }
  const services = [
    'SAGEMAKER',
    'IAM',
    'STS',
    'ECR',
    'APPLICATION_AUTO_SCALING',
    'CLOUDWATCH',
    'CLOUDWATCH_LOGS',
  ]
  const env = {
    ...s3.env,
    ...Object.fromEntries(services.map((service) => [`AWS_ENDPOINT_URL_${service}`, url])),
  }
  Object.assign(process.env, env)
  return {
    s3,
    env,
    async reset() {
      await fetch(`${url}/moto-api/reset`, { method: 'POST' })
    },
    async crash(nth) {
      await fetch(`${url}/crash`, { method: 'PUT', body: String(nth) })
    },
    async refuse(errors) {
      await fetch(`${url}/refuse`, { method: 'PUT', body: JSON.stringify(errors) })
    },
    async state() {
      return (await (await fetch(`${url}/state`)).json()) as Record<string, unknown>
    },
    async control(answers) {
      await fetch(`${url}/control`, { method: 'PUT', body: JSON.stringify(answers) })
    },
  }
}

/** A real server for a model behind the endpoints: the SDK of this process sends its queries there. */
export async function startRuntime(t: Test, modelPath: string): Promise<string> {
  const log = createLog('fatal', process.stderr)
  const app = buildServer({ modelPath, bodyLimit: 1 << 20, log })
  await app.load()
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  process.env.AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME = url
  return url
}

/** What botocore's models find wrong with requests; empty where nothing is. */
export function faultsOf(calls: readonly PrintedCall[]): string {
  const { stdout, stderr } = spawnSync(awsPython, [join(folder, 'validate_requests.py')], {
    input: JSON.stringify(calls),
    encoding: 'utf8',
  })
  return `${stdout}${stderr}`.trim()
}
