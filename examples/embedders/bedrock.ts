// Vectors of texts from Amazon Titan on Bedrock, one request a text, a few at a time. `invoke` sends the body to a model
// and gives the answer's; with @aws-sdk/client-bedrock-runtime it is
//
//     const client = new BedrockRuntimeClient({ region: 'eu-west-1' })
//     const invoke = async (modelId: string, body: string) => {
//       const answer = await client.send(new InvokeModelCommand({ modelId, body, contentType: 'application/json' }))
//       return answer.body.transformToString()
//     }
import type { Embedder } from 'two-stage-ranking/retrieval'

/** Bedrock's quotas are per account and minute: more at once is throttled sooner. */
const AT_ONCE = 8

export function titanEmbedder(
  invoke: (modelId: string, body: string) => Promise<string>,
  { modelId = 'amazon.titan-embed-text-v2:0', dimensions = 256 } = {},
): Embedder {
  const embedOne = async (inputText: string): Promise<number[]> => {
    const answer = await invoke(modelId, JSON.stringify({ inputText, dimensions, normalize: true }))
    return JSON.parse(answer).embedding
  }
  return {
    name: `${modelId}:${dimensions}`,
    dimensions,
    async embed(texts) {
      const vectors: number[][] = []
      for (let from = 0; from < texts.length; from += AT_ONCE)
        vectors.push(...(await Promise.all(texts.slice(from, from + AT_ONCE).map(embedOne))))
      return vectors
    },
  }
}
