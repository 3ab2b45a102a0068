import type { Level } from 'pino'

/**
 * SAGEMAKER_CONTAINER_LOG_LEVEL uses the numbers of Python's logging; a number between two levels means the higher
 * one.
 */
export function logLevel(python: number): Level {
  if (python <= 0) return 'trace'
  if (python <= 10) return 'debug'
  if (python <= 20) return 'info'
  if (python <= 30) return 'warn'
  return python <= 40 ? 'error' : 'fatal'
}
