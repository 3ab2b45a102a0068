#!/usr/bin/env node
// The process around a SageMaker training job, which `container/train` starts. Training runs in a process of its own:
// when the kernel ends that one for want of memory, or native code crashes it, somebody is left to say so in
// output/failure and to take away what was half written.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { RankerError } from '../errors.ts'
import { DEFAULT_ROOT, jobPaths } from '../sagemaker/job.ts'
import { failJob, forgetFailure } from '../training/outputs.ts'
import { endWithParent } from './end-with-parent.ts'

/** The platform kills 120 seconds after SIGTERM, and then nobody is left to write the cause. */
const STOP_SECONDS = 110

const paths = jobPaths(process.env.SAGEMAKER_BASE_DIR ?? DEFAULT_ROOT)
endWithParent()
// A failure file that is there at the end is then of this attempt.
forgetFailure(paths)
const killsBefore = memoryKills()
const main = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? 'main.ts' : 'main.js', import.meta.url))
const child = spawn(process.execPath, [main, 'train', ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})

let deadline: NodeJS.Timeout | undefined
let isLate = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    child.kill(signal)
    deadline ??= setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, STOP_SECONDS * 1000)
  })
}

const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
clearTimeout(deadline)
if (signal !== null || (code !== 0 && !existsSync(paths.failure))) {
  const { message } = causeOf(code, signal)
  // A process that ended by itself has said more than that.
  if (signal !== null) process.stderr.write(`error: ${message}\n`)
  failJob(paths, message)
}
process.exitCode = code ?? 1

function causeOf(code: number | null, signal: NodeJS.Signals | null): RankerError {
  if (isLate) return new RankerError('STOP_TIMED_OUT', { seconds: STOP_SECONDS })
  if (signal === null)
    return new RankerError('TRAINING_DIED', { reason: `its process ended with code ${code}` })
  // Asked so early that it could not yet listen.
  if (signal === 'SIGTERM' || signal === 'SIGINT') return new RankerError('STOPPED', {})
  if (signal !== 'SIGKILL') return new RankerError('TRAINING_KILLED', { signal })
  const gibibytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem()) / 2 ** 30
  const isKnown = memoryKills() > killsBefore
  return new RankerError('TRAINING_KILLED', {
    signal,
    memory: `${isKnown ? 'it ran out of memory' : 'as happens when memory runs out'}, of which there are ${gibibytes.toFixed(1)} GiB`,
  })
}

/** How often the kernel has killed for want of memory in this container (cgroup v2, else v1). */
function memoryKills(): number {
  for (const file of ['memory.events', 'memory/memory.oom_control']) {
    try {
      return Number(/^oom_kill (\d+)/m.exec(readFileSync(`/sys/fs/cgroup/${file}`, 'utf8'))?.[1] ?? 0)
    } catch {}
  }
  return 0
}
