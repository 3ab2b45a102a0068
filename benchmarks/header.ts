import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { PRODUCT } from '../src/version.ts'
import { XGBOOST_VERSION } from '../src/xgboost/library.ts'
import { root } from './ranker.ts'

/** What figures mean nothing without: the machine, and every version that matters. */
export function describeRun(): string {
  const memory = (totalmem() / 2 ** 30).toFixed(1)
  const versions = [
    `node ${process.versions.node}`,
    `${PRODUCT.name} ${PRODUCT.version}`,
    `xgboost ${XGBOOST_VERSION}`,
    ...['onnxruntime-node', 'fastify'].map((name) => `${name} ${installedVersion(name)}`),
  ]
  return [
    `machine   ${cpus()[0]?.model ?? arch()}, ${availableParallelism()} cores, ${memory} GiB`,
    `kernel    ${type()} ${release()} ${arch()}`,
    `versions  ${versions.join(', ')}`,
  ].join('\n')
}

/** When it is, and how busy the machine is. */
export function describeMoment(): string {
  const load = loadavg().map((value) => value.toFixed(2))
  return `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, load ${load.join(' ')} (1, 5 and 15 minutes)`
}

function installedVersion(name: string): string {
  try {
    return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
  } catch {
    return 'not installed'
  }
}
