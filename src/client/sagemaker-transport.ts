import type {
  InvokeEndpointCommandInput,
  SageMakerRuntimeClientConfig,
} from '@aws-sdk/client-sagemaker-runtime'
import { RankerError, reasonOf } from '../errors.ts'
import { messageOf, type Transport } from './transport.ts'

export interface SageMakerOptions {
  readonly endpointName: string
  /** Further input of InvokeEndpoint, such as TargetVariant, TargetModel or InferenceComponentName. */
  readonly input?: Partial<InvokeEndpointCommandInput>
  /** Configuration of the SDK's client: region, credentials, endpoint. */
  readonly config?: SageMakerRuntimeClientConfig
}

/** What the SDK's errors tell. */
interface SdkError {
  readonly name?: string
  readonly OriginalStatusCode?: number
  readonly OriginalMessage?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/**
 * A SageMaker endpoint, through AWS's SDK, which is loaded here so that the first request need not wait for it.
 * @throws {RankerError} PACKAGE_MISSING without @aws-sdk/client-sagemaker-runtime.
 */
export async function sageMakerTransport({
  endpointName,
  input = {},
  config = {},
}: SageMakerOptions): Promise<Transport> {
  const { SageMakerRuntimeClient, InvokeEndpointCommand } = await import(
    '@aws-sdk/client-sagemaker-runtime'
  ).catch((cause): never => {
    const name = '@aws-sdk/client-sagemaker-runtime'
    throw new RankerError('PACKAGE_MISSING', { name, what: 'a SageMaker endpoint' }, { cause })
  })
  // The RankerClient's own second attempts keep to its budget; the SDK's retries would not.
  const client = new SageMakerRuntimeClient({ maxAttempts: 1, ...config })
  return {
    async send({ body, contentType, accept }, signal) {
      const command = new InvokeEndpointCommand({
        ...input,
        EndpointName: endpointName,
        Body: body,
        ContentType: contentType,
        Accept: accept,
      })
      try {
        const { Body } = await client.send(command, { abortSignal: signal })
        return new TextDecoder().decode(Body)
      } catch (cause) {
        const { name, OriginalStatusCode, OriginalMessage, $metadata } = cause as SdkError
        // A model's error comes as 424, with what the container said inside; too many requests come as 400.
        const status =
          name === 'ThrottlingException' ? 429 : (OriginalStatusCode ?? $metadata?.httpStatusCode)
        const reason = OriginalMessage === undefined ? reasonOf(cause) : messageOf(OriginalMessage)
        throw status === undefined
          ? new RankerError('ENDPOINT_UNREACHABLE', { reason }, { cause })
          : new RankerError('ENDPOINT_REFUSED', { status, reason }, { cause })
      }
    },
    close: () => client.destroy(),
  }
}
