import { RankerError } from '../../errors.ts'
import type { Memory } from '../../storage/memory.ts'
import { hookFile } from '../hooks.ts'
import { folderBytes, modelFolder } from './model-folder.ts'
import type { ModelDescription, ModelHost, ModelPage, ModelRegistry } from './model-host.ts'

const MEBIBYTE = 1 << 20
/** As the platform's own limit on the headers that carry a name. */
const LONGEST_NAME = 1024
const LONGEST_URL = 4096
const PAGE_SIZE = 100
const LARGEST_PAGE = 10_000

/** Share of the memory that models may take: the kernel kills at all of it, and requests need some. */
const FULL = 0.9
/** Memory that a model takes while it loads, as a multiple of its files: bytes, parsed graph and session. */
const MEMORY_PER_BYTE = 6
/** What even the smallest model takes, and what a process for hooks takes. */
const LEAST_MODEL = 2 * MEBIBYTE
const HOOKS_PROCESS = 80 * MEBIBYTE

interface Entry {
  readonly name: string
  readonly url: string
  /** Place in the order of loading, by which lists are paged. */
  readonly serial: number
}

export interface RegistryOptions {
  /** Every host that serves, each of which is to have every model. */
  readonly hosts: () => readonly ModelHost[]
  /** The folder that models lie below. */
  readonly root: string
  readonly memory: Memory
  /** SAGEMAKER_PROGRAM. */
  readonly program?: string | undefined
}

/** Which models are loaded; the same in all hosts. */
export class Registry implements ModelRegistry {
  readonly #options: RegistryOptions
  readonly #models = new Map<string, Entry>()
  /** Names that are being loaded or unloaded. */
  readonly #busy = new Set<string>()
  /** Bytes that models which are being loaded may still take. */
  #reserved = 0
  #serial = 0
  /** Loads that are under way. */
  readonly #loads = new Set<Promise<void>>()
  /** New hosts that are being given what is loaded; nothing else is loaded meanwhile. */
  #filling: Promise<void> = Promise.resolve()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  async load(name: unknown, url: unknown): Promise<void> {
    checkText('model_name', name, LONGEST_NAME)
    checkText('url', url, LONGEST_URL)
    const folder = modelFolder(this.#options.root, url)
    if (this.#models.has(name) || this.#busy.has(name))
      throw new RankerError('MODEL_LOADED_ALREADY', { name })
    this.#busy.add(name)
    try {
      await this.#filling
      const load = this.#open(name, folder)
      this.#loads.add(load)
      await load.finally(() => this.#loads.delete(load))
      this.#models.set(name, { name, url, serial: ++this.#serial })
    } finally {
      this.#busy.delete(name)
    }
  }

  async unload(name: string): Promise<void> {
    if (!this.#models.has(name)) throw new RankerError('MODEL_NOT_LOADED', { name })
    this.#models.delete(name)
    this.#busy.add(name)
    try {
      await Promise.all(this.#options.hosts().map((host) => host.close(name)))
    } finally {
      this.#busy.delete(name)
    }
  }

  async describe(name: string): Promise<ModelDescription> {
    const entry = this.#models.get(name)
    if (!entry) throw new RankerError('MODEL_NOT_LOADED', { name })
    return toDescription(entry)
  }

  async list(pageToken: unknown, limit: unknown): Promise<ModelPage> {
    const after = integer('next_page_token', pageToken, 0, 0, Number.MAX_SAFE_INTEGER)
    const size = integer('limit', limit, PAGE_SIZE, 1, LARGEST_PAGE)
    const rest = [...this.#models.values()].filter(({ serial }) => serial > after)
    const page = rest.slice(0, size)
    return {
      models: page.map(toDescription),
      ...(rest.length > size && { nextPageToken: String(page.at(-1)!.serial) }),
    }
  }

  /**
   * Opens every loaded model in a new host. A model that can no longer be opened is unloaded everywhere, so that the
   * next client to need it loads it again.
   * @param join makes it one of the hosts, once it has all that they have
   */
  fill(host: ModelHost, join: () => void): Promise<void> {
    this.#filling = this.#filling.then(async () => {
      await Promise.allSettled(this.#loads)
      for (const { name, url } of [...this.#models.values()]) {
        try {
          await host.open(name, modelFolder(this.#options.root, url))
        } catch {
          if (this.#models.has(name)) await this.unload(name)
        }
        if (!this.#models.has(name)) await host.close(name).catch(() => {})
      }
      join()
    })
    return this.#filling
  }

  async #open(name: string, folder: string): Promise<void> {
    const hosts = this.#options.hosts()
    if (hosts.length === 0)
      throw new RankerError('NOT_READY', { reason: 'no process is ready to load models' })
    const needed = hosts.length * (await this.#estimate(folder))
    this.#checkMemory(name, needed, this.#reserved + needed)
    this.#reserved += needed
    const opened: ModelHost[] = []
    try {
      // One host after the other: the peaks of their memory do not coincide, and the others go on serving.
      for (const host of hosts) {
        opened.push(host)
        await host.open(name, folder)
        this.#checkMemory(name, needed, 0)
      }
    } catch (thrown) {
      await Promise.all(opened.map((host) => host.close(name).catch(() => {})))
      throw toLoadError(thrown)
    } finally {
      this.#reserved -= needed
    }
  }

  /** Bytes of memory that one host takes for a model. */
  async #estimate(folder: string): Promise<number> {
    // A missing program is for the host to refuse.
    const hooks = await hookFile(folder, this.#options.program).catch(() => undefined)
    return LEAST_MODEL + MEMORY_PER_BYTE * folderBytes(folder) + (hooks === undefined ? 0 : HOOKS_PROCESS)
  }

  /** @param more bytes that are about to be taken */
  #checkMemory(name: string, needed: number, more: number): void {
    const { memory } = this.#options
    const used = memory.used()
    if (used + more <= FULL * memory.limit) return
    const megabytes = (bytes: number) => Math.ceil(bytes / MEBIBYTE)
    throw new RankerError('NO_MEMORY', {
      name,
      used: megabytes(used),
      limit: megabytes(memory.limit),
      wanted: megabytes(needed),
    })
  }
}

function toDescription({ name, url }: Entry): ModelDescription {
  return { modelName: name, modelUrl: url }
}

/** A faulty model is the caller's fault: the server itself is well. */
function toLoadError(thrown: unknown): unknown {
  if (!(thrown instanceof RankerError) || thrown.status !== 503) return thrown
  return new RankerError(thrown.code, {} as never, { status: 400, sentence: thrown.message, cause: thrown })
}

function checkText(where: string, value: unknown, longest: number): asserts value is string {
  if (typeof value === 'string' && value !== '' && value.length <= longest) return
  throw new RankerError('BAD_MODEL_REQUEST', {
    where,
    seen: value,
    wanted: `text of 1 to ${longest} characters`,
  })
}

function integer(where: string, value: unknown, otherwise: number, least: number, most: number): number {
  if (value === undefined || value === '') return otherwise
  const number = Number(value)
  if (/^\d+$/.test(String(value)) && number >= least && number <= most) return number
  throw new RankerError('BAD_MODEL_REQUEST', {
    where,
    seen: value,
    wanted: `an integer from ${least} to ${most}`,
  })
}
