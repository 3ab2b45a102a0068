// Entry point of a process that runs a model's hooks, or requests too large for the listening process.
// src/serving/processes/pipeline-process.ts starts it, and it ends with its parent.
import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import type { HookLog } from '../serving/hook-types.ts'
import type { ModelInfo } from '../serving/model.ts'
import { openPipeline } from '../serving/open-pipeline.ts'
import type { Pipeline } from '../serving/pipeline.ts'
import { Calls } from '../serving/processes/calls.ts'
import type {
  LogLine,
  ProcessPlan,
  SentInvocation,
  SentPiece,
} from '../serving/processes/pipeline-process.ts'
import { toPlainError } from '../serving/processes/plain-error.ts'

// Kept before any hook can replace them.
const send = process.send!.bind(process)
const exit = process.exit.bind(process)

try {
  // When memory is short, the kernel should end this process and not the one that listens.
  writeFileSync('/proc/self/oom_score_adj', '1000')
} catch {
  // No such file on this system.
}

let pipeline: Pipeline | undefined
/** Pieces of the bodies of requests that are still arriving. */
const ahead = new Map<number | undefined, Buffer[]>()
const calls = new Calls((message) => send(message, () => {}), {
  open: async (plan: ProcessPlan) => {
    pipeline = await openPipeline({ ...plan, log: forwardingLog() })
    const { model } = pipeline
    if (!model) return undefined
    // The part of it that can be sent to another process.
    const { name, version, featureNames, categorical, libsvmIndexBase, engine } = model
    return { name, version, featureNames, categorical, libsvmIndexBase, engine } satisfies ModelInfo
  },
  piece: (sent: SentPiece) => {
    const pieces = ahead.get(sent.ahead)
    if (pieces) pieces.push(sent.piece)
    else ahead.set(sent.ahead, [sent.piece])
  },
  invoke: ({ ahead: number, ...invocation }: SentInvocation) => {
    const body = ahead.get(number) ?? invocation.body
    ahead.delete(number)
    return pipeline!.invoke({ ...invocation, body })
  },
  alive: () => true,
})
process.on('message', (message) => calls.receive(message))
process.on('disconnect', () => exit(0))
// The process that started this one tells it when to end.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (thrown: unknown) => calls.tell('thrownLate', toPlainError(thrown)))
}

function forwardingLog(): HookLog {
  const at = (level: LogLine['level']) => (fields: object, message?: string) => {
    const line = (fields: object): LogLine => ({ level, fields, message })
    try {
      calls.tell('log', line(fields))
    } catch {
      // Not plain data, so it cannot be sent as it is.
      calls.tell('log', line({ fields: inspect(fields) }))
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
