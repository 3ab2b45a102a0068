import t from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { Communicator, isCollectiveFailure, Tracker } from '../../src/xgboost/collective.ts'
import { XGBoost } from '../../src/xgboost/library.ts'

const library = XGBoost.load(process.env)

t.test('a worker by itself: joins, hears itself, leaves', async (t) => {
  const tracker = Tracker.start(library, '127.0.0.1', 1, 10)
  const collective = Communicator.join(library, {
    address: '127.0.0.1',
    port: tracker.port,
    index: 0,
    workers: 1,
    timeoutSeconds: 10,
  })
  t.same([collective.any(false), collective.any(true)], [false, true])
  t.same(collective.gather(Uint8Array.of(7, 255)), [Uint8Array.of(7, 255)])
  collective.close()
  tracker.close()
})

t.test('no tracker, no collective', async (t) => {
  const port = await freePort()
  const join = () =>
    Communicator.join(library, { address: '127.0.0.1', port, index: 0, workers: 2, timeoutSeconds: 1 })
  t.throws(join, { code: 'XGBOOST_FAILED' })
  try {
    join()
  } catch (error) {
    t.ok(isCollectiveFailure(error), 'which is told from a failure of the data')
  }
})
