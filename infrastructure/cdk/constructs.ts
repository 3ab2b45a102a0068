import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CfnOutput } from 'aws-cdk-lib'
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include'
import { Construct } from 'constructs'

type Parameter = string | number | readonly string[] | undefined

/**
 * A construct for one of the templates of ../: the same resources from the same text, so that there is one truth. Its
 * properties are the template's parameters (`endpointName` is EndpointName), its resources are reached by their logical
 * names, and its outputs become outputs of the stack.
 */
const fromTemplate = <Props extends object>(file: string) =>
  class extends Construct {
    readonly template: CfnInclude

    constructor(scope: Construct, id: string, props: Props) {
      super(scope, id)
      const templateFile = fileURLToPath(new URL(`../${file}`, import.meta.url))
      const all = Object.entries(props) as [string, Parameter][]
      const given = all.filter(([, value]) => value !== undefined)
      this.template = new CfnInclude(this, 'Template', {
        templateFile,
        parameters: Object.fromEntries(
          given.map(([name, value]) => [`${name[0]!.toUpperCase()}${name.slice(1)}`, value]),
        ),
        preserveLogicalIds: false,
      })
      // Outputs without an export are not carried over by their old names.
      for (const [, name] of outputsOf(templateFile))
        new CfnOutput(this, `Out${name}`, { value: String(this.template.getOutput(name!).value) })
    }
  }

const outputsOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\nOutputs:\n')[1]
    ?.matchAll(/^ {2}(\w+):$/gm) ?? []

export interface RankerEndpointProps {
  readonly image: string
  readonly modelData: string
  readonly bucket: string
  readonly endpointName?: string
  readonly repositoryName?: string
  readonly instanceType?: string
  readonly leastInstances?: number
  readonly mostInstances?: number
  readonly requestsPerMinuteAndInstance?: number
  readonly capturePercent?: number
  readonly latencyMilliseconds?: number
  readonly kmsKeyArn?: string
  readonly subnets?: readonly string[]
  readonly securityGroups?: readonly string[]
}

/** endpoint.yaml: role, model, configuration with data capture, endpoint, autoscaling, alarms, dashboard. */
export class RankerEndpoint extends fromTemplate<RankerEndpointProps>('endpoint.yaml') {}

export interface RankerTrainingProps {
  readonly image: string
  readonly incumbentModel: string
  readonly incumbentBucket: string
  readonly name?: string
  readonly repositoryName?: string
  readonly endpointName?: string
  readonly servingInstanceType?: string
  readonly servingInstances?: number
  readonly trainingInstanceType?: string
  readonly schedule?: string
  readonly leastGain?: number
}

/** training.yaml: bucket, role, and a state machine that trains on a schedule and deploys what is better. */
export class RankerTraining extends fromTemplate<RankerTrainingProps>('training.yaml') {}

export interface RankerFunctionProps {
  readonly image: string
  readonly functionName?: string
  readonly memorySize?: number
  readonly concurrency?: number
  readonly provisionedConcurrency?: number
  readonly logDays?: number
}

/** lambda.yaml: a function from the image, behind a URL with IAM. */
export class RankerFunction extends fromTemplate<RankerFunctionProps>('lambda.yaml') {}

export interface RankerServiceProps {
  readonly image: string
  readonly vpc: string
  readonly subnets: readonly string[]
  readonly certificateArn: string
  readonly name?: string
  readonly repositoryName?: string
  readonly clientCidr?: string
  readonly cpu?: string
  readonly memory?: string
  readonly leastTasks?: number
  readonly mostTasks?: number
  readonly logDays?: number
}

/** fargate.yaml: a service behind a load balancer inside of a VPC. */
export class RankerService extends fromTemplate<RankerServiceProps>('fargate.yaml') {}

/** network.yaml: a VPC without a way to the internet. */
export class RankerNetwork extends fromTemplate<{ readonly cidr?: string }>('network.yaml') {}
