// The process around a training job. Training runs in a process of its own: when the kernel ends that one for
// want of memory, or native code crashes it, somebody is left to say so and to clear what was half written.
// It waits for hours, so it is plain JavaScript that loads nothing: the rest is read when there is a need.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cli } from './cli.mjs'

/** The platform kills 120 seconds after SIGTERM, and then nobody is left to write the cause. */
const STOP_SECONDS = 110

/** Room for what was just made: 12 MB instead of 48, most of which is garbage. */
const SMALL_YOUNG = '--max-semi-space-size=4'

const startedAt = Date.now()
const killsBefore = memoryKills()
const main = fileURLToPath(cli('main'))
const child = spawn(process.execPath, [SMALL_YOUNG, main, 'train', ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, RANKER_ENDS_WITH_PARENT: '1' },
})

/** @type {NodeJS.Timeout | undefined} */
let deadline
let isLate = false
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  process.on(signal, () => {
    child.kill(signal)
    deadline ??= setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, STOP_SECONDS * 1000)
  })
}
// The launcher of an old Node was killed outright: so is the job.
if (process.connected) process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))

child.on('close', async (code, signal) => {
  clearTimeout(deadline)
  process.exitCode = code ?? 1
  if (code === 0) return
  const { explainEnd } = await import(cli('job-end'))
  const lateAfter = isLate ? STOP_SECONDS : undefined
  explainEnd({ code, signal, lateAfter, isOutOfMemory: memoryKills() > killsBefore, startedAt }, process)
})

/**
 * How often the kernel has killed for want of memory in this container (cgroup v2, else v1).
 * @returns {number}
 */
function memoryKills() {
  for (const file of ['memory.events', 'memory/memory.oom_control']) {
    try {
      return Number(/^oom_kill (\d+)/m.exec(readFileSync(`/sys/fs/cgroup/${file}`, 'utf8'))?.[1] ?? 0)
    } catch {
      // Not this version, or no cgroup at all.
    }
  }
  return 0
}
