import { existsSync } from 'node:fs'

/** A checkout has its TypeScript, the image the JavaScript made of it. */
const extension = existsSync(new URL('../src/cli/main.js', import.meta.url)) ? 'js' : 'ts'

/**
 * @param {string} name
 * @returns {string} the URL of a module in src/cli
 */
export function cli(name) {
  return new URL(`../src/cli/${name}.${extension}`, import.meta.url).href
}
