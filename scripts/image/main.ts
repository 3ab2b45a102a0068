// The container images: builds them, says what they weigh and what is in them, lints and tests them.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { argv, env, execPath, exit, getuid } from 'node:process'
import { parseArgs } from 'node:util'
import { root } from '../runtime.mjs'
import { adapterImage, nodeImage } from './base-images.ts'
import { build, imageName, TARGETS, type Target } from './build.ts'
import { type Engine, findEngine, outputOf, run, succeeds } from './engine.ts'
import { runInside } from './inside.ts'
import { lint } from './lint.ts'
import { sizeReport } from './size.ts'

const USAGE = `Usage: npm run image -- COMMAND [TARGET…]

  build   builds the targets (default sagemaker); --arch amd64|arm64, --cold runs every step anew
  size    what the images weigh, by layer and by package
  sbom    what is in an image, as CycloneDX JSON on stdout
  lint    hadolint over the Dockerfile
  test    builds all targets and runs test/container against them (npm run test:image)

Targets: ${TARGETS.join(', ')}. NODE_IMAGE and ADAPTER_IMAGE in the environment name images to build upon.
`

const { values, positionals } = parseArgs({
  args: argv.slice(2),
  allowPositionals: true,
  options: { arch: { type: 'string' }, cold: { type: 'boolean' } },
})
const [command, ...named] = positionals
const targets = (named.length > 0 ? named : ['sagemaker']) as Target[]
const wrong = targets.find((target) => !TARGETS.includes(target))
const wrongArch = values.arch !== undefined && !['amd64', 'arm64'].includes(values.arch)

try {
  if (wrong !== undefined) refuse(`there is no target ${wrong}, only ${TARGETS.join(', ')}`)
  else if (wrongArch) refuse(`--arch is ${values.arch} and must be amd64 or arm64`)
  else if (command === 'build') buildAll(targets)
  else if (command === 'size')
    for (const target of targets) console.log(sizeReport(engine(), imageName(target)))
  else if (command === 'sbom')
    console.log(runInside(engine(), imageName(targets[0]!), 'inside-parts.mjs').trimEnd())
  else if (command === 'lint') lint()
  else if (command === 'test') exit(test())
  else refuse(command === undefined ? USAGE : `unknown command ${JSON.stringify(command)}\n\n${USAGE}`)
} catch (error) {
  console.error(`image: ${(error as Error).message}`)
  exit(1)
}

function refuse(sentence: string): never {
  console.error(sentence)
  exit(64)
}

function engine(): Engine {
  const found = findEngine()
  if (!found) throw new Error('neither docker (with its daemon) nor podman answers: install one of them')
  return found
}

function buildAll(targets: readonly Target[]): void {
  for (const target of targets) {
    const seconds = build(engine(), target, values)
    console.error(`image: built ${imageName(target, values.arch)} in ${seconds.toFixed(0)} s`)
  }
}

/** Builds the images and runs the tests against them, or says loudly why not, in the tests' own form. @returns the exit code. */
function test(): number {
  const reason = whyNoContainers()
  if (reason !== undefined) {
    console.error(`\n  THE IMAGE IS NOT TESTED: ${reason}\n`)
    console.log(`TAP version 14\nok 1 - the image # SKIP ${reason}\n1..1\n# { total: 1, skip: 1 }`)
    return 0
  }
  lint()
  const hasAdapter = adapterImage(engine()) !== undefined
  buildAll(TARGETS.filter((target) => target !== 'lambda' || hasAdapter))
  // Named one by one, since .taprc leaves the folder out.
  const folder = join(root, 'test', 'container')
  const files = readdirSync(folder).map((name) => join(folder, name))
  const args = ['node_modules/.bin/tap', 'run', '--jobs=1', ...files]
  const tap = spawnSync(execPath, args, { cwd: root, stdio: 'inherit' })
  return tap.status ?? 1
}

/** @returns what keeps containers from running here, undefined where they do */
function whyNoContainers(): string | undefined {
  if (!findEngine()) {
    // On somebody's own machine nothing is installed unasked.
    if (!env.CI || getuid?.() !== 0 || !succeeds('apt-get', ['--version'])) {
      return 'neither docker (with its daemon) nor podman answers'
    }
    const packages = ['podman', 'buildah', 'runc', 'debootstrap']
    try {
      run('apt-get', ['update', '-qq'])
      run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
        env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
      })
    } catch (error) {
      return `podman cannot be installed: ${(error as Error).message}`
    }
  }
  const found = findEngine()
  if (!found) return 'podman was installed and does not answer'
  const node = nodeImage(found)
  try {
    outputOf(found.command, [
      'run',
      '--rm',
      '--network=none',
      ...found.runFlags,
      '--entrypoint=node',
      node,
      '-p',
      '1',
    ])
    return undefined
  } catch (error) {
    return `the kernel refuses containers: ${(error as Error).message.split('\n').at(-1)}`
  }
}
