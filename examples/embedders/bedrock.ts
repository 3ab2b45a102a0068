// Vectors of texts from Amazon Titan on Bedrock, one request a text, a few at a time. `invoke` sends the body to a model
// and gives the answer's; with @aws-sdk/client-bedrock-runtime it is
//
//     const client = new BedrockRuntimeClient({ region: 'eu-west-1' })
//     const invoke = async (modelId: string, body: string, abortSignal?: AbortSignal) => {
//       const command = new InvokeModelCommand({ modelId, body, contentType: 'application/json' })
//       const answer = await client.send(command, { abortSignal })
//       return answer.body.transformToString()
//     }
import type { Embedder } from 'two-stage-ranking/retrieval'

/** Bedrock's quotas are per account and minute: more at once is throttled sooner. */
const AT_ONCE = 8

export function titanEmbedder(
  invoke: (modelId: string, body: string, abortSignal?: AbortSignal) => Promise<string>,
  { modelId = 'amazon.titan-embed-text-v2:0', dimensions = 256 } = {},
): Embedder {
  const embedOne = async (inputText: string, signal?: AbortSignal): Promise<number[]> => {
    const body = JSON.stringify({ inputText, dimensions, normalize: true })
    const answer = await invoke(modelId, body, signal)
    return JSON.parse(answer).embedding
  }
  return {
    name: `${modelId}:${dimensions}`,
    dimensions,
    async embed(texts, signal) {
      const vectors: number[][] = []
      for (let from = 0; from < texts.length; from += AT_ONCE)
        vectors.push(
          ...(await Promise.all(texts.slice(from, from + AT_ONCE).map((text) => embedOne(text, signal)))),
        )
      return vectors
    },
  }
}
