import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readHosts } from '../../src/sagemaker/hosts.ts'

const read = (t: Test, content: object | string, env = {}) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return readHosts(join(t.testdir({ 'resourceconfig.json': text }), 'resourceconfig.json'), env)
}

t.test('several hosts, in the platform’s order', async (t) => {
  const hosts = ['algo-1', 'algo-2', 'algo-10']
  t.same(read(t, { current_host: 'algo-10', hosts, network_interface_name: 'eth0', topology: [] }), {
    names: ['algo-1', 'algo-10', 'algo-2'],
    index: 1,
    port: 9099,
    timeoutSeconds: 1800,
  })
  const env = { RANKER_TRACKER_PORT: '9100', RANKER_HOST_TIMEOUT: '60' }
  t.match(read(t, { current_host: 'algo-1', hosts }, env), { index: 0, port: 9100, timeoutSeconds: 60 })
})

t.test('one machine', async (t) => {
  t.equal(readHosts(join(t.testdir({}), 'resourceconfig.json'), {}), undefined, 'without the file')
  t.equal(read(t, { current_host: 'algo-1', hosts: ['algo-1'] }), undefined)
  t.equal(read(t, { current_host: 'other', hosts: ['algo-1'] }), undefined, 'whatever it is called')
  t.equal(read(t, {}), undefined)
})

t.test('what is wrong is said', async (t) => {
  const refused = (content: object | string, message: RegExp, env = {}) =>
    t.throws(() => read(t, content, env), { message })
  const hosts = ['a', 'b']
  refused(
    { current_host: 'c', hosts },
    /resourceconfig\.json says that current_host is "c": wanted one of .*"a", "b"/,
  )
  refused({ hosts }, /current_host is undefined: wanted one of/)
  refused({ current_host: 'a', hosts: ['a', 'b', 'a'] }, /names the host "a" twice/)
  refused({ current_host: 'a', hosts: 'ab' }, /cannot be read \(hosts: .*expected array/)
  refused('{', /cannot be read/)
  refused({ current_host: 'a', hosts }, /RANKER_TRACKER_PORT is "70000": wanted an integer from 1 to 65535/, {
    RANKER_TRACKER_PORT: '70000',
  })
  refused({ current_host: 'a', hosts }, /RANKER_HOST_TIMEOUT is "0": wanted an integer from 1/, {
    RANKER_HOST_TIMEOUT: '0',
  })
})
