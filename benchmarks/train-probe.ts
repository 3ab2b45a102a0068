// Loaded into `ranker train` by --import. It says when the thread that trains starts, and at the end how much
// memory the process had in use at most.
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { peakMegabytes } from './proc.ts'

const STDERR = 2

if (isMainThread) process.on('exit', () => writeSync(STDERR, `bench:peak ${peakMegabytes('self')}\n`))
else writeSync(STDERR, 'bench:started\n')
