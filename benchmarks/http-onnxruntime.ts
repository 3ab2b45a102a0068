// The peer: what a short server of Fastify and onnxruntime-node takes, `node http-onnxruntime.ts PORT MODEL`. It reads
// plain decimals only, checks nothing, logs and counts nothing.
import fastify from 'fastify'
import { InferenceSession, Tensor } from 'onnxruntime-node'

const [, , port, model = ''] = process.argv
const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 })
const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
const [metadata] = session.inputMetadata
const width = metadata?.isTensor ? Number(metadata.shape[1]) : 0

const [MINUS, COMMA, LF, POINT, ZERO] = [0x2d, 0x2c, 0x0a, 0x2e, 0x30]
const POWERS = Float64Array.from({ length: 20 }, (_, digits) => 10 ** digits)

function read(body: Uint8Array): Float32Array {
  const values = new Float32Array(body.length / 2)
  let count = 0
  for (let at = 0; at < body.length; at++) {
    const isNegative = body[at] === MINUS
    if (isNegative) at++
    let value = 0
    let point = -1
    for (; at < body.length && body[at] !== COMMA && body[at] !== LF; at++) {
      if (body[at] === POINT) point = at
      else value = value * 10 + body[at]! - ZERO
    }
    if (point >= 0) value /= POWERS[at - point - 1]!
    values[count++] = isNegative ? -value : value
  }
  return values.subarray(0, count)
}

const app = fastify({ logger: false, bodyLimit: 1 << 26 })
app.addContentTypeParser('text/csv', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.get('/ping', async () => '')
app.post('/invocations', async (request, reply) => {
  const values = read(request.body as Buffer)
  const scores = await session.run({ [input]: new Tensor('float32', values, [values.length / width, width]) })
  return reply.type('text/csv').send(`${(scores[output]!.data as Float32Array).join('\n')}\n`)
})
process.on('SIGTERM', () => app.close())
await app.listen({ host: '127.0.0.1', port: Number(port) })
