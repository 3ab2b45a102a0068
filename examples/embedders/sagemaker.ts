// Vectors of texts from a SageMaker endpoint, such as one of Hugging Face's text-embeddings-inference: it takes
// {"inputs": ["…", …]} and answers a list of vectors. To be passed as `embedder` to either engine of stage 1.
import {
  InvokeEndpointCommand,
  SageMakerRuntimeClient,
  type SageMakerRuntimeClientConfig,
} from '@aws-sdk/client-sagemaker-runtime'
import type { Embedder } from 'two-stage-ranking/retrieval'

export function sageMakerEmbedder(
  endpointName: string,
  dimensions: number,
  config: SageMakerRuntimeClientConfig = {},
): Embedder {
  const client = new SageMakerRuntimeClient(config)
  return {
    // Another endpoint is another embedding: the index remembers.
    name: `sagemaker:${endpointName}`,
    dimensions,
    async embed(texts, signal) {
      const command = new InvokeEndpointCommand({
        EndpointName: endpointName,
        ContentType: 'application/json',
        Accept: 'application/json',
        Body: JSON.stringify({ inputs: texts }),
      })
      const { Body } = await client.send(command, { ...(signal && { abortSignal: signal }) })
      return JSON.parse(new TextDecoder().decode(Body))
    },
  }
}
