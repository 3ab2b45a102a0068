// What a loaded model takes: `node --expose-gc growth-memory.ts ENGINE SMALL MODEL` says by how many bytes the process
// has grown. A small model before has the engine itself in memory.
import { readFileSync } from 'node:fs'
import { processMemory } from './proc.ts'
import { ENGINES, type EngineName } from './scoring-engines.ts'

const [, , name, small = '', model = ''] = process.argv
const open = (file: string) => {
  const bytes = readFileSync(file)
  return ENGINES[name as EngineName]({ onnx: bytes, ubj: bytes })
}

const first = await open(small)
await collect()
const before = processMemory('self').pss
const opened = await open(model)
await collect()
process.stdout.write(`${processMemory('self').pss - before}\n`)
await opened.close()
await first.close()

/** Twice, since a buffer is freed by the turn after the one that found it. */
async function collect(): Promise<void> {
  for (let times = 0; times < 3; times++) {
    ;(globalThis as { gc?: () => void }).gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
