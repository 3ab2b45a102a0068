import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is 100 wherever Node runs on Linux. */
const TICKS_PER_SECOND = 100

/** CPU seconds, user and system, that a process and its living descendants have taken so far. */
export function cpuSeconds(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + ownCpuSeconds(one), 0)
}

/** CPU seconds of one process. */
export function ownCpuSeconds(pid: number): number {
  // The name in brackets may hold anything, so fields are counted from the last bracket: utime is the 14th of
  // all.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** A process and all its living descendants, itself first. */
export function processTree(pid: number): number[] {
  return [pid, ...children(pid).flatMap(processTree)]
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

/** Bytes in memory of a process. */
export interface Memory {
  /** A page that n processes share counts a n-th of it. */
  readonly pss: number
  /** Of pages that no other process has. */
  readonly own: number
  /** Of pages that others have as well. */
  readonly shared: number
}

/** @throws when it has ended. */
export function processMemory(pid: number | 'self'): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const sum = (...names: string[]) =>
    names.reduce((bytes, name) => {
      const kilobytes = new RegExp(`^${name}: *(\\d+) kB`, 'm').exec(text)?.[1]
      return bytes + 1024 * Number(kilobytes ?? 0)
    }, 0)
  return {
    pss: sum('Pss'),
    own: sum('Private_Clean', 'Private_Dirty'),
    shared: sum('Shared_Clean', 'Shared_Dirty'),
  }
}

/** Bytes in memory of a process and all its descendants, where a page that several share counts once (PSS). */
export function residentTree(pid: number): number {
  return processTree(pid).reduce((sum, one) => {
    try {
      return sum + processMemory(one).pss
    } catch {
      // It has ended.
      return sum
    }
  }, 0)
}
