// What Fastify itself takes for such requests: `node http-echo.ts PORT` answers with the body it was sent.
import fastify from 'fastify'

const app = fastify({ logger: false, bodyLimit: 1 << 26 })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.get('/ping', async () => '')
app.post('/invocations', async (request, reply) =>
  reply.type(request.headers['content-type'] ?? '').send(request.body),
)
process.on('SIGTERM', () => app.close())
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
