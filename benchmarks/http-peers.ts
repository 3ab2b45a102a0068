import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'
import type { Python } from './python.ts'
import { rankerServe } from './ranker.ts'

/** Whatever serves a model: starts on a port of the loopback interface. */
export interface Contender {
  readonly name: string
  /** @param model the folder that training made; it has model.ubj and model.onnx */
  start(model: string, port: number, workers: number): Child
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export const RANKER: Contender = {
  name: 'ranker',
  start: (model, port, workers) => rankerServe(model, port, workers),
}

/** Fastify with onnxruntime-node, in one process. */
export const ONNXRUNTIME: Contender = {
  name: 'fastify + ort',
  start: (model, port) =>
    startChild(process.execPath, [script('./http-onnxruntime.ts'), String(port), join(model, 'model.onnx')]),
}

/** Fastify that sends the body back: no server on it can take less. */
export const ECHO: Contender = {
  name: 'echo',
  start: (_, port) => startChild(process.execPath, [script('./http-echo.ts'), String(port)]),
}

/** The servers in Python. */
function pythonContenders(python: Python): { fastApi: Contender; sagemaker: Contender } {
  const env = (model: string) => ({ MODEL: join(model, 'model.ubj') })
  return {
    fastApi: {
      name: 'fastapi + xgboost',
      start: (model, port, workers) => {
        const quiet = ['--log-level', 'error', '--no-access-log']
        const where = ['--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)]
        return python.serve('uvicorn', ['serve_fastapi:app', ...where, ...quiet], env(model))
      },
    },
    sagemaker: {
      name: 'the AWS way',
      start: (model, port, workers) => {
        const where = ['--bind', `127.0.0.1:${port}`, '--workers', String(workers)]
        const kind = ['--worker-class', 'gevent', '--log-level', 'error']
        return python.serve('gunicorn', [...where, ...kind, 'serve_sagemaker:app'], env(model))
      },
    },
  }
}

/** All that serve a model: ours first. */
export function contenders(python: Python | undefined): Contender[] {
  return [RANKER, ONNXRUNTIME, ...(python ? Object.values(pythonContenders(python)) : [])]
}
