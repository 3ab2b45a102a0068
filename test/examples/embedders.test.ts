import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { titanEmbedder } from '../../examples/embedders/bedrock.ts'
import { sageMakerEmbedder } from '../../examples/embedders/sagemaker.ts'
import { EmbeddedEngine } from '../../src/retrieval/index.ts'
import { emptyFolder } from '../helpers/model.ts'

const vectorOf = (text: string) => [text.length, 1, 0]
const items = ['a', 'bb', 'c'.repeat(40)].map((text) => ({ id: text, text }))

t.test('an embedding endpoint on SageMaker', async (t) => {
  const server = createServer(async (request, answer) => {
    t.equal(request.url, '/endpoints/words/invocations')
    const { inputs } = JSON.parse(await text(request))
    answer.setHeader('content-type', 'application/json').end(JSON.stringify(inputs.map(vectorOf)))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close().closeAllConnections())
  await new Promise((resolve) => server.once('listening', resolve))
  const embedder = sageMakerEmbedder('words', 3, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const engine = await EmbeddedEngine.open(emptyFolder(t), { embedder })
  await engine.index(items)
  t.match(await engine.search({ text: 'dd', k: 1 }), [{ id: 'bb' }])
})

t.test('Titan on Bedrock', async (t) => {
  const sent: string[] = []
  const invoke = async (modelId: string, body: string) => {
    sent.push(modelId)
    const { inputText, dimensions, normalize } = JSON.parse(body)
    t.same({ dimensions, normalize }, { dimensions: 3, normalize: true })
    return JSON.stringify({ embedding: vectorOf(inputText), inputTextTokenCount: 1 })
  }
  const engine = await EmbeddedEngine.open(emptyFolder(t), {
    embedder: titanEmbedder(invoke, { dimensions: 3 }),
  })
  await engine.index(items)
  t.match(await engine.search({ text: 'd', k: 1 }), [{ id: 'a' }])
  t.same([...new Set(sent)], ['amazon.titan-embed-text-v2:0'])
})
