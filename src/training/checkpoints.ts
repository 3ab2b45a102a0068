import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../errors.ts'
import { checkWritable, writeWhole } from '../storage/files.ts'
import { PRODUCT } from '../version.ts'
import type { Booster, Evaluation, Parameters } from '../xgboost/booster.ts'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type Origin } from './checkpoint-file.ts'
import type { Hosts } from './hosts/hosts.ts'
import type { Emit } from './plan.ts'

/** Checkpoints that stay: the newest, and one more in case that one is damaged. */
const KEPT = 2

/** The platform's agent skips files with this suffix, and puts its own beside the file that it is busy with. */
const TEMPORARY = '.sagemaker-ignore'
const UPLOADING = '.sagemaker-uploading'
const UPLOADED = '.sagemaker-uploaded'

/** `ranker-checkpoint-ORIGIN.ROUNDS`: jobs that share a folder neither read nor replace each other's. */
const NAME = /^ranker-checkpoint-([0-9a-f]{8})\.(\d{6,})$/
const originIn = (name: string): string | undefined => NAME.exec(name)?.[1]
const roundsIn = (name: string): number => Number(NAME.exec(name)?.[2])

/** Makes the folder ready for a job. @throws {RankerError} WRITE_FAILED when nothing could be kept in it. */
export function prepareCheckpoints(folder: string): void {
  checkWritable(folder)
  for (const name of readdirSync(folder)) {
    if (name.endsWith(TEMPORARY) && NAME.test(name.slice(0, -TEMPORARY.length))) rmSync(join(folder, name))
  }
}

/** Whether the folder holds a checkpoint of any job. */
export const holdsCheckpoints = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => NAME.test(name))

export interface CheckpointOptions {
  readonly folder: string
  /** Rounds from one checkpoint to the next. */
  readonly interval: number
  readonly origin: Origin
  /** What is saved and restored. */
  readonly booster: Booster
  /** Set again after a restore: they include the number of threads, and the machine may have changed. */
  readonly parameters: Parameters
  /** Only the leader keeps checkpoints, and sends the others the one that it continues from. */
  readonly hosts: Hosts
  readonly emit: Emit
}

/** The checkpoints of one job: `resume()` before its first round, `after()` at the end of each. */
export class Checkpoints {
  readonly #options: CheckpointOptions
  readonly #origin: string
  readonly #history: Evaluation[] = []
  readonly #damaged = new Set<string>()

  constructor(options: CheckpointOptions) {
    this.#options = options
    const entries = Object.entries(options.origin).sort(([a], [b]) => (a < b ? -1 : 1))
    this.#origin = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 8)
  }

  /**
   * Restores the booster from the newest sound checkpoint of this job. Damaged ones and those of other jobs are named
   * and passed over.
   * @returns the values of the rounds that are done, none at a fresh start.
   */
  resume(): Evaluation[] {
    const { booster, parameters, hosts } = this.#options
    const found = hosts.index === 0 ? this.#newest() : undefined
    const bytes = hosts.fromLeader(found && encodeCheckpoint(found))
    const checkpoint = bytes && (decodeCheckpoint(Buffer.from(bytes)) as Checkpoint)
    if (checkpoint) {
      booster.restore(checkpoint.booster)
      booster.setParameters(parameters)
      this.#history.push(...checkpoint.history)
    }
    return [...this.#history]
  }

  #newest(): Checkpoint | undefined {
    const { folder, emit } = this.#options
    this.#nameOthers()
    for (const name of this.#list().reverse()) {
      const path = join(folder, name)
      const checkpoint = read(path)
      if (typeof checkpoint !== 'string') {
        emit({ type: 'note', text: `resumed from ${path}: ${checkpoint.history.length} rounds are done` })
        return checkpoint
      }
      this.#damaged.add(name)
      emit({ type: 'warning', text: `checkpoint ${path} is damaged (${checkpoint}): it is skipped` })
    }
    return undefined
  }

  /** Takes in the values of a finished round, and saves when it is one of every `interval`, or the last. */
  after(values: Evaluation, isLast: boolean): void {
    const { folder, interval, origin, booster, hosts, emit } = this.#options
    const rounds = this.#history.push(values)
    if (hosts.index > 0) return
    if (!isLast && rounds % interval !== 0) return
    const name = `ranker-checkpoint-${this.#origin}.${String(rounds).padStart(6, '0')}`
    const path = join(folder, name)
    const checkpoint = {
      origin,
      version: PRODUCT.version,
      history: this.#history,
      booster: booster.serialize(),
    }
    try {
      writeWhole(path, encodeCheckpoint(checkpoint), path + TEMPORARY)
      this.#damaged.delete(name)
      this.#prune()
    } catch (thrown) {
      // A failed save must not throw away hours of work: the last checkpoint still stands.
      emit({ type: 'warning', text: `checkpoint not saved, training goes on: ${reasonOf(thrown)}` })
    }
  }

  /** Removes all but the last ones; a file that is being uploaded waits for the next time. */
  #prune(): void {
    const names = this.#list()
    const kept = names.filter((name) => !this.#damaged.has(name)).slice(-KEPT)
    for (const name of names) {
      const path = join(this.#options.folder, name)
      const isUploading = existsSync(path + UPLOADING) && !existsSync(path + UPLOADED)
      if (!kept.includes(name) && !isUploading) rmSync(path, { recursive: true, force: true })
    }
  }

  /** Names of this job's checkpoints, fewest rounds first. */
  #list(): string[] {
    return readdirSync(this.#options.folder)
      .filter((name) => originIn(name) === this.#origin)
      .sort((a, b) => roundsIn(a) - roundsIn(b))
  }

  #nameOthers(): void {
    const { folder, origin, emit } = this.#options
    for (const name of readdirSync(folder).sort()) {
      const other = originIn(name)
      if (other === undefined || other === this.#origin) continue
      const checkpoint = read(join(folder, name))
      const why = typeof checkpoint === 'string' ? checkpoint : difference(checkpoint.origin, origin)
      emit({
        type: 'warning',
        text: `checkpoint ${join(folder, name)} is of another job and left alone: ${why}`,
      })
    }
  }
}

function read(path: string): Checkpoint | string {
  if (!lstatSync(path).isFile()) return 'it is no plain file'
  return decodeCheckpoint(readFileSync(path))
}

/** In words, how a checkpoint's origin differs from this job's. */
function difference(then: Origin, now: Origin): string {
  const differing = [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((name) => then[name] !== now[name])
    .map((name) => `${name} was ${short(then[name])} and is ${short(now[name])}`)
  return differing.join(', ')
}

const short = (value: string | undefined): string => (value === undefined ? 'absent' : value.slice(0, 40))
