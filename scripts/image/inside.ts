import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, outputOf } from './engine.ts'

/** Runs a script of this folder inside an image, without a network. @returns what it printed */
export function runInside({ command, runFlags }: Engine, image: string, script: string): string {
  const code = readFileSync(join(import.meta.dirname, script), 'utf8')
  const flags = ['--rm', '-i', '--network=none', '--user=0', '--entrypoint=/usr/local/bin/node', ...runFlags]
  return outputOf(command, ['run', ...flags, image, '--input-type=module', '-'], code)
}
