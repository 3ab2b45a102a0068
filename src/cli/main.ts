#!/usr/bin/env node
// The process around the commands: the one place that traps signals, reads process.* and exits.
import { runCommand } from './commands.ts'

const { env, stdin, stdout, stderr } = process
// `ranker train | head` ends the reader, not the job.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort(signal))
const endProcess = async (code: number) => (await import('../xgboost/end-process.ts')).endProcess(code)
const io = { env, stdin, stdout, stderr, cwd: process.cwd(), stop: stop.signal, endProcess }
const code = await runCommand(process.argv.slice(2), io)
// A timer or a socket that a user's hook left open must not keep a process whose work is done.
process.exit(code)
