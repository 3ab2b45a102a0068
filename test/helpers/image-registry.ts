import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { imageRegistry } from '../../scripts/test-parts.ts'
import { emptyFolder } from './model.ts'

/** Why images cannot be pushed here, for tap's `skip`; false where they can. */
export const noRegistry: string | false =
  (!existsSync(imageRegistry) &&
    'there is no registry of images here: node scripts/launch.mjs scripts/test-parts.ts builds it, with Go') ||
  (spawnSync('buildah', ['info']).status !== 0 && 'buildah does not work here') ||
  (spawnSync('openssl', ['version']).status !== 0 && 'there is no openssl to make a certificate with')

export interface Registry {
  /** Where a manifest or a blob is read without a password. */
  readonly url: string
  /** What leads buildah there, and keeps what it builds to a folder of its own. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * A real registry under a host name of AWS's: TLS with a certificate for it, behind the user name and the password that
 * it takes. Tools come by it as by a proxy, so that they are run with the very name that is theirs on AWS.
 */
export async function startRegistry(t: Test, host: string, password: string): Promise<Registry> {
  const folder = emptyFolder(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=registry']
  spawnSync('openssl', [...made, '-keyout', key, '-out', cert, '-addext', `subjectAltName=DNS:${host}`])
  const port = await freePort()
  const child = spawn(imageRegistry, ['-port', String(port)], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 200; tries++) {
    if (
      await fetch(`${url}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break
    await sleep(25)
  }

  const wanted = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`
  const answer = (incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end()
      return
    }
    const { method, headers, url: path } = incoming
    const inner = request({ host: '127.0.0.1', port, path, method, headers }, (from) => {
      response.writeHead(from.statusCode!, from.headers)
      from.pipe(response)
    })
    inner.on('error', () => response.destroy())
    incoming.pipe(inner)
  }
  const secure = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer)
  const proxy = createServer().on('connect', ({ url }: IncomingMessage, client: Socket) => {
    if (url !== `${host}:443`) return client.destroy()
    const socket = connect((secure.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(socket).pipe(client)
    })
    for (const one of [client, socket]) one.on('error', () => one.destroy())
  })
  for (const server of [secure, proxy]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
  }
  const storage = join(folder, 'storage.conf')
  writeFileSync(
    storage,
    `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/images"\nrunroot = "${folder}/run"\n`,
  )
  const env = {
    HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    NO_PROXY: '',
    SSL_CERT_FILE: cert,
    CONTAINERS_STORAGE_CONF: storage,
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
  }
  return { url, env }
}
