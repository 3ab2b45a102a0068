import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is 100 wherever Node runs on Linux. */
const TICKS_PER_SECOND = 100

/** CPU seconds, user and system, that a process and its living descendants have taken so far. */
export function cpuSeconds(pid: number): number {
  // The name in brackets may hold anything, so fields are counted from the last bracket: utime is the 14th of
  // all.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const own = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  return children(pid).reduce((sum, child) => sum + cpuSeconds(child), own)
}

function children(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const pids = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      return pids.split(' ').filter(Boolean).map(Number)
    } catch {
      // The thread has ended since it was listed, or this kernel does not list children.
      return []
    }
  })
}

/** Bytes in memory of a process and all its descendants, where a page that several share counts once (PSS). */
export function residentTree(pid: number): number {
  try {
    const own = /^Pss: *(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
    return children(pid).reduce((sum, child) => sum + residentTree(child), 1024 * Number(own ?? 0))
  } catch {
    // It has ended.
    return 0
  }
}
