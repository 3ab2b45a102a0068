#!/usr/bin/env node
// SageMaker runs a training job's image with the argument `train`. That name is a link to this file, because
// Node 20.0 to 20.9 cannot load an ES module without an extension.
import { launch } from '../scripts/launch.mjs'

await launch('container/job.mjs', process.argv.slice(2))
