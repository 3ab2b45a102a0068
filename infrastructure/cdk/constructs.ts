import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CfnOutput } from 'aws-cdk-lib'
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include'
import { Construct } from 'constructs'

type Parameters = Readonly<Record<string, string | number | readonly string[] | undefined>>

/**
 * One of the templates of ../ as a construct: the same resources from the same text, so that there is one truth. Its
 * resources are reached by their logical names, and its outputs become outputs of the stack.
 */
class FromTemplate extends Construct {
  readonly template: CfnInclude

  constructor(scope: Construct, id: string, file: string, parameters: Parameters) {
    super(scope, id)
    const templateFile = fileURLToPath(new URL(`../${file}`, import.meta.url))
    const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined))
    this.template = new CfnInclude(this, 'Template', {
      templateFile,
      parameters: given,
      preserveLogicalIds: false,
    })
    // Outputs without an export are not carried over by their old names.
    for (const [, name] of outputsOf(templateFile)) {
      new CfnOutput(this, `Out${name}`, { value: String(this.template.getOutput(name!).value) })
    }
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
export class RankerEndpoint extends FromTemplate {
  constructor(scope: Construct, id: string, props: RankerEndpointProps) {
    super(scope, id, 'endpoint.yaml', capitalised(props))
  }
}

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
export class RankerTraining extends FromTemplate {
  constructor(scope: Construct, id: string, props: RankerTrainingProps) {
    super(scope, id, 'training.yaml', capitalised(props))
  }
}

export interface RankerFunctionProps {
  readonly image: string
  readonly functionName?: string
  readonly memorySize?: number
  readonly concurrency?: number
  readonly provisionedConcurrency?: number
  readonly logDays?: number
}

/** lambda.yaml: a function from the image, behind a URL with IAM. */
export class RankerFunction extends FromTemplate {
  constructor(scope: Construct, id: string, props: RankerFunctionProps) {
    super(scope, id, 'lambda.yaml', capitalised(props))
  }
}

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
export class RankerService extends FromTemplate {
  constructor(scope: Construct, id: string, props: RankerServiceProps) {
    super(scope, id, 'fargate.yaml', capitalised(props))
  }
}

/** network.yaml: a VPC without a way to the internet. */
export class RankerNetwork extends FromTemplate {
  constructor(scope: Construct, id: string, props: { readonly cidr?: string } = {}) {
    super(scope, id, 'network.yaml', capitalised(props))
  }
}

/** Properties as parameters of a template: `endpointName` is EndpointName. */
const capitalised = (props: object): Parameters =>
  Object.fromEntries(
    Object.entries(props).map(([name, value]) => [`${name[0]!.toUpperCase()}${name.slice(1)}`, value]),
  )
