import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import jsonata from 'jsonata'
import t from 'tap'
import { parse, type ScalarTag } from 'yaml'
import type { PrintedCall } from '../../src/aws/plan.ts'
import { faultsOf, noAws } from '../helpers/aws.ts'
import { ranker } from '../helpers/command.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'
import { emptyFolder } from '../helpers/model.ts'

interface State {
  readonly Type: 'Task' | 'Choice' | 'Wait' | 'Succeed' | 'Fail'
  readonly Resource?: string
  readonly Arguments?: object
  readonly Assign?: object
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[]
  readonly Default?: string
  readonly Next?: string
  readonly Output?: unknown
  readonly Cause?: string
}
interface Machine {
  readonly StartAt: string
  readonly States: Readonly<Record<string, State>>
}

/** What CloudFormation makes of training.yaml: a reference to a parameter gives text, whatever its type. */
function machineOf(parameters: Readonly<Record<string, string>>): Machine {
  const text = readFileSync(join(import.meta.dirname, '../../infrastructure/training.yaml'), 'utf8')
  let known: Record<string, unknown> = {}
  const textOf = (name: string) => String(known[name] ?? name)
  const tag = (name: string, resolve: (text: string) => unknown): ScalarTag => ({ tag: `!${name}`, resolve })
  const customTags = [
    tag('Ref', textOf),
    tag('Sub', (value) => value.replaceAll(/\$\{([\w:.]+)\}/g, (_, name: string) => textOf(name))),
    tag('GetAtt', (name) => `arn:aws:iam::123456789012:role/${name.replace('.', '-')}`),
  ]
  const { Parameters } = parse(text, { customTags })
  known = {
    ...Object.fromEntries(
      Object.entries<{ Default?: unknown }>(Parameters).map(([name, { Default }]) => [name, Default]),
    ),
    'AWS::Partition': 'aws',
    Bucket: 'bucket',
    Incumbent: '/ranker/incumbent-model',
    ...parameters,
  }
  return parse(text, { customTags }).Resources.StateMachine.Properties.Definition
}

/** Runs a state machine as Step Functions does, as far as ours goes; every task is answered by `answer`. */
async function runMachine(
  { StartAt, States }: Machine,
  answer: (call: PrintedCall) => object,
): Promise<{ path: string[]; calls: PrintedCall[]; output: unknown }> {
  const context = { Execution: { StartTime: '2026-01-31T14:25:01.123Z' } }
  const variables: Record<string, unknown> = {}
  const evaluate = async (value: unknown, result?: object): Promise<unknown> => {
    if (typeof value === 'string') {
      const [, expression] = /^\{%([\s\S]*)%\}$/.exec(value) ?? []
      if (expression === undefined) return value
      const found = await jsonata(expression).evaluate({}, { states: { context, result }, ...variables })
      // Step Functions refuses an expression without a value.
      if (found === undefined) throw new Error(`no value: ${expression}`)
      return found
    }
    if (Array.isArray(value)) return Promise.all(value.map((one) => evaluate(one, result)))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(async ([name, one]) => [name, await evaluate(one, result)])
    return Object.fromEntries(await Promise.all(entries))
  }
  const [path, calls]: [string[], PrintedCall[]] = [[], []]
  for (let name = StartAt; ; ) {
    const state = States[name]!
    path.push(name)
    if (path.length > 50) throw new Error(`it goes round: ${path}`)
    let result: object | undefined
    if (state.Type === 'Task') {
      const [, service, action] = /:states:::(?:aws-sdk:)?(\w+):(\w+)/.exec(state.Resource!)!
      const operation = `${action![0]!.toUpperCase()}${action!.slice(1)}`
      const call = { service: service!, operation, request: (await evaluate(state.Arguments)) as object }
      calls.push(call)
      result = answer(call)
    }
    Object.assign(variables, await evaluate(state.Assign ?? {}, result))
    if (state.Type === 'Fail') return { path, calls, output: await evaluate(state.Cause) }
    let next = state.Next
    if (state.Type === 'Choice') {
      next = state.Default
      for (const { Condition, Next } of [...state.Choices!].reverse())
        if ((await evaluate(Condition)) === true) next = Next
    }
    if (next === undefined) return { path, calls, output: await evaluate(state.Output, result) }
    name = next
  }
}

t.test('training.yaml deploys what its own training job found better, and only that', async (t) => {
  const cwd = emptyFolder(t)
  const named = (seed: number) =>
    toCsv({ ...judgedData({ width: 3, seed, queries: 30 }), featureNames: ['a', 'b', 'c'] })
  for (const [seed, name] of ['train.csv', 'valid.csv'].entries())
    writeFileSync(join(cwd, name), named(seed + 1))
  const train = async (output: string, rounds: number, incumbent?: string) => {
    const files = ['--train', 'train.csv', '--validation', 'valid.csv', '--output', output]
    const held = incumbent ? ['--model', `${incumbent}/model/model.ubj`, '--model-channel', 'incumbent'] : []
    const { code, stdout, stderr } = await ranker(
      ['train', ...files, '--num-round', String(rounds), ...held],
      { cwd },
    )
    t.equal(code, 0, stderr)
    return {
      log: `${stdout}${stderr}`,
      metrics: JSON.parse(readFileSync(join(cwd, output, 'output/data/metrics.json'), 'utf8')),
    }
  }
  const weak = await train('weak', 1)
  const strong = await train('strong', 40, 'weak')
  const again = await train('again', 40, 'strong')

  const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker@sha256:0'
  const machine = machineOf({ Image: image, ServingInstances: '3' })
  interface Definition {
    readonly Name: string
    readonly Regex: string
  }
  /** Answers as AWS does; the metrics of the job are what its definitions find in the log. */
  const answers = (log: string, endpoint: object[]) => {
    let job = ''
    return ({ operation, request }: PrintedCall): object => {
      if (operation === 'GetParameter') return { Parameter: { Value: 's3://before/model.tar.gz' } }
      if (operation === 'DescribeEndpoint')
        return { EndpointConfigName: job, ...(endpoint.length > 1 ? endpoint.shift() : endpoint[0]) }
      if (operation !== 'CreateTrainingJob') return {}
      const { TrainingJobName, AlgorithmSpecification } = request as {
        TrainingJobName: string
        AlgorithmSpecification: { MetricDefinitions: Definition[] }
      }
      job = TrainingJobName
      const FinalMetricDataList = AlgorithmSpecification.MetricDefinitions.map(({ Name, Regex }) => ({
        MetricName: Name,
        Value: Number([...log.matchAll(new RegExp(Regex, 'g'))].at(-1)![1]),
      }))
      const S3ModelArtifacts = `s3://bucket/jobs/${job}/output/model.tar.gz`
      return { TrainingJobName, FinalMetricDataList, ModelArtifacts: { S3ModelArtifacts } }
    }
  }
  const served = [{ EndpointStatus: 'Updating' }, { EndpointStatus: 'InService' }]
  const better = await runMachine(machine, answers(strong.log, [...served]))
  t.same(better.path, [
    'ReadIncumbent',
    'Train',
    'IsBetter',
    'MakeModel',
    'MakeConfiguration',
    'Deploy',
    'WaitForEndpoint',
    'LookAtEndpoint',
    'Serves',
    'WaitForEndpoint',
    'LookAtEndpoint',
    'Serves',
    'KeepIncumbentAddress',
  ])
  const job = 'ranker-2026-01-31-14-25-01'
  const near = (value: number, wanted: number) => t.ok(Math.abs(value - wanted) < 1e-4, `${value}, ${wanted}`)
  const { ndcg, incumbent, ...rest } = better.output as { ndcg: number; incumbent: number }
  t.same(rest, { job, deployed: true })
  near(ndcg, strong.metrics.validation['ndcg@10'])
  near(incumbent, weak.metrics.validation['ndcg@10'])
  t.ok(ndcg > incumbent)
  t.match(better.calls.at(-1), {
    operation: 'PutParameter',
    request: { Value: `s3://bucket/jobs/${job}/output/model.tar.gz`, Overwrite: true },
  })
  t.match(better.calls[1], {
    request: {
      InputDataConfig: [{}, {}, { DataSource: { S3DataSource: { S3Uri: 's3://before/model.tar.gz' } } }],
    },
  })

  const same = await runMachine(machine, answers(again.log, served))
  t.same(same.path, ['ReadIncumbent', 'Train', 'IsBetter', 'KeepIncumbent'], 'as good is not better')
  const back = [{ EndpointStatus: 'InService', EndpointConfigName: 'ranker-before' }]
  const taken = await runMachine(machine, answers(strong.log, back))
  t.equal(taken.path.at(-1), 'WasTakenBack')
  t.match(taken.output, /endpoint InService with ranker-before instead of ranker-2026/)
  t.notOk(
    taken.calls.some(({ operation }) => operation === 'PutParameter'),
    'the incumbent is what serves',
  )
  await t.test('AWS would take its requests', { skip: noAws }, async (t) =>
    t.equal(faultsOf(better.calls), ''),
  )
})
