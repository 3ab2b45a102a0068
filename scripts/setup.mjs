#!/usr/bin/env node
// Fetches what a checkout needs: `npm run setup`. Where the package is installed from a registry, npm brings all but
// libxgboost, and `npx ranker-setup` fetches that. Each step looks first whether it is done, and makes its
// result under another name before moving it into place, so a set-up may be killed at any moment and run
// again. npm and pip run as the user has configured them: registry, index, proxy and CA are theirs.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { releaseLock, shareLock, takeLock } from './lock.mjs'
import {
  bundler,
  cache,
  cachedNode,
  fileState,
  findNode,
  installRecord,
  isBundleFresh,
  minimumNode,
  nodeFolder,
  nodePackages,
  nodeVersion,
  root,
  workerBundle,
  workerRecord,
  workerSource,
  xgboostFolder,
  xgboostLibrary,
  xgboostVersion,
} from './runtime.mjs'

/** Something that the user can put right. Its message is all they need to see. */
class SetupError extends Error {}

const { platform, arch, env, versions } = process

const modules = join(root, 'node_modules')
const requirements = join(root, 'scripts', 'xgboost-requirements.txt')
const temporary = join(cache, 'tmp')

// tap's build lies in the package that it changes, and an install removes both along with this stamp.
const tapStamp = join(modules, '@tapjs', 'test', 'test-built', '.setup-stamp')

/** What npm and pip say when nobody answers them, among much that misleads. */
const unreachable =
  /\b(EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b|Failed to establish a new connection|Name or service not known|Connection refused|timed out/

const isCheckout = existsSync(join(root, 'package-lock.json'))

const xgboost = { says: `fetching libxgboost ${xgboostVersion}`, isDone: hasXgboost, run: fetchXgboost }
const checkout = [
  {
    says: `fetching Node ${nodeVersion}, since ${versions.node} does not run TypeScript`,
    isDone: () => findNode() !== undefined,
    run: fetchNode,
  },
  { says: 'installing the packages', isDone: hasPackages, run: installPackages },
  xgboost,
  { says: 'building the test runner', isDone: hasTapBuild, run: buildTap },
  { says: 'bundling the server', isDone: isBundleFresh, run: bundleWorker },
]
const steps = isCheckout ? checkout : [xgboost]

try {
  if (!steps.every((step) => step.isDone())) await setUp()
} catch (error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
  // An error with a code is the file system's: a full disk, a folder that may not be written.
  if (!(error instanceof SetupError) && code === undefined) throw error
  say(message)
  process.exitCode = 1
}

async function setUp() {
  mkdirSync(cache, { recursive: true })
  await takeLock(() => say('waiting for another set-up of this folder to end'))
  try {
    rmSync(temporary, { recursive: true, force: true })
    for (const step of steps) {
      if (step.isDone()) continue
      say(step.says)
      await step.run()
    }
    say('ready')
  } finally {
    rmSync(temporary, { recursive: true, force: true })
    releaseLock()
  }
}

// Node

async function fetchNode() {
  const reason = unsupported()
  if (reason) {
    throw new SetupError(
      `Node ${minimumNode} or later is needed and this is ${versions.node}. One can be fetched for Linux ` +
        `with glibc on x64 and arm64 only, and this is ${reason}: install it, or use the container image.`,
    )
  }
  const { name, integrity } = nodePackages[arch]
  const folder = makeTemporary()
  await npm('pack', `${name}@${nodeVersion}`, '--pack-destination', folder)
  const archive = join(folder, `${name}-${nodeVersion}.tgz`)
  if (`sha512-${hash(archive, 'sha512', 'base64')}` !== integrity) {
    throw new SetupError(
      `what npm gave as ${name}@${nodeVersion} is not the package pinned in scripts/runtime.mjs: ` +
        'its sha512 differs.',
    )
  }
  await run('tar', ['-xzf', archive, '-C', folder, 'package/bin/node', 'package/LICENSE'])
  await run(join(folder, 'package', 'bin', 'node'), ['--version'])
  moveInto(nodeFolder, join(folder, 'package'))
}

// Packages

/**
 * Whether node_modules holds what package-lock.json lists for this platform. npm's own record is asked, so an
 * install by hand counts, and one without the development packages does not.
 * @returns {boolean}
 */
function hasPackages() {
  const installed = readInstalled()
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(
    ([path, { version, integrity }]) => {
      const found = installed[path]
      return found?.version === version && (integrity === undefined || found.integrity === integrity)
    },
  )
}

function readInstalled() {
  try {
    return readPackages(installRecord)
  } catch {
    // Not there, or cut short.
    return {}
  }
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} Installed
 * @typedef {Installed & { os?: string[], cpu?: string[], libc?: string[] }} Package
 * @param {string} file a lockfile of npm
 * @returns {Record<string, Package>} the packages that belong on this platform, by path
 */
function readPackages(file) {
  /** @type {{ packages: Record<string, Package> }} */
  const { packages } = JSON.parse(readFileSync(file, 'utf8'))
  return Object.fromEntries(Object.entries(packages).filter(([path, entry]) => path !== '' && belongs(entry)))
}

/**
 * npm leaves out an optional package where it does not fit, for more reasons than are looked at here. So only
 * one that names this very platform is counted on.
 * @param {Package} entry
 * @returns {boolean}
 */
function belongs({ optional, os, cpu, libc }) {
  return !optional || Boolean(os?.includes(platform) && cpu?.includes(arch) && !libc)
}

async function installPackages() {
  // If this is killed half-way, the old record must not speak for what is left of node_modules.
  rmSync(installRecord, { force: true })
  // All packages are wanted in the usual layout, whatever NODE_ENV and the user's settings say. None needs
  // its install script, and they will not run under the Node that installs them.
  const wanted = ['--include=dev', '--include=optional', '--include=peer', '--install-strategy=hoisted']
  await npm('ci', ...wanted, '--ignore-scripts', '--no-engine-strict', '--no-audit', '--no-fund')
  if (!hasPackages()) {
    throw new SetupError(
      'npm ci succeeded, but node_modules does not hold what package-lock.json lists: ' +
        'look through your own npm settings, which `npm config ls` shows.',
    )
  }
}

/**
 * Runs npm under the Node that it came with: under the fetched one it would look in the wrong place for its
 * global settings, such as a mirror or a CA.
 * @param {string[]} args
 */
async function npm(...args) {
  const { npm_execpath: cli = '', npm_node_execpath: node = process.execPath, PATH = '' } = env
  const path = PATH.split(delimiter).filter((folder) => folder !== dirname(cachedNode))
  // pnpm and yarn put themselves into npm_execpath.
  const command = basename(cli) === 'npm-cli.js' && existsSync(cli) ? [node, cli] : ['npm']
  await run(command[0], [...command.slice(1), ...args, '--no-dry-run', '--no-progress', '--loglevel=error'], {
    name: `npm ${args[0]}`,
    env: { ...env, PATH: path.join(delimiter) },
    missing: 'npm is not there: install Node with npm.',
    hint: 'npm used your own settings (registry, proxy, cafile), which `npm config ls` shows.',
  })
}

// libxgboost

function hasXgboost() {
  return Boolean(env.RANKER_XGBOOST_LIB) || existsSync(xgboostLibrary)
}

async function fetchXgboost() {
  const reason = unsupported()
  if (reason) {
    throw new SetupError(
      `libxgboost ${xgboostVersion} can be fetched for Linux with glibc on x64 and arm64 only, and this is ` +
        `${reason}: use the container image, or set RANKER_XGBOOST_LIB to a libxgboost of that version.`,
    )
  }
  const [pip, ...module] = await findPip()
  const folder = makeTemporary()
  // pip is told what the wheel is for, because it asks for a newer Python than there may be. Only its library
  // is used.
  const machine = `manylinux_2_28_${arch === 'x64' ? 'x86_64' : 'aarch64'}`
  const target = [`--platform=${machine}`, '--python-version=3.13', '--implementation=py', '--abi=none']
  const pinned = ['--require-hashes', '--no-deps', '--only-binary=:all:', '-r', requirements]
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check']
  await run(pip, [...module, 'download', ...target, ...pinned, ...quiet, '-d', folder], {
    name: 'pip download',
    // The user's guard against installing outside a virtual environment; nothing is installed.
    env: { ...env, PIP_REQUIRE_VIRTUALENV: '0' },
    hint: 'pip used your own settings (index-url, proxy, cert), which `pip config list` shows.',
  })
  moveInto(xgboostFolder, await unpackWheel(folder))
}

/** @returns {Promise<string[]>} the first pip that will do, as a command line */
async function findPip() {
  let reason = 'there is no pip: install Python 3 with pip'
  for (const pip of [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']]) {
    // Python without pip, or none: the next name may do.
    const said = await run(pip[0], [...pip.slice(1), '--version']).catch(() => undefined)
    if (said === undefined) continue
    const [, version, major, minor] = /^pip ((\d+)\.(\d+)\S*)/m.exec(said) ?? []
    if (version === undefined || Number(major) > 19 || (Number(major) === 19 && Number(minor) >= 3))
      return pip
    // Older ones cannot be told of a Python that they do not run under, and find no wheel.
    reason = `${pip.join(' ')} is ${version}: upgrade it to pip 19.3 or later`
  }
  throw new SetupError(
    `libxgboost ${xgboostVersion} comes in a Python package and ${reason}, or set RANKER_XGBOOST_LIB to a ` +
      'libxgboost of that version.',
  )
}

/**
 * @param {string} folder holds the wheel
 * @returns {Promise<string>} a folder with the library, what it links to, and the licence
 */
async function unpackWheel(folder) {
  const name = readdirSync(folder).find((file) => file.endsWith('.whl'))
  if (name === undefined) throw new SetupError('pip download succeeded, but left no wheel.')
  // pip has compared the hash as well, if it is a real pip.
  if (!readFileSync(requirements, 'utf8').includes(hash(join(folder, name), 'sha256', 'hex'))) {
    throw new SetupError(
      `what pip gave as ${name} is not the file pinned in scripts/xgboost-requirements.txt: ` +
        'its sha256 differs.',
    )
  }
  const { unzipSync } = await import('fflate')
  const wanted = /^(xgboost\/lib\/libxgboost\.so|xgboost_cpu\.libs\/.+|.+\.dist-info\/licenses\/.+)$/
  const files = unzipSync(readFileSync(join(folder, name)), { filter: (file) => wanted.test(file.name) })
  const unpacked = join(folder, 'unpacked')
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(unpacked, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  return unpacked
}

// The test runner

function hasTapBuild() {
  return existsSync(tapStamp) && readFileSync(tapStamp, 'utf8') === tapSettings()
}

/** @returns {string} what tap's build depends on: it holds absolute links, so a moved folder needs another */
function tapSettings() {
  return `${root}\n${readFileSync(join(root, '.taprc'), 'utf8')}`
}

/**
 * .taprc leaves out a plugin that tap comes built with. tap would notice by itself in its first run, but fail
 * that run.
 */
async function buildTap() {
  await run(findNode() ?? process.execPath, [join(modules, '.bin', 'tap'), 'build'], { name: 'tap build' })
  writeFileSync(tapStamp, tapSettings())
}

// The server

/** Only a faster start depends on it: the sources serve as well. */
async function bundleWorker() {
  const { bundle } = await import('./bundle.mjs')
  mkdirSync(dirname(workerBundle), { recursive: true })
  const files = await bundle(workerSource, workerBundle)
  // npm's record stands for the packages.
  const sources = [installRecord, bundler, ...files.filter((file) => !file.startsWith(modules))]
  const made = Object.fromEntries(sources.map((file) => [relative(root, file), fileState(file)]))
  const record = join(makeTemporary(), 'sources.json')
  writeFileSync(record, JSON.stringify(made))
  renameSync(record, workerRecord)
}

// Shared by the steps

/** @returns {string | undefined} what this machine is, when the binaries pinned here do not run on it */
function unsupported() {
  if (platform !== 'linux' || !(arch in nodePackages)) return `${platform} on ${arch}`
  /** @type {any} Node's types lag behind here */
  const report = process.report
  // Else it looks up the name of every open connection.
  report.excludeNetwork = true
  const glibc = report.getReport().header.glibcVersionRuntime
  if (glibc === undefined) return 'Linux without glibc'
  const [major, minor] = glibc.split('.').map(Number)
  return major > 2 || minor >= 28 ? undefined : `Linux with glibc ${glibc}, older than 2.28`
}

/**
 * Runs a command quietly to its end, and throws with its last words when it fails.
 * @returns {Promise<string>} what it printed
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.name] the command's name in messages
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {string} [options.missing] what to say when it is not there
 * @param {string} [options.hint] what to add when it fails
 */
async function run(command, args, options = {}) {
  const { name = command, missing = `${command} is not there: install it.`, hint = '' } = options
  const child = spawn(command, args, { cwd: root, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.pid !== undefined) shareLock(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  const [code, signal] = await once(child, 'close').catch((error) => {
    throw error.code === 'ENOENT' ? new SetupError(missing) : error
  })
  if (code === 0) return output
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const last = lines.slice(-12).map((line) => `  ${line}`)
  const how = signal ?? `exit code ${code}`
  const why = unreachable.test(output) ? ' there is no network, or no way to the registry' : ''
  throw new SetupError([`${name} failed (${how}):${why}`, ...last, hint].join('\n').trimEnd())
}

/** @param {string} text */
function say(text) {
  // stdout belongs to the command that set-up precedes: npm test prints TAP.
  console.error(`setup: ${text}`)
}

/** @returns {string} an empty folder, from which a rename into the cache is one step */
function makeTemporary() {
  mkdirSync(temporary, { recursive: true })
  return mkdtempSync(join(temporary, 'step-'))
}

/**
 * @param {string} place
 * @param {string} made
 */
function moveInto(place, made) {
  rmSync(place, { recursive: true, force: true })
  renameSync(made, place)
}

/**
 * @param {string} file
 * @param {'sha256' | 'sha512'} algorithm
 * @param {'hex' | 'base64'} encoding
 */
function hash(file, algorithm, encoding) {
  return createHash(algorithm).update(readFileSync(file)).digest(encoding)
}
