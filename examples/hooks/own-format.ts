// Reads a format of one's own beside the known ones: lines of `name=value` pairs, separated by semicolons.
// It goes into a model's folder as code/inference.ts.
//
//     curl localhost:8080/invocations -H 'content-type: text/x-pairs' -d 'retail_price=20;cost=12'
import { inputFn as defaultInputFn, type HookContext, type ModelInput } from 'two-stage-ranking'

/** Rows of numbers in the order of the model's features, which the default predictFn takes too. */
type Rows = (number | null)[][]

export function inputFn(body: Buffer, contentType: string, context: HookContext): Rows | ModelInput {
  if (!contentType.startsWith('text/x-pairs')) return defaultInputFn(body, contentType, context)
  const names = context.model?.featureNames ?? []
  return body
    .toString()
    .trim()
    .split('\n')
    .map((line, index) => readLine(line, index + 1, names))
}

function readLine(line: string, number: number, names: readonly string[]): (number | null)[] {
  const pairs = new Map<string, number>()
  for (const pair of line.split(';')) {
    const [name = '', value = ''] = pair.split('=').map((part) => part.trim())
    if (!names.includes(name) || value === '' || !Number.isFinite(Number(value))) {
      throw Object.assign(
        new Error(`line ${number}: ${JSON.stringify(pair)} is no feature of the model with a number`),
        {
          statusCode: 422,
        },
      )
    }
    pairs.set(name, Number(value))
  }
  return names.map((name) => pairs.get(name) ?? null)
}
