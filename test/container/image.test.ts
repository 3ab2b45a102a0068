// What is in the images, and what they do with their first argument.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { imageName, type Target } from '../../scripts/image/build.ts'
import { outputOf } from '../../scripts/image/engine.ts'
import { runInside } from '../../scripts/image/inside.ts'
import { addedBytes, layersOf } from '../../scripts/image/size.ts'
import { root } from '../../scripts/runtime.mjs'
import { PRODUCT } from '../../src/version.ts'
import { engine, runContainer } from '../helpers/container.ts'

interface Config {
  readonly Labels: Record<string, string>
  readonly User: string
  readonly Env: string[]
  readonly ExposedPorts: object
  readonly Healthcheck?: { readonly Test: string[] }
}

const inspect = (target: Target) => JSON.parse(outputOf(engine.command, ['inspect', imageName(target)]))[0]
/** Docker has the health check in there, Podman beside it. */
const config = (target: Target): Config => {
  const { Config, Healthcheck } = inspect(target)
  return { User: '', Healthcheck, ...Config }
}

/** A shell in an image, as root. */
const shell = async (t: Parameters<typeof runContainer>[0], target: Target, script: string) => {
  const flags = ['--user=0', '--entrypoint=/bin/sh']
  const { code, stdout, stderr } = await runContainer(t, target, flags, ['-c', script])
  t.equal(code, 0, stderr)
  return stdout
}

t.test('labels, user, port, health check', async (t) => {
  const { Labels, User, ExposedPorts, Healthcheck } = config('sagemaker')
  t.match(Labels, {
    'com.amazonaws.sagemaker.capabilities.multi-models': 'true',
    'com.amazonaws.sagemaker.capabilities.accept-bind-to-port': 'true',
    'org.opencontainers.image.version': PRODUCT.version,
    'org.opencontainers.image.revision': /^([0-9a-f]{40}(-dirty)?|unknown)$/,
  })
  t.match(User, /^(root|0)?$/)
  t.same(ExposedPorts, { '8080/tcp': {} })
  t.notOk(Healthcheck)
  t.match(config('server'), {
    User: '1000:1000',
    Labels: { 'org.opencontainers.image.version': PRODUCT.version },
    Healthcheck: { Test: ['CMD', '/usr/local/bin/node', '/opt/ranker/container/health.mjs'] },
  })
})

for (const [target, limit] of [
  ['sagemaker', 190e6],
  ['server', 110e6],
] as const) {
  t.test(`${target} holds what it runs and no more`, async (t) => {
    const bytes = addedBytes(layersOf(engine, imageName(target)))
    t.comment(`${target} adds ${(bytes / 1e6).toFixed(0)} MB to Node's image`)
    t.ok(bytes > 50e6 && bytes < limit, `${bytes} bytes`)
    const tools = await shell(
      t,
      target,
      'command -v npm npx yarn corepack python3 python pip gcc cc make git; true',
    )
    t.equal(tools, '', 'nothing to install or compile with')
    const trains = target === 'sagemaker'
    const modules = (await shell(t, target, 'ls /opt/ranker/node_modules')).split('\n')
    t.equal(modules.includes('hyparquet'), trains)
    t.equal(modules.includes('linkedom'), trains)
    for (const name of ['tap', 'typescript']) t.notOk(modules.includes(name), name)
    t.equal(await shell(t, target, 'cd /opt/ranker/node_modules/@aws-sdk && ls -d client-*'), 'client-s3\n')
    const shared = await shell(
      t,
      target,
      'find /opt/ranker -name "*.so*" -o -name "*.node" -o -name "*.dll" -o -name "*.dylib"',
    )
    t.equal(shared.trim().split('\n').length, trains ? 5 : 3, shared)
    t.equal(await shell(t, target, 'ls -A /opt/ml /root/.npmrc /run/secrets/* 2>/dev/null; true'), '')
    const shut = await shell(t, target, 'find /opt/ranker ! -perm -o=r; find / -xdev -type f -perm /6000')
    t.equal(shut, '', 'every user may read all of it, and nothing lends rights')
    const odd = await shell(
      t,
      target,
      'find / -xdev -newermt @86400 ! -path "/etc/*" ! -path "/run/*" -type f',
    )
    t.equal(odd, '', 'no file says when it was made')
  })
}

t.test('the first argument', async (t) => {
  const none = await runContainer(t, 'sagemaker', [], [])
  t.match(none, {
    code: 64,
    stdout: '',
    stderr: /^Usage: docker run IMAGE COMMAND.*\n +train .*\n +serve .*\n +score /s,
  })
  t.match(await runContainer(t, 'sagemaker', [], ['tune', '--now']), {
    code: 64,
    stdout: '',
    stderr: /^unknown command "tune"\n\nUsage: /,
  })
  t.match(await runContainer(t, 'sagemaker', [], ['--help']), { code: 0, stdout: /^Usage: /, stderr: '' })
  t.match(await runContainer(t, 'sagemaker', [], ['train', '--help']), {
    code: 0,
    stdout: /^Usage: ranker train/,
  })
  const { code, stderr } = await runContainer(t, 'server', [], ['train'])
  t.match({ code, stderr }, { code: 64, stderr: /^This image only serves: the sagemaker target trains\.\n/ })
  t.notMatch(stderr, /\n +train /)
})

t.test('the list of parts', async (t) => {
  const { components } = JSON.parse(runInside(engine, imageName('sagemaker'), 'inside-parts.mjs'))
  const purls: string[] = components.map(({ purl }: { purl: string }) => purl)
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  // The set-up's alone, which the image does not have.
  delete dependencies.fflate
  for (const [name, version] of Object.entries(dependencies)) {
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
    t.ok(purls.includes(purl), purl)
  }
  const requirements = readFileSync(join(root, 'scripts/xgboost-requirements.txt'), 'utf8')
  const [, xgboost] = /^xgboost-cpu==(\S+)/m.exec(requirements)!
  t.ok(purls.includes(`pkg:pypi/xgboost-cpu@${xgboost}`))
  t.ok(purls.some((purl) => purl.startsWith('pkg:generic/node@24.')))
  t.ok(purls.some((purl) => purl.startsWith('pkg:deb/debian/libc6@2.36')))
})

t.test('production packages have no known flaw of weight', async (t) => {
  const npm = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', cwd: root })
  const { metadata } = JSON.parse(npm.stdout)
  // Some mirrors of a registry have no such service.
  if (metadata) t.match(metadata.vulnerabilities, { high: 0, critical: 0 })
  else t.pass('', { skip: 'NO AUDIT: this registry does not answer npm audit' })
})
