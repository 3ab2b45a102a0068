import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { runCommand } from '../../src/cli/commands.ts'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: Record<string, string | undefined>
  readonly stdin?: string | Readable
  readonly cwd?: string
  readonly stop?: AbortSignal
}

/** Runs `ranker ARGV` in this process, with streams of its own. */
export async function ranker(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [stdout, stderr] = [collector(), collector()]
  const code = await runCommand(argv, {
    env: { RANKER_XGBOOST_LIB: process.env.RANKER_XGBOOST_LIB, ...options.env },
    stdin: options.stdin instanceof Readable ? options.stdin : Readable.from([options.stdin ?? '']),
    stdout: stdout.stream,
    stderr: stderr.stream,
    cwd: options.cwd ?? process.cwd(),
    stop: options.stop ?? new AbortController().signal,
  })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function collector() {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

/** Writes files by path below a folder; objects as JSON. */
export function writeTree(root: string, files: Readonly<Record<string, string | object>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
}
