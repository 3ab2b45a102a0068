import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CONTENT_TYPES } from '../../src/serving/input-fn.ts'
import { ANSWER_TYPES } from '../../src/serving/output-fn.ts'
import { messagesOf } from '../helpers/http-page.ts'
import { explainableFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/serving.md'), 'utf8')

t.test('the examples of docs/serving.md are answered as it says', async (t) => {
  const { invoke } = await startServer(t, explainableFolder(t))
  const messages = messagesOf(page)
  const inTypes = new Set<string>()
  const outTypes = new Set<string>()
  for (let index = 0; index < messages.length; index += 2) {
    const [request, wanted] = [messages[index]!, messages[index + 1]!]
    const title = `${request.headers['content-type']} as ${wanted.headers['content-type']}`
    t.equal(request.first, 'POST /invocations')
    const answer = await invoke(request.body, request.headers)
    t.equal(`HTTP/1.1 ${answer.statusCode}`, wanted.first, title)
    t.equal(answer.headers['content-type'], wanted.headers['content-type'], title)
    if (wanted.headers['content-type'] === 'application/json')
      t.same(answer.json(), JSON.parse(wanted.body.toString()), title)
    else t.ok(answer.rawPayload.equals(wanted.body), `${title}: ${answer.payload}`)
    inTypes.add(request.headers['content-type']!.split(';')[0]!)
    outTypes.add(wanted.headers['content-type']!)
  }
  t.same(
    [...inTypes].sort(),
    CONTENT_TYPES.filter((type) => type !== 'text/x-libsvm').sort(),
    'an example for each',
  )
  t.same([...outTypes].sort(), [...ANSWER_TYPES].sort(), 'and for each answer')
  for (const type of CONTENT_TYPES) t.match(page, `\`${type}\``)
})
