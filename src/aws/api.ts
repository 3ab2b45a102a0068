import type * as scaling from '@aws-sdk/client-application-auto-scaling'
import type * as cloudwatch from '@aws-sdk/client-cloudwatch'
import type * as logs from '@aws-sdk/client-cloudwatch-logs'
import type * as ecr from '@aws-sdk/client-ecr'
import type * as iam from '@aws-sdk/client-iam'
import type * as sagemaker from '@aws-sdk/client-sagemaker'
import type * as runtime from '@aws-sdk/client-sagemaker-runtime'
import type * as sts from '@aws-sdk/client-sts'
import { RankerError, reasonOf } from '../errors.ts'
import { awsFailure } from './failures.ts'

/**
 * Every AWS call the commands make, as `service:Operation`, with its request and its answer.
 * infrastructure/iam/deployer.json allows exactly these.
 */
export interface Calls {
  'sts:GetCallerIdentity': [sts.GetCallerIdentityCommandInput, sts.GetCallerIdentityCommandOutput]
  'iam:GetRole': [iam.GetRoleCommandInput, iam.GetRoleCommandOutput]
  'iam:CreateRole': [iam.CreateRoleCommandInput, iam.CreateRoleCommandOutput]
  'iam:DeleteRole': [iam.DeleteRoleCommandInput, iam.DeleteRoleCommandOutput]
  'iam:GetRolePolicy': [iam.GetRolePolicyCommandInput, iam.GetRolePolicyCommandOutput]
  'iam:PutRolePolicy': [iam.PutRolePolicyCommandInput, iam.PutRolePolicyCommandOutput]
  'iam:DeleteRolePolicy': [iam.DeleteRolePolicyCommandInput, iam.DeleteRolePolicyCommandOutput]
  'ecr:DescribeRepositories': [ecr.DescribeRepositoriesCommandInput, ecr.DescribeRepositoriesCommandOutput]
  'ecr:CreateRepository': [ecr.CreateRepositoryCommandInput, ecr.CreateRepositoryCommandOutput]
  'ecr:DescribeImages': [ecr.DescribeImagesCommandInput, ecr.DescribeImagesCommandOutput]
  'ecr:GetAuthorizationToken': [ecr.GetAuthorizationTokenCommandInput, ecr.GetAuthorizationTokenCommandOutput]
  'sagemaker:CreateModel': [sagemaker.CreateModelCommandInput, sagemaker.CreateModelCommandOutput]
  'sagemaker:DescribeModel': [sagemaker.DescribeModelCommandInput, sagemaker.DescribeModelCommandOutput]
  'sagemaker:ListModels': [sagemaker.ListModelsCommandInput, sagemaker.ListModelsCommandOutput]
  'sagemaker:DeleteModel': [sagemaker.DeleteModelCommandInput, sagemaker.DeleteModelCommandOutput]
  'sagemaker:CreateEndpointConfig': [
    sagemaker.CreateEndpointConfigCommandInput,
    sagemaker.CreateEndpointConfigCommandOutput,
  ]
  'sagemaker:DescribeEndpointConfig': [
    sagemaker.DescribeEndpointConfigCommandInput,
    sagemaker.DescribeEndpointConfigCommandOutput,
  ]
  'sagemaker:ListEndpointConfigs': [
    sagemaker.ListEndpointConfigsCommandInput,
    sagemaker.ListEndpointConfigsCommandOutput,
  ]
  'sagemaker:DeleteEndpointConfig': [
    sagemaker.DeleteEndpointConfigCommandInput,
    sagemaker.DeleteEndpointConfigCommandOutput,
  ]
  'sagemaker:CreateEndpoint': [sagemaker.CreateEndpointCommandInput, sagemaker.CreateEndpointCommandOutput]
  'sagemaker:DescribeEndpoint': [
    sagemaker.DescribeEndpointCommandInput,
    sagemaker.DescribeEndpointCommandOutput,
  ]
  'sagemaker:UpdateEndpoint': [sagemaker.UpdateEndpointCommandInput, sagemaker.UpdateEndpointCommandOutput]
  'sagemaker:UpdateEndpointWeightsAndCapacities': [
    sagemaker.UpdateEndpointWeightsAndCapacitiesCommandInput,
    sagemaker.UpdateEndpointWeightsAndCapacitiesCommandOutput,
  ]
  'sagemaker:DeleteEndpoint': [sagemaker.DeleteEndpointCommandInput, sagemaker.DeleteEndpointCommandOutput]
  'sagemaker:AddTags': [sagemaker.AddTagsCommandInput, sagemaker.AddTagsCommandOutput]
  'sagemaker:ListTags': [sagemaker.ListTagsCommandInput, sagemaker.ListTagsCommandOutput]
  'sagemaker:CreateTrainingJob': [
    sagemaker.CreateTrainingJobCommandInput,
    sagemaker.CreateTrainingJobCommandOutput,
  ]
  'sagemaker:DescribeTrainingJob': [
    sagemaker.DescribeTrainingJobCommandInput,
    sagemaker.DescribeTrainingJobCommandOutput,
  ]
  'sagemaker:ListTrainingJobs': [
    sagemaker.ListTrainingJobsCommandInput,
    sagemaker.ListTrainingJobsCommandOutput,
  ]
  'sagemaker:StopTrainingJob': [sagemaker.StopTrainingJobCommandInput, sagemaker.StopTrainingJobCommandOutput]
  'sagemaker:CreateHyperParameterTuningJob': [
    sagemaker.CreateHyperParameterTuningJobCommandInput,
    sagemaker.CreateHyperParameterTuningJobCommandOutput,
  ]
  'sagemaker:DescribeHyperParameterTuningJob': [
    sagemaker.DescribeHyperParameterTuningJobCommandInput,
    sagemaker.DescribeHyperParameterTuningJobCommandOutput,
  ]
  'sagemaker:ListHyperParameterTuningJobs': [
    sagemaker.ListHyperParameterTuningJobsCommandInput,
    sagemaker.ListHyperParameterTuningJobsCommandOutput,
  ]
  'sagemaker:StopHyperParameterTuningJob': [
    sagemaker.StopHyperParameterTuningJobCommandInput,
    sagemaker.StopHyperParameterTuningJobCommandOutput,
  ]
  'sagemaker:CreateTransformJob': [
    sagemaker.CreateTransformJobCommandInput,
    sagemaker.CreateTransformJobCommandOutput,
  ]
  'sagemaker:DescribeTransformJob': [
    sagemaker.DescribeTransformJobCommandInput,
    sagemaker.DescribeTransformJobCommandOutput,
  ]
  'sagemaker:ListTransformJobs': [
    sagemaker.ListTransformJobsCommandInput,
    sagemaker.ListTransformJobsCommandOutput,
  ]
  'sagemaker:StopTransformJob': [
    sagemaker.StopTransformJobCommandInput,
    sagemaker.StopTransformJobCommandOutput,
  ]
  'sagemaker-runtime:InvokeEndpoint': [
    runtime.InvokeEndpointCommandInput,
    runtime.InvokeEndpointCommandOutput,
  ]
  'sagemaker-runtime:InvokeEndpointAsync': [
    runtime.InvokeEndpointAsyncCommandInput,
    runtime.InvokeEndpointAsyncCommandOutput,
  ]
  'application-autoscaling:DescribeScalableTargets': [
    scaling.DescribeScalableTargetsCommandInput,
    scaling.DescribeScalableTargetsCommandOutput,
  ]
  'application-autoscaling:RegisterScalableTarget': [
    scaling.RegisterScalableTargetCommandInput,
    scaling.RegisterScalableTargetCommandOutput,
  ]
  'application-autoscaling:DeregisterScalableTarget': [
    scaling.DeregisterScalableTargetCommandInput,
    scaling.DeregisterScalableTargetCommandOutput,
  ]
  'application-autoscaling:PutScalingPolicy': [
    scaling.PutScalingPolicyCommandInput,
    scaling.PutScalingPolicyCommandOutput,
  ]
  'application-autoscaling:DescribeScalingPolicies': [
    scaling.DescribeScalingPoliciesCommandInput,
    scaling.DescribeScalingPoliciesCommandOutput,
  ]
  'application-autoscaling:PutScheduledAction': [
    scaling.PutScheduledActionCommandInput,
    scaling.PutScheduledActionCommandOutput,
  ]
  'application-autoscaling:DescribeScheduledActions': [
    scaling.DescribeScheduledActionsCommandInput,
    scaling.DescribeScheduledActionsCommandOutput,
  ]
  'application-autoscaling:DeleteScheduledAction': [
    scaling.DeleteScheduledActionCommandInput,
    scaling.DeleteScheduledActionCommandOutput,
  ]
  'application-autoscaling:DeleteScalingPolicy': [
    scaling.DeleteScalingPolicyCommandInput,
    scaling.DeleteScalingPolicyCommandOutput,
  ]
  'cloudwatch:PutMetricAlarm': [cloudwatch.PutMetricAlarmCommandInput, cloudwatch.PutMetricAlarmCommandOutput]
  'cloudwatch:DescribeAlarms': [cloudwatch.DescribeAlarmsCommandInput, cloudwatch.DescribeAlarmsCommandOutput]
  'cloudwatch:ListTagsForResource': [
    cloudwatch.ListTagsForResourceCommandInput,
    cloudwatch.ListTagsForResourceCommandOutput,
  ]
  'cloudwatch:DeleteAlarms': [cloudwatch.DeleteAlarmsCommandInput, cloudwatch.DeleteAlarmsCommandOutput]
  'cloudwatch:PutDashboard': [cloudwatch.PutDashboardCommandInput, cloudwatch.PutDashboardCommandOutput]
  'cloudwatch:GetDashboard': [cloudwatch.GetDashboardCommandInput, cloudwatch.GetDashboardCommandOutput]
  'cloudwatch:DeleteDashboards': [
    cloudwatch.DeleteDashboardsCommandInput,
    cloudwatch.DeleteDashboardsCommandOutput,
  ]
  'cloudwatch:GetMetricData': [cloudwatch.GetMetricDataCommandInput, cloudwatch.GetMetricDataCommandOutput]
  'logs:DescribeLogStreams': [logs.DescribeLogStreamsCommandInput, logs.DescribeLogStreamsCommandOutput]
  'logs:GetLogEvents': [logs.GetLogEventsCommandInput, logs.GetLogEventsCommandOutput]
}

export type CallName = keyof Calls

/** AWS as the commands see it: one call at a time, each with a plain request. */
export interface Api {
  readonly region: string
  /** @throws {RankerError} AWS_FAILED, which names the call, the resource, the reason and what to do about it. */
  call<N extends CallName>(name: N, request: Calls[N][0]): Promise<Calls[N][1]>
  close(): void
}

/** Lists that come in pages. */
type PagedCall =
  | 'sagemaker:ListModels'
  | 'sagemaker:ListEndpointConfigs'
  | 'cloudwatch:GetMetricData'
  | 'application-autoscaling:DescribeScheduledActions'
  | 'logs:DescribeLogStreams'

/** The pages of a list, each requested only when it is needed. @throws {RankerError} AWS_FAILED */
export async function* pages<N extends PagedCall>(
  api: Api,
  name: N,
  request: Calls[N][0],
): AsyncGenerator<Calls[N][1]> {
  const next = name.startsWith('logs:') ? 'nextToken' : 'NextToken'
  for (let token: string | undefined; ; ) {
    const page = await api.call(name, { ...request, ...(token !== undefined && { [next]: token }) })
    yield page
    token = (page as { readonly NextToken?: string; readonly nextToken?: string })[next]
    if (!token) return
  }
}

/** The packages of the SDK, each loaded at the first call of its service. */
const SERVICES: Readonly<Record<string, { load: () => Promise<object>; client: string }>> = {
  sts: { load: () => import('@aws-sdk/client-sts'), client: 'STSClient' },
  iam: { load: () => import('@aws-sdk/client-iam'), client: 'IAMClient' },
  ecr: { load: () => import('@aws-sdk/client-ecr'), client: 'ECRClient' },
  sagemaker: { load: () => import('@aws-sdk/client-sagemaker'), client: 'SageMakerClient' },
  'sagemaker-runtime': {
    load: () => import('@aws-sdk/client-sagemaker-runtime'),
    client: 'SageMakerRuntimeClient',
  },
  'application-autoscaling': {
    load: () => import('@aws-sdk/client-application-auto-scaling'),
    client: 'ApplicationAutoScalingClient',
  },
  cloudwatch: { load: () => import('@aws-sdk/client-cloudwatch'), client: 'CloudWatchClient' },
  logs: { load: () => import('@aws-sdk/client-cloudwatch-logs'), client: 'CloudWatchLogsClient' },
}

interface Client {
  send(command: object): Promise<never>
  destroy(): void
}
type Sdk = Readonly<Record<string, new (input: object) => object>>

/** The region of the profile in AWS's shared config files; undefined where they name none. */
export async function regionOfProfile(): Promise<string | undefined> {
  try {
    const { STSClient } = await import('@aws-sdk/client-sts')
    const client = new STSClient({})
    return await client.config.region().finally(() => client.destroy())
  } catch {
    return undefined
  }
}

/** Tries of a call, with the SDK's growing pauses between them. */
const ATTEMPTS = 5

/**
 * Opens AWS in a region. The SDK finds credentials, profile and endpoints (`AWS_ENDPOINT_URL_SAGEMAKER` and the like)
 * by itself, and retries throttled and broken calls.
 */
export function openApi(region: string): Api {
  const opened = new Map<string, Promise<{ sdk: Sdk; client: Client }>>()
  const open = async (service: string) => {
    const { load, client } = SERVICES[service]!
    const sdk = (await load().catch((cause: unknown) => {
      throw new RankerError('AWS_SDK_MISSING', { service, reason: reasonOf(cause) }, { cause })
    })) as Sdk
    const options = {
      region,
      maxAttempts: ATTEMPTS,
      retryMode: 'standard',
      // Without these, a server that never answers would be waited for for ever.
      requestHandler: { connectionTimeout: 10_000, socketTimeout: 80_000 },
    }
    return { sdk, client: new sdk[client]!(options) as Client }
  }
  return {
    region,
    async call(name, request) {
      const [service, operation] = name.split(':') as [string, string]
      if (!opened.has(service)) opened.set(service, open(service))
      const { sdk, client } = await opened.get(service)!
      try {
        return await client.send(new sdk[`${operation}Command`]!(request))
      } catch (cause) {
        throw awsFailure(name, request, region, cause)
      }
    },
    close() {
      for (const one of opened.values()) one.then(({ client }) => client.destroy()).catch(() => {})
    },
  }
}
