import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { noAws, startAws } from '../helpers/aws.ts'
import { ranker } from '../helpers/command.ts'
import { noRegistry, startRegistry } from '../helpers/image-registry.ts'
import { emptyFolder } from '../helpers/model.ts'

const registry = '123456789012.dkr.ecr.us-east-1.amazonaws.com'

t.test(
  'push builds an image and pushes it, with buildah and a real registry',
  { skip: noAws || noRegistry },
  async (t) => {
    const aws = await startAws(t)
    await aws.reset()
    const { url, env } = await startRegistry(t, registry, '123456789012-auth-token')
    const before = { ...process.env }
    Object.assign(process.env, env)
    t.teardown(() => {
      for (const name of Object.keys(env))
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
    })
    const cwd = emptyFolder(t)
    writeFileSync(
      join(cwd, 'Dockerfile'),
      'FROM scratch AS base\nCOPY Dockerfile /\nFROM base AS server\nHEALTHCHECK CMD ["/x"]\nLABEL of=server\n',
    )
    const push = (...flags: string[]) =>
      ranker(['aws', 'push', '--json', ...(flags[0] === '--tool' ? [] : ['--tool', 'buildah']), ...flags], {
        env: aws.env,
        cwd,
      })
    const imageOf = async (tag: string) => {
      const manifest = (await (await fetch(`${url}/v2/ranker/manifests/${tag}`)).json()) as {
        mediaType: string
        config: { digest: string }
      }
      t.equal(
        manifest.mediaType,
        'application/vnd.docker.distribution.manifest.v2+json',
        'no index of images',
      )
      return (await (await fetch(`${url}/v2/ranker/blobs/${manifest.config.digest}`)).json()) as {
        architecture: string
        config: { Labels?: { of?: string }; Healthcheck?: object }
      }
    }

    const { code, stdout, stderr } = await push('--target', 'server', '--tag', 'v2')
    t.equal(code, 0, stderr)
    t.equal(JSON.parse(stdout).image, `${registry}/ranker:v2`)
    t.match(JSON.parse(stdout).calls[0], { operation: 'CreateRepository' })
    t.notMatch(stdout + stderr, /auth-token/, 'the password is told to nobody')
    const { architecture, config } = await imageOf('v2')
    t.same([architecture, config.Labels?.of], ['amd64', 'server'])
    t.ok(config.Healthcheck, 'the health check is kept')
    const again = await push('--no-build', '--tag', 'v2')
    t.match(JSON.parse(again.stdout).calls[0], { operation: 'buildah' }, 'the repository is there')

    for (const [flags, wanted] of [
      [['--target', 'nowhere'], /buildah build: it ended with exit code/],
      [
        ['--image', 'registry.example/x:1'],
        /image: it is registry\.example\/x:1: push goes to .*--repository and --tag/,
      ],
      [['--tool', 'kaniko'], /--tool is "kaniko": wanted docker, podman, buildah/],
    ] as const) {
      const refused = await push(...flags)
      t.match([refused.code, refused.stderr], [1, wanted])
    }
    await aws.refuse({ GetAuthorizationToken: ['AccessDeniedException', 'not you', 400] })
    t.match((await push()).stderr, /ecr:GetAuthorizationToken: not you \(the credentials need the right to/)
  },
)
