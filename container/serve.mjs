#!/usr/bin/env node
// SageMaker runs an endpoint's image with the argument `serve`. That name is a link to this file, because
// Node 20.0 to 20.9 cannot load an ES module without an extension.
import { launch } from '../scripts/launch.mjs'

await launch('src/cli/main.ts', ['serve', ...process.argv.slice(2)])
