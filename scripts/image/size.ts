import { type Engine, outputOf } from './engine.ts'
import { runInside } from './inside.ts'

export interface Layer {
  /** Unpacked. */
  readonly bytes: number
  /** The instruction that made it. */
  readonly madeBy: string
}

/** The layers of an image that hold files, the lowest (what is left of Node's image) first. */
export function layersOf({ command }: Engine, image: string): Layer[] {
  const format = '{{.Size}}\t{{.CreatedBy}}'
  const lines = outputOf(command, ['history', '--no-trunc', '--format', format, image]).trim().split('\n')
  return lines
    .map((line) => {
      const [size, madeBy] = line.split('\t') as [string, string]
      return { bytes: bytesOf(size), madeBy: madeBy.replace(/^.*#\(nop\) +/, '').replace(/ # buildkit$/, '') }
    })
    .filter(({ bytes }) => bytes > 0)
    .reverse()
}

/** Both engines write `72.2 MB`, one without the space. */
function bytesOf(size: string): number {
  const [, number, unit] = /^([\d.]+) ?(B|kB|MB|GB)$/.exec(size)!
  return Number(number) * { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'B']
}

/** What the files of an image weigh, in bytes, the heaviest first: packages by name, the rest by what it is. */
export function weightsOf(engine: Engine, image: string): [string, number][] {
  const weights = JSON.parse(runInside(engine, image, 'inside-weights.mjs'))
  return Object.entries<number>(weights).sort(([, a], [, b]) => b - a)
}

/** Bytes that an image adds to Node's. */
export function addedBytes(layers: readonly Layer[]): number {
  return layers.slice(1).reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Both as text: a table of the layers, and one in Markdown of what lies in them. */
export function sizeReport(engine: Engine, image: string): string {
  const layers = layersOf(engine, image)
  const weights = weightsOf(engine, image)
  const small = weights.filter(([, bytes]) => bytes < 500_000)
  const rows = [
    ...weights.filter(([, bytes]) => bytes >= 500_000).map(([name, bytes]) => [name, megabytes(bytes)]),
    [`${small.length} others`, megabytes(small.reduce((sum, [, bytes]) => sum + bytes, 0))],
  ]
  return [
    image,
    ...layers.map(({ bytes, madeBy }) => `${megabytes(bytes).padStart(7)} MB  ${madeBy.slice(0, 90)}`),
    `${megabytes(addedBytes(layers)).padStart(7)} MB  added to Node's image`,
    '',
    '| | MB |',
    '|---|---|',
    ...rows.map(([name, size]) => `| ${name} | ${size} |`),
  ].join('\n')
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
