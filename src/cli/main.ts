#!/usr/bin/env node
// The process around the commands: the one place that traps signals, reads process.* and exits.
import { runCommand } from './commands.ts'
import { endWithParent } from './end-with-parent.ts'

const { env, stdin, stdout, stderr } = process
// `ranker train | head` ends the reader, not the job.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
endWithParent()
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort(signal))
const io = { env, stdin, stdout, stderr, cwd: process.cwd(), stop: stop.signal }
const code = await runCommand(process.argv.slice(2), io)
// A timer or a socket that a user's hook left open must not keep a process whose work is done.
process.exit(code)
