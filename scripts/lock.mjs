// Keeps two set-ups in one checkout apart. The lock is a symbolic link that points nowhere: a link is made
// and filled in one step. It names the processes at work by number and start, because a set-up that was
// killed may have left its npm running, and because numbers are used again.
import { readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { cache } from './runtime.mjs'

const lock = join(cache, 'setup.lock')

/**
 * Waits until no other set-up is at work here.
 * @param {() => void} onWait called once when there is one
 * @returns {Promise<void>}
 */
export async function takeLock(onWait) {
  for (let waited = false; ; waited = true) {
    if (makeLock()) return
    if (!isHeld()) {
      // Two may find a dead lock at the same time: the later one has it.
      shareLock()
      await setTimeout(100)
      if (readLock() === describe([process.pid])) return
    }
    if (!waited) onWait()
    await setTimeout(200)
  }
}

/**
 * Says that these processes work for the holder of the lock, so that it stays held until they end as well.
 * @param {number[]} pids
 */
export function shareLock(...pids) {
  const next = `${lock}.${process.pid}`
  rmSync(next, { force: true })
  symlinkSync(describe([process.pid, ...pids]), next)
  renameSync(next, lock)
}

export function releaseLock() {
  rmSync(lock, { force: true })
}

function makeLock() {
  try {
    symlinkSync(describe([process.pid]), lock)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

function readLock() {
  try {
    return readlinkSync(lock)
  } catch {
    return ''
  }
}

function isHeld() {
  return readLock()
    .split(',')
    .some((holder) => {
      const [pid, start] = holder.split(':')
      return Boolean(start) && start === startOf(pid)
    })
}

/** @param {number[]} pids */
function describe(pids) {
  return pids.map((pid) => `${pid}:${startOf(pid)}`).join(',')
}

/**
 * @param {number | string} pid
 * @returns {string} when the process started, in the kernel's ticks; empty when it has ended. Without /proc
 *   it is always empty, and set-ups are not kept apart.
 */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The 2nd field is the program's name in brackets and may hold spaces. The state is the 3rd, the start
    // the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : fields[19]
  } catch {
    return ''
  }
}
