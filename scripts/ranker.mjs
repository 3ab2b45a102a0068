#!/usr/bin/env node
// The command line of a checkout. `scripts/ranker` is a link to this file, because Node 20.0 to 20.9 cannot
// load an ES module without an extension.
import { launch } from './launch.mjs'

await launch('src/cli/main.ts', process.argv.slice(2))
