// Runs a file of this repository under a Node that runs TypeScript: this one, or the one that setup.mjs
// fetched. It is started by any Node from 20 and downloads nothing.
//
//     node scripts/launch.mjs FILE [ARGUMENT…]
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { delimiter, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { cache, findNode, installRecord, isBundleFresh, minimumNode, root, workerBundle } from './runtime.mjs'

const here = fileURLToPath(import.meta.url)

/** Entries that end in their own way when they are told to, once they are loaded. */
const trapping = ['src/cli/main.ts', 'container/job.mjs']
const holdMs = 20

/**
 * Runs `entry` with `args` as its command line, in this process where its Node will do.
 * @param {string} entry a file, relative to the repository's root
 * @param {string[]} args
 * @returns {Promise<void>}
 */
export async function launch(entry, args) {
  const file = resolve(root, entry)
  if (trapping.includes(relative(root, file))) holdSignals()
  const node = findNode()
  if (node === undefined) {
    refuse(`Node ${minimumNode} or later is needed to run TypeScript, and this is ${process.versions.node}`)
  } else if (!existsSync(installRecord)) {
    refuse('the packages are not installed')
  } else if (node === process.execPath) {
    endWithLauncher()
    keepCompiled()
    if (args[0] === 'serve') process.env.RANKER_SERVE_WORKER = isBundleFresh() ? workerBundle : ''
    process.argv = [node, file, ...args]
    await import(pathToFileURL(file).href)
  } else {
    relaunch(node, file, args)
  }
}

/**
 * A signal that comes while modules load would end the process by its default, without a word. It is held until somebody
 * listens.
 */
function holdSignals() {
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
    const hold = () => {
      if (process.listenerCount(signal) === 1) setTimeout(() => process.emit(signal), holdMs)
    }
    process.on(signal, hold)
  }
}

/**
 * Keeps what Node makes of the sources, for the next process to start in half the time: the types are stripped and the
 * code is compiled. Where the folder cannot be written, as in an image, what is there is read.
 */
function keepCompiled() {
  process.env.NODE_COMPILE_CACHE ??= join(cache, 'compiled')
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
}

/** @param {string} reason */
function refuse(reason) {
  console.error(`two-stage-ranking: ${reason}: run npm run setup first`)
  process.exitCode = 1
}

/**
 * Starts this launcher again under `node` and stands for that process: signals go down, the exit code comes
 * up. The child leads a process group of its own, because what signals our whole group (Ctrl-C, timeout)
 * would reach it a second time through us, and a second signal often means "at once".
 * @param {string} node
 * @param {string} file
 * @param {string[]} args
 */
function relaunch(node, file, args) {
  const child = spawn(node, [here, file, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) },
  })
  /** @type {NodeJS.Signals[]} */
  const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP']
  for (const name of forwarded) process.on(name, () => child.kill(name))
  child.on('error', (error) => {
    console.error(`two-stage-ranking: ${node} cannot be started: ${error.message}`)
    process.exitCode = 1
  })
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1)
  })
}

/**
 * A launcher that is killed outright (SIGKILL) cannot pass anything on. Its channel closes all the same, and
 * the process that it started then ends as if it had been told to.
 */
function endWithLauncher() {
  if (!process.connected) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // @ts-expect-error: the channel is there while connected; it must not keep the process from ending
  process.channel.unref()
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === here) {
  const [entry, ...args] = process.argv.slice(2)
  if (entry === undefined) {
    console.error('usage: node scripts/launch.mjs FILE [ARGUMENT…]')
    process.exitCode = 1
  } else {
    await launch(resolve(entry), args)
  }
}
