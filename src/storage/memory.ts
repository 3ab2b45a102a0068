import { existsSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

/** Where the kernel says how much a container may take: cgroup v2, then v1. */
const CGROUP_LIMITS = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']

/** Bytes of memory that this process may take: the container's limit, else what the machine has. */
export function memoryOfMachine(): number {
  const limits = CGROUP_LIMITS.filter((path) => existsSync(path)).map((path) =>
    Number(readFileSync(path, 'utf8')),
  )
  return Math.min(totalmem(), ...limits.filter((limit) => limit > 0))
}
