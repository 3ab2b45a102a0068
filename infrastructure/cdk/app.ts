import { App, Stack } from 'aws-cdk-lib'
import { RankerEndpoint, RankerFunction, RankerNetwork, RankerService, RankerTraining } from './constructs.ts'

/** An app with a stack of each construct: take those that you want. */
export function buildApp(outdir?: string): App {
  const app = new App(outdir === undefined ? {} : { outdir })
  const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:latest'
  const modelData = 's3://my-bucket/ranker/model.tar.gz'
  const stack = (name: string) => new Stack(app, name)
  new RankerNetwork(stack('RankerNetwork'), 'Network', {})
  new RankerEndpoint(stack('RankerEndpoint'), 'Endpoint', {
    image,
    modelData,
    bucket: 'my-bucket',
    subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    securityGroups: ['sg-0123456789abcdef0'],
  })
  new RankerTraining(stack('RankerTraining'), 'Training', {
    image,
    incumbentModel: modelData,
    incumbentBucket: 'my-bucket',
  })
  new RankerFunction(stack('RankerFunction'), 'Function', { image })
  new RankerService(stack('RankerService'), 'Service', {
    image,
    vpc: 'vpc-0123456789abcdef0',
    subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012',
  })
  return app
}
