import { readFileSync } from 'node:fs'

const EVERY_MS = 5000
/** waitpid(2): do not wait for one that lives. */
const WNOHANG = 1

/**
 * As PID 1 a process is given whatever its descendants leave behind, and has to take note of their ends, or their entries
 * fill the table of processes. Node does so for what it started itself, at once: a zombie that is seen twice is an orphan.
 * @returns ends it
 */
export function reapOrphans(): () => void {
  let seen = new Set<number>()
  const timer = setInterval(async () => {
    const zombies = zombieChildren()
    const orphans = zombies.filter((pid) => seen.has(pid))
    seen = new Set(zombies)
    if (orphans.length === 0) return
    try {
      // Only in this rare case: a library of C functions has no place in a server's start.
      const { load } = (await import('koffi')).default
      const waitpid = load(null).func('int waitpid(int pid, void *status, int options)')
      for (const pid of orphans) waitpid(pid, null, WNOHANG)
    } catch {
      // Without it they stay until the container ends.
      clearInterval(timer)
    }
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function zombieChildren(): number[] {
  try {
    const children = readFileSync('/proc/1/task/1/children', 'utf8').split(' ').filter(Boolean).map(Number)
    return children.filter((pid) => /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
  } catch {
    // One of them ended meanwhile: there is a next time.
    return []
  }
}
