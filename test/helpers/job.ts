import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { writeTree } from './command.ts'
import { emptyFolder } from './model.ts'

const repository = join(import.meta.dirname, '../..')

/** A SageMaker job in a folder of its own: files by their path below input/data, and checkpoints where asked for. */
export function jobFolder(
  t: Test,
  hyperparameters: object,
  data: Record<string, string | object>,
  { checkpoints = false } = {},
): string {
  const root = emptyFolder(t)
  writeTree(root, { 'input/config/hyperparameters.json': hyperparameters })
  writeTree(join(root, 'input/data'), data)
  if (checkpoints) {
    writeTree(root, { 'input/config/checkpointconfig.json': { LocalPath: join(root, 'checkpoints') } })
  }
  return root
}

export interface RunningJob {
  readonly child: ChildProcess
  /** Waits until what it says from now on makes the output, of both streams, match; false when it ends without. */
  seen(pattern: RegExp): Promise<boolean>
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>
}

/** Starts the job as the platform does, as a command of a checkout does, or (`main`) only the process that trains. */
export function startJob(
  t: Test,
  root: string,
  entry: 'container/train' | 'scripts/ranker' | 'main' = 'container/train',
  env: Readonly<Record<string, string>> = {},
): RunningJob {
  const [command, args] =
    entry === 'main'
      ? [process.execPath, [join(repository, 'src/cli/main.ts'), 'train']]
      : [join(repository, entry), entry === 'scripts/ranker' ? ['train'] : []]
  const child = spawn(command, args, {
    env: { ...process.env, ...env, SAGEMAKER_BASE_DIR: root },
    stdio: 'pipe',
  })
  t.teardown(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  const waiting = new Map<RegExp, () => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const [pattern, resolve] of waiting) if (pattern.test(output.stdout + output.stderr)) resolve()
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  const seen = (pattern: RegExp) =>
    Promise.race([
      new Promise<true>((resolve) => waiting.set(pattern, () => resolve(true))),
      ended.then(() => false),
    ])
  return { child, seen, ended }
}

/** sha256 of each file of a folder by its path, empty where there is none. */
export function hashesIn(...path: string[]): Record<string, string> {
  const folder = join(...path)
  if (!existsSync(folder)) return {}
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [
        file.slice(folder.length + 1),
        createHash('sha256').update(readFileSync(file)).digest('hex'),
      ]),
  )
}
