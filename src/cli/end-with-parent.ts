/**
 * Ends this process outright when the one that started it is gone: nobody would hear how it ends, and a second attempt
 * may already write where this one does.
 */
export function endWithParent(): void {
  if (!process.connected) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  // The channel must not keep a process whose work is done.
  process.channel?.unref()
}
