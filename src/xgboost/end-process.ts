import koffi from 'koffi'

/**
 * Ends the process by C's `_exit`: no thread is waited for, nothing is cleaned up. `process.exit` joins the worker
 * threads first, and one that waits inside XGBoost for another machine would hold it for minutes.
 */
export function endProcess(code: number): never {
  koffi.load(null).func('void _exit(int status)')(code)
  throw new Error('_exit returned')
}
