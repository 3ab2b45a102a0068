import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RankerError, reasonOf } from '../errors.ts'
import { readable, readChunks } from './files.ts'

/** Milliseconds between two looks for a FIFO that is not there yet. */
const POLL_MS = 50

/**
 * Reads a FIFO from its first byte until its writer closes it, waiting for the FIFO and for the first byte. A plain
 * file in its place is read as one.
 * @param interrupt called every now and then while waiting; what it throws ends the reading.
 * @throws {RankerError} PIPE_SILENT when nothing came in time, INPUT_UNREADABLE.
 */
export async function* readFifo(
  path: string,
  timeoutMs: number,
  interrupt = () => {},
): AsyncGenerator<Uint8Array> {
  const deadline = Date.now() + timeoutMs
  const silent = (seen: string) =>
    new RankerError('PIPE_SILENT', { path, seconds: Math.ceil(timeoutMs / 1000), seen })
  while (!existsSync(path)) {
    if (Date.now() >= deadline) throw silent('did not appear')
    interrupt()
    await sleep(POLL_MS)
  }
  // Without O_NONBLOCK opening would block a thread until there is a writer.
  const file = readable(path, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
  if (fstatSync(file).isFile()) {
    closeSync(file)
    yield* readChunks(path)
    return
  }
  const socket = new Socket({ fd: file, readable: true, writable: false })
  const timer = setTimeout(() => socket.destroy(silent('gave no data')), Math.max(1, deadline - Date.now()))
  const poll = setInterval(() => {
    try {
      interrupt()
    } catch (thrown) {
      socket.destroy(thrown as Error)
    }
  }, POLL_MS)
  try {
    for await (const chunk of socket) {
      clearTimeout(timer)
      yield chunk as Uint8Array
    }
  } catch (cause) {
    if (cause instanceof RankerError) throw cause
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  } finally {
    clearTimeout(timer)
    clearInterval(poll)
    socket.destroy()
  }
}
