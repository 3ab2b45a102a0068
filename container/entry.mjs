// What the image runs. SageMaker starts it with `train` or `serve`; it is PID 1, and what it imports handles signals.
import { cli } from './cli.mjs'

/** Only the image that trains names a libxgboost. */
const trains = process.env.RANKER_XGBOOST_LIB !== undefined

const [command] = process.argv.slice(2)
if (command === 'train' && trains) {
  process.argv.splice(2, 1)
  await import('./job.mjs')
} else if (command === 'serve' || command === 'score') {
  await import(cli('main'))
} else {
  const isHelp = ['help', '--help', '-h'].includes(command)
  if (command === 'train') console.error('This image only serves: the sagemaker target trains.\n')
  else if (command !== undefined && !isHelp) console.error(`unknown command ${JSON.stringify(command)}\n`)
  const usage = `Usage: docker run IMAGE COMMAND [flags]
${trains ? '\n  train    learn a ranker: a SageMaker training job below SAGEMAKER_BASE_DIR (default /opt/ml)' : ''}
  serve    answer /ping and /invocations on port 8080
  score    rank candidates from a file or stdin

COMMAND --help tells more of each.`
  console[isHelp ? 'log' : 'error'](usage)
  // EX_USAGE of sysexits.h
  process.exitCode = isHelp ? 0 : 64
}
