import { spawn, spawnSync } from 'node:child_process'
import { RankerError } from '../errors.ts'

/** A local command as `push` runs it; what goes to its standard input is never shown. */
export interface LocalCommand {
  readonly command: string
  readonly args: readonly string[]
}

export type ContainerTool = 'docker' | 'podman' | 'buildah'
const TOOLS: readonly ContainerTool[] = ['docker', 'podman', 'buildah']

/** The tool that is asked for, else the first that works here. @throws {RankerError} TOOL_FAILED */
export function findContainerTool(wanted: string | undefined): ContainerTool {
  if (wanted !== undefined && !TOOLS.includes(wanted as ContainerTool))
    throw new RankerError('BAD_SETTING', { name: '--tool', seen: wanted, wanted: TOOLS.join(', ') })
  // The name alone would also find a client whose daemon is not running.
  const works = (tool: ContainerTool) => spawnSync(tool, ['info'], { stdio: 'ignore' }).status === 0
  const tool = wanted === undefined ? TOOLS.find(works) : (wanted as ContainerTool)
  if (tool === undefined || (wanted !== undefined && !works(tool)))
    throw new RankerError('TOOL_FAILED', {
      tool: wanted ?? TOOLS.join(', '),
      reason: 'it is not installed, or does not answer: wanted one of them to build the image with',
    })
  return tool
}

export interface ImageBuild {
  readonly image: string
  readonly registry: string
  readonly dockerfile: string
  readonly target: string | undefined
  readonly platform: string
  readonly context: string
  /** NAME=VALUE. */
  readonly argument?: string | undefined
}

/** The commands that log into the registry (its password comes by standard input), build the image, and push it. */
export function imageCommands(tool: ContainerTool, build: ImageBuild) {
  const { image, registry, dockerfile, target, platform, context, argument } = build
  const run = (...args: string[]): LocalCommand => ({ command: tool, args })
  return {
    login: run('login', '--username', 'AWS', '--password-stdin', registry),
    build: run(
      'build',
      '--file',
      dockerfile,
      ...(target === undefined ? [] : ['--target', target]),
      ...(argument === undefined ? [] : ['--build-arg', argument]),
      '--platform',
      platform,
      // SageMaker refuses image indexes, which attestations turn an image into. Health checks are not part of the OCI
      // format, which the other tools write.
      ...(tool === 'docker' ? ['--provenance=false', '--sbom=false'] : ['--format=docker']),
      '--tag',
      image,
      context,
    ),
    push: run('push', image),
  }
}

/** Runs a command with its output going to ours. @throws {RankerError} TOOL_FAILED */
export async function runLocal(
  { command, args }: LocalCommand,
  {
    input = '',
    told,
    cwd,
    stop,
  }: { input?: string; told: (line: string) => void; cwd: string; stop: AbortSignal },
): Promise<void> {
  const what = `${command} ${args[0]}`
  const child = spawn(command, args, { cwd, stdio: 'pipe', signal: stop })
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => told(text.trimEnd()))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  await new Promise<void>((resolve, reject) => {
    const refuse = (reason: string, cause?: unknown) =>
      reject(new RankerError('TOOL_FAILED', { tool: what, reason }, { cause }))
    child.on('error', (cause) => refuse(cause.message, cause))
    child.on('close', (code) => (code === 0 ? resolve() : refuse(`it ended with exit code ${code}`)))
  })
}
