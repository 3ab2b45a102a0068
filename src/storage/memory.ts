import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'

/** The memory controller's files in cgroup v2 and v1. */
const CONTROLLERS = [
  {
    // The controllers' column of /proc/self/cgroup.
    name: '',
    root: 'sys/fs/cgroup',
    limit: 'memory.max',
    used: 'memory.current',
    cache: /^inactive_file (\d+)/m,
  },
  {
    name: 'memory',
    root: 'sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cache: /^total_inactive_file (\d+)/m,
  },
]

export interface Memory {
  /** Bytes that may be used: the container's limit, or all that the machine has. */
  readonly limit: number
  /** Bytes of it in use, without what the kernel would give back at once. */
  used(): number
}

/**
 * The memory that this process and its children share: that of the tightest cgroup around it, or the machine's.
 * @param root where the kernel's file systems are mounted
 */
export function memoryOfContainer(root = '/'): Memory {
  const limits = cgroups(root).filter(({ limit }) => limit > 0 && limit < totalmem())
  const tightest = limits.sort((a, b) => a.limit - b.limit)[0]
  return (
    tightest ?? {
      limit: totalmem(),
      used: () =>
        totalmem() - 1024 * Number(/^MemAvailable: *(\d+)/m.exec(read(join(root, 'proc/meminfo')))?.[1] ?? 0),
    }
  )
}

/** Bytes of memory that this process may use: the container's limit, or all that the machine has. */
export function memoryOfMachine(): number {
  return memoryOfContainer().limit
}

/** Bytes of a process that are in memory; undefined when it has ended. */
export function residentBytes(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s*(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]
  return kilobytes === undefined ? undefined : 1024 * Number(kilobytes)
}

/** Every cgroup from this process's own up to the root, as far as they can be seen from inside a container. */
function cgroups(root: string): Memory[] {
  return read(join(root, 'proc/self/cgroup'))
    .split('\n')
    .flatMap((line) => {
      const [, names = '', ...rest] = line.split(':')
      const controller = CONTROLLERS.find(({ name }) => names.split(',').includes(name))
      if (!controller || rest.length === 0) return []
      const levels = rest.join(':').split('/').filter(Boolean)
      return Array.from({ length: levels.length + 1 }, (_, depth): Memory => {
        const folder = join(root, controller.root, ...levels.slice(0, depth))
        return {
          limit: Number.parseInt(read(join(folder, controller.limit)), 10) || 0,
          used: () =>
            Number(read(join(folder, controller.used))) -
            Number(controller.cache.exec(read(join(folder, 'memory.stat')))?.[1] ?? 0),
        }
      })
    })
}

/** A file of the kernel's; empty text if it does not exist. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
