#!/usr/bin/env node
// The process around the commands: the one place that traps signals, reads process.* and exits.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { runCommand } from './commands.ts'

const { env, stdin, stdout, stderr } = process
// `ranker train | head` ends the reader, not the job, and neither does a full disk end it under a log. Output that
// must arrive is checked where it is written.
for (const stream of [stdout, stderr]) stream.on('error', () => {})
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort(signal))
// Nobody would hear how a job ends whose parent is gone, and a second attempt may already be writing to the same
// place.
if (env.RANKER_ENDS_WITH_PARENT) process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.channel?.unref()
const endProcess = async (code: number) => {
  await written()
  const xgboost = await import('../xgboost/end-process.ts')
  return xgboost.endProcess(code)
}
const io = { env, stdin, stdout, stderr, cwd: process.cwd(), stop: stop.signal, endProcess }
const code = await runCommand(process.argv.slice(2), io)
await written()
// A timer or a socket that a user's hook left open must not keep a process whose work is done.
process.exit(code)

/**
 * What a pipe has not taken yet would be lost with the process. A reader that takes nothing is waited for, unless the
 * process was told to stop.
 */
async function written(): Promise<void> {
  const all = Promise.all([stdout, stderr].map(flushed))
  await Promise.race([all, stop.signal.aborted ? setTimeout(1000) : once(stop.signal, 'abort')])
}

function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()))
}
