import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readCheckpointFolder } from '../../src/sagemaker/checkpoint-config.ts'
import { jobPaths, jobRoot, readChannels, readHyperparameters, sideChannel } from '../../src/sagemaker/job.ts'
import { writeTree } from '../helpers/command.ts'

const paths = (t: Test, config: Record<string, string | object>) => {
  const root = t.testdir({})
  writeTree(join(root, 'input/config'), config)
  writeTree(join(root, 'input/data'), { 'train/a.csv': 'x' })
  return jobPaths(root)
}

t.test('the root of a job', async (t) => {
  t.equal(jobRoot({}), '/opt/ml')
  t.equal(jobRoot({ SAGEMAKER_BASE_DIR: '' }), '/opt/ml', 'set to nothing is not set')
  t.equal(jobRoot({ SAGEMAKER_BASE_DIR: '/data' }), '/data')
})

t.test('hyperparameters.json in every shape', async (t) => {
  const read = (content: string | object) =>
    readHyperparameters(paths(t, { 'hyperparameters.json': content }).hyperparameters)
  t.same(read({}), {})
  t.same(read({ a: '1', b: '"text"', c: '["x"]', d: 'bare', e: 0.5, f: true }), {
    a: '1',
    b: 'text',
    c: '["x"]',
    d: 'bare',
    e: '0.5',
    f: 'true',
  })
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`sagemaker_${index}`, 'x']))
  t.same(Object.keys(read(many)).length, 300)
  for (const content of ['', '[]', '"x"', 'null', '7', '{"a":1', '{"a":}']) {
    t.throws(() => read(content), { code: 'CONFIG_UNREADABLE' }, content)
  }
  t.throws(() => read('[]'), { message: /\(it is an array\): wanted a JSON object of/ })
  t.throws(() => readHyperparameters(join(t.testdir({}), 'none.json')), { code: 'CONFIG_MISSING' })
})

t.test('checkpointconfig.json', async (t) => {
  const read = (config: Record<string, string | object>) =>
    readCheckpointFolder(paths(t, config).checkpointConfig)
  t.equal(read({}), undefined, 'no file, no checkpoints')
  const file = 'checkpointconfig.json'
  t.equal(read({ [file]: { LocalPath: '/somewhere/else/', S3Uri: 's3://b/p' } }), '/somewhere/else/')
  t.equal(read({ [file]: {} }), '/opt/ml/checkpoints', 'the platform’s default')
  for (const content of ['', '[]', '{"LocalPath":""}', '{"LocalPath":null}']) {
    t.throws(() => read({ [file]: content }), { code: 'CONFIG_UNREADABLE' }, content)
  }
})

t.test('channels with rows and without, and files that are nobody’s', async (t) => {
  const job = paths(t, {
    'inputdataconfig.json': { train: { TrainingInputMode: 'File' } },
    // All that local mode writes.
    'resourceconfig.json': { current_host: 'algo-1', hosts: ['algo-1'], network_interface_name: 'eth0' },
    'upstreamoutputdataconfig.json': 'not JSON',
  })
  writeTree(job.data, {
    'code/x.js': '',
    'model/model.ubj': '',
    'config/.keep': '',
    'train-manifest': 'the platform’s list of objects',
  })
  t.same(Object.keys(readChannels(job)), ['train'])
  t.equal(sideChannel(job, 'code'), join(job.data, 'code'))
  t.equal(sideChannel(job, 'config'), join(job.data, 'config'))
})
