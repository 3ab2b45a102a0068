import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { s3Server } from '../../scripts/test-parts.ts'
import { emptyFolder } from './model.ts'

/** Why tests against S3 cannot run here, for tap's `skip`; false where they can. */
export const noS3Server: string | false =
  !existsSync(s3Server) &&
  'there is no S3 server here: node scripts/launch.mjs scripts/test-parts.ts builds it, with Go'

export interface S3Server {
  readonly port: number
  /** Buckets are its folders, objects the files below. */
  readonly folder: string
  /** What a client needs: endpoint, region and credentials. */
  readonly env: Record<string, string>
}

/** Starts a real S3 server over an empty folder; it ends after the test. */
export async function startS3(t: Test): Promise<S3Server> {
  const root = emptyFolder(t)
  const [folder, metadata] = [join(root, 'buckets'), join(root, 'metadata')]
  for (const path of [folder, metadata]) mkdirSync(path)
  const port = await freePort()
  const child = spawn(
    s3Server,
    ['--quiet', '--port', `127.0.0.1:${port}`, 'posix', '--sidecar', metadata, folder],
    { env: { ROOT_ACCESS_KEY: 'test-key', ROOT_SECRET_KEY: 'test-secret' }, stdio: 'ignore' },
  )
  t.teardown(() => child.kill('SIGKILL'))
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 100) throw new Error('the S3 server does not answer')
    await sleep(50)
  }
  return { port, folder, env: s3Env(port) }
}

export function s3Env(port: number): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test-key',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

export function makeBucket({ folder }: S3Server, name: string): string {
  mkdirSync(join(folder, name))
  return join(folder, name)
}

/**
 * A proxy that cuts each of its first connections once so many bytes of answers have passed, as `cuts` says.
 * `onCut` runs before the client sees its connection cut.
 */
export async function cuttingProxy(
  t: Test,
  target: number,
  cuts: number[],
  onCut: () => Promise<void> = async () => {},
): Promise<{ port: number; requests: () => string }> {
  let seen = ''
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk) => {
      seen += chunk.toString('latin1')
      upstream.write(chunk)
    })
    let passed = 0
    upstream.on('data', (chunk) => {
      passed += chunk.length
      const cut = cuts[0]
      if (cut !== undefined && passed >= cut) {
        cuts.shift()
        upstream.destroy()
        client.write(chunk.subarray(0, chunk.length - (passed - cut)), async () => {
          await onCut()
          client.destroy()
        })
        return
      }
      client.write(chunk)
    })
    client.on('close', () => upstream.destroy())
    upstream.on('end', () => client.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, requests: () => seen }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
