// Loaded into `ranker train` by --import, into each of its threads. It says when the first thread starts, which trains,
// and at the end how much CPU time the process took and memory it had in use at most. Plain JavaScript: what strips types would take its own
// time and memory in the process that is measured.
import { readFileSync, writeSync } from 'node:fs'
import { isMainThread, threadId } from 'node:worker_threads'

const STDERR = 2

/**
 * VmHWM, which unlike getrusage's ru_maxrss knows nothing of the process that this one was forked from.
 * @returns {number}
 */
function peakMegabytes() {
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
}

if (isMainThread) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage()
    writeSync(STDERR, `bench:cpu ${(user + system) / 1e6}\nbench:peak ${peakMegabytes()}\n`)
  })
} else if (threadId === 1) writeSync(STDERR, 'bench:started\n')
