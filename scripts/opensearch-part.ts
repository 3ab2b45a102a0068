// A real node of OpenSearch with k-NN for tests, the demo and benchmarks: fetched by Maven once, run by the host's Java.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { freePort } from './free-port.ts'

const VERSION = '2.19.1'
const sources = join(import.meta.dirname, '../test/parts/opensearch')
const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'two-stage-ranking')
const folder = join(cache, `opensearch-${VERSION}`)
const START_MS = 180_000

/** Whether a node can be started. */
export const hasOpenSearch = (): boolean => existsSync(folder)

/** Fetches and compiles the node where it is not there yet. @returns why there is none, undefined where there is one. */
export async function buildOpenSearch(): Promise<string | undefined> {
  if (hasOpenSearch()) return undefined
  for (const tool of ['java', 'javac', 'mvn']) {
    if (spawnSync(tool, ['-version']).error) return `there is no ${tool}`
  }
  console.error('test-parts: fetching OpenSearch, a minute once')
  mkdirSync(cache, { recursive: true })
  const temporary = mkdtempSync(join(cache, 'step-'))
  const run = (command: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: temporary, encoding: 'utf8' })
    if (status !== 0)
      throw new Error(
        `${command} failed:\n${`${stdout}${stderr}`.trimEnd().split('\n').slice(-5).join('\n')}`,
      )
  }
  try {
    for (const file of ['pom.xml', 'TestNode.java']) copyFileSync(join(sources, file), join(temporary, file))
    run('mvn', '-B', '-q', 'dependency:copy-dependencies', `-DoutputDirectory=${join(temporary, 'lib')}`)
    const plugin = `org.opensearch.plugin:opensearch-knn:${VERSION}.0:zip`
    run('mvn', '-B', '-q', 'dependency:copy', `-Dartifact=${plugin}`, `-DoutputDirectory=${temporary}`)
    await unpack(join(temporary, `opensearch-knn-${VERSION}.0.zip`), join(temporary, 'knn'))
    run('javac', '-nowarn', '-cp', 'lib/*:knn/*', '-d', 'node', 'TestNode.java')
    rmSync(folder, { recursive: true, force: true })
    renameSync(temporary, folder)
    return undefined
  } catch (thrown) {
    return (thrown as Error).message
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** The plugin's own libraries; its native ones are not needed for the Lucene engine. */
async function unpack(archive: string, to: string): Promise<void> {
  const { unzipSync } = await import('fflate')
  const files = unzipSync(readFileSync(archive), { filter: ({ name }) => /^[\w.-]+\.jar$/.test(name) })
  mkdirSync(to)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(to, name), bytes)
}

export interface OpenSearchNode {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Starts a node with data of its own, which is gone when it stops.
 * @param options.isBusy whether it will have much to do. Without Java's second compiler it starts sooner, and needs several
 * times as long for the distances of vectors. @default false
 * @throws {Error} with the end of its log
 */
export async function startOpenSearch({ isBusy = false } = {}): Promise<OpenSearchNode> {
  const home = mkdtempSync(join(tmpdir(), 'opensearch-'))
  const [http, transport] = [await freePort(), await freePort()]
  const classes = ['node', 'lib/*', 'knn/*'].map((part) => join(folder, part)).join(':')
  const options = ['-Xms512m', '-Xmx1g', '-XX:+UseSerialGC', ...(isBusy ? [] : ['-XX:TieredStopAtLevel=1'])]
  const args = [...options, '-cp', classes, 'TestNode', home, String(http), String(transport)]
  const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (log = `${log}${chunk}`.slice(-4000)))
  const ended = once(child, 'exit')
  const stop = async () => {
    child.stdin.end()
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(late)
    rmSync(home, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${http}`
  const deadline = Date.now() + START_MS
  while (!(await isReady(url))) {
    if (child.exitCode === null && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      continue
    }
    await stop()
    throw new Error(`OpenSearch did not start:\n${log}`)
  }
  return { url, pid: pidOf(child), stop }
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('java cannot be started')
  return pid
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/_cluster/health?wait_for_status=green&timeout=1s`).then(
    (response) => response.ok,
    () => false,
  )
}
