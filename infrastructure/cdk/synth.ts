// Synthesises the app, and holds each stack against the template that it is from: the same resources, of the same types.
//
//     npm ci && npm run synth
import { readFileSync } from 'node:fs'
import { buildApp } from './app.ts'

const FILES: Readonly<Record<string, string>> = {
  RankerNetwork: 'network.yaml',
  RankerEndpoint: 'endpoint.yaml',
  RankerTraining: 'training.yaml',
  RankerFunction: 'lambda.yaml',
  RankerService: 'fargate.yaml',
}

let wrong = 0
const assembly = buildApp().synth()
for (const { stackName, template } of assembly.stacks) {
  const types = Object.values<{ Type: string }>(template.Resources)
    .map(({ Type }) => Type)
    .filter((type) => type !== 'AWS::CDK::Metadata')
    .sort()
  const text = readFileSync(new URL(`../${FILES[stackName]}`, import.meta.url), 'utf8')
  const wanted = [...text.matchAll(/^ {4}Type: (AWS::[\w:]+)$/gm)]
    .map(([, type]) => type!)
    .filter((type) => !type.includes('::EC2::VPC::Id'))
    .sort()
  const isSame = JSON.stringify(types) === JSON.stringify(wanted)
  if (!isSame) wrong++
  console.log(
    `${stackName}: ${types.length} resources, ${isSame ? 'those' : 'NOT those'} of ${FILES[stackName]}`,
  )
}
process.exitCode = wrong === 0 ? 0 : 1
