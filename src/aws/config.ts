import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { closestMatch } from 'leven'
import { RankerError, reasonOf } from '../errors.ts'
import { type Config, configSchema, GROUPS, type Group, type Leaf, leavesOf, REGION } from './schema.ts'

/** The prefix of the environment variables that set a leaf. */
const ENV_START = 'RANKER_AWS_'
const FILES = ['ranker.config.json', 'ranker.config.yaml', 'ranker.config.yml']

export interface ConfigSources {
  /** The file to read; undefined reads ranker.config.{json,yaml,yml} in `cwd`, if there is one. */
  readonly file: string | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Values by flag, without its dashes. */
  readonly flags: Readonly<Record<string, string>>
  readonly groups: readonly Group[]
}

/**
 * The configuration of a command: flags win over the environment, the environment over the file.
 * @throws {RankerError} CONFIG_MISSING, CONFIG_UNREADABLE, BAD_CONFIG, which names the place and what was wanted.
 */
export async function readConfig(sources: ConfigSources): Promise<Config> {
  const { file, value } = await readFile(sources)
  const leaves = leavesOf(sources.groups)
  checkFile(value, file)
  checkEnvironment(sources.env)
  for (const [where, textOf] of [
    ['env', (leaf: Leaf) => sources.env[leaf.env]],
    ['flags', (leaf: Leaf) => sources.flags[leaf.flag]],
  ] as const) {
    for (const leaf of leaves) {
      const text = textOf(leaf)
      if (text !== undefined && text !== '')
        place(value, leaf, fromText(leaf, text, where === 'env' ? leaf.env : `--${leaf.flag}`))
    }
  }
  const result = configSchema.safeParse(value)
  if (result.success) return withRegion(result.data, sources)
  // The file was already checked by itself, so the fault is in one of these.
  const issue = result.error.issues[0]!
  const leaf = leaves.find(({ path }) => path.every((part, at) => issue.path[at] === part))
  const source = leaf && (sources.flags[leaf.flag] !== undefined ? `--${leaf.flag}` : leaf.env)
  throw new RankerError('BAD_CONFIG', { where: source ?? issue.path.join('.'), reason: issue.message })
}

async function readFile({ file, cwd }: ConfigSources): Promise<{ file: string; value: object }> {
  const here = FILES.filter((name) => existsSync(join(cwd, name)))
  if (file === undefined && here.length > 1)
    throw new RankerError('BAD_CONFIG', {
      where: here.join(' and '),
      reason: `wanted one file of settings in ${cwd}, or --config to say which`,
    })
  const [path] = (file === undefined ? here : [file]).map((name) => resolve(cwd, name))
  if (path === undefined) return { file: '', value: {} }
  if (!existsSync(path)) throw new RankerError('CONFIG_MISSING', { path, wanted: 'the file of --config' })
  const text = readFileSync(path, 'utf8')
  let value: unknown
  try {
    value = path.endsWith('.json') ? JSON.parse(text) : (await import('yaml')).parse(text)
  } catch (cause) {
    const wanted = 'the configuration in JSON, or in YAML where the name ends in .yaml'
    throw new RankerError('CONFIG_UNREADABLE', { path, reason: reasonOf(cause), wanted }, { cause })
  }
  return { file: path, value: (value as object | null) ?? {} }
}

function checkFile(value: object, file: string): void {
  const result = configSchema.safeParse(value)
  if (result.success) return
  const issue = result.error.issues[0]!
  const at = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0]!
    const inside = leavesOf(GROUPS)
      .filter(({ path }) => path.slice(0, issue.path.length).join('.') === at)
      .map(({ path }) => path[issue.path.length]!)
    const where = [...issue.path, unknown].join('.')
    throw new RankerError('BAD_CONFIG', { where: `${file}: ${where}`, reason: noSuch(unknown, inside) })
  }
  throw new RankerError('BAD_CONFIG', { where: `${file}: ${at || 'it'}`, reason: issue.message })
}

/** A misspelt variable would otherwise be ignored silently. */
function checkEnvironment(env: ConfigSources['env']): void {
  const known = leavesOf(GROUPS).map((leaf) => leaf.env)
  const where = Object.keys(env).find((name) => name.startsWith(ENV_START) && !known.includes(name))
  if (where !== undefined) throw new RankerError('BAD_CONFIG', { where, reason: noSuch(where, known) })
}

function noSuch(seen: string, known: readonly string[]): string {
  const nearest = closestMatch(seen, known, { maxDistance: 3 })
  return `there is no such setting${nearest ? `; did you mean ${nearest}?` : ''}`
}

/** Sets a leaf in the tree of settings, making the objects on the way to it. */
function place(tree: object, { path }: Leaf, value: unknown): void {
  let at = tree as Record<string, unknown>
  for (const part of path.slice(0, -1)) {
    at[part] ??= {}
    at = at[part] as Record<string, unknown>
  }
  const last = path.at(-1)!
  const isMap = typeof value === 'object' && !Array.isArray(value)
  at[last] = isMap ? { ...(at[last] as object | undefined), ...(value as object) } : value
}

function fromText({ kind, options }: Leaf, text: string, where: string): unknown {
  const refuse = (wanted: string): never => {
    throw new RankerError('BAD_SETTING', { name: where, seen: text, wanted })
  }
  switch (kind) {
    case 'text':
      return options && !options.includes(text) ? refuse(options.join(', ')) : text
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : refuse('a number')
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : refuse('true or false')
    case 'list':
      return text.split(',').map((one) => one.trim())
    case 'map':
      return Object.fromEntries(
        text.split(',').map((pair) => {
          const at = pair.indexOf('=')
          return at > 0 ? [pair.slice(0, at).trim(), pair.slice(at + 1)] : refuse('name=value,name=value')
        }),
      )
  }
}

function withRegion(config: Config, { env }: ConfigSources): Config {
  const region = config.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined)
  if (region === undefined) return config
  if (!REGION.test(region))
    throw new RankerError('BAD_SETTING', { name: 'AWS_REGION', seen: region, wanted: 'such as us-east-1' })
  return { ...config, region }
}
