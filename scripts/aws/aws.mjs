#!/usr/bin/env node
// `scripts/aws/NAME` is `ranker aws NAME`: each of them is a link to this file.
import { basename } from 'node:path'
import { launch } from '../launch.mjs'

const [, script, ...args] = process.argv
const name = basename(script)
await launch('src/cli/main.ts', ['aws', ...(name === 'aws.mjs' ? [] : [name]), ...args])
