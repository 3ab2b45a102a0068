import { readFileSync } from 'node:fs'

const EVERY_MS = 5000
/** waitpid(2): return at once if the child still lives. */
const WNOHANG = 1

/**
 * As PID 1 a process inherits the orphans of its descendants and must reap them, or they fill the process table. Node
 * reaps the children it started itself, at once: a zombie that is seen twice is an orphan.
 * @returns stops it
 */
export function reapOrphans(): () => void {
  let seen = new Set<number>()
  const timer = setInterval(async () => {
    const zombies = zombieChildren()
    const orphans = zombies.filter((pid) => seen.has(pid))
    seen = new Set(zombies)
    if (orphans.length === 0) return
    try {
      // Loaded only in this rare case: calling C functions has no place in a server's start.
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
    // One of them ended meanwhile; the next round will see it.
    return []
  }
}
