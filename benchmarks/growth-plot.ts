import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom/worker'
import type { EngineName } from './scoring-engines.ts'

/** What an engine took. */
export interface Point {
  readonly engine: EngineName
  readonly x: number
  readonly y: number
}

const COLOURS: Readonly<Record<EngineName, string>> = {
  kernel: '#0b62a4',
  onnxruntime: '#b5501b',
  xgboost: '#5b7f2b',
}
/** The peers end close to each other: their names are moved apart. */
const OFFSETS: Readonly<Record<EngineName, number>> = { kernel: 0, onnxruntime: -6, xgboost: 6 }
const NAME = { dx: 10, textAnchor: 'start', fontWeight: 'bold' } as const
const SIZE = { width: 640, height: 400 }

/** A picture for docs/images of how something grows: both axes by powers of ten. The dashed line is linear growth
 * to the kernel's largest point. */
export function drawGrowth(
  points: readonly Point[],
  labels: { readonly x: string; readonly y: string },
): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const largest = [...Map.groupBy(points, ({ engine }) => engine).values()].map((list) =>
    list.reduce((most, point) =>
      point.x > most.x || (point.x === most.x && point.y > most.y) ? point : most,
    ),
  )
  const at = { x: 'x', y: 'y', fill: ({ engine }: Point) => COLOURS[engine] } as const
  const end = largest.find(({ engine }) => engine === 'kernel')!
  const least = Math.min(...points.map(({ x }) => x))
  const linear = [end, { ...end, x: least, y: (end.y * least) / end.x }]
  const svg = Plot.plot({
    document: document as never,
    ...SIZE,
    marginLeft: 60,
    marginRight: 90,
    marginTop: 30,
    marginBottom: 45,
    x: { type: 'log', label: labels.x, grid: true, labelArrow: 'none', labelAnchor: 'center', ...TICKS },
    y: { type: 'log', label: labels.y, grid: true, labelArrow: 'none', ...TICKS },
    marks: [
      Plot.line(linear, { x: 'x', y: 'y', stroke: COLOURS.kernel, strokeDasharray: '4 4' }),
      Plot.dot(points, { ...at, r: 3.5 }),
      ...largest.map((point) =>
        Plot.text([point], { ...at, ...NAME, text: 'engine', dy: OFFSETS[point.engine] }),
      ),
    ],
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  svg.setAttribute('aria-label', `${labels.y} over ${labels.x}`)
  return standingAlone(svg.outerHTML as string)
}

/** Dark on white whatever page it is shown on, and numbers to a tenth of a unit. */
function standingAlone(markup: string): string {
  return `${markup
    .replace('<svg ', '<svg color="#222" role="img" ')
    .replace(/<style>[\s\S]*?<\/style>/, '<rect width="100%" height="100%" fill="white" />')
    .replaceAll(/<text [^>]*\/>/g, '')
    .replaceAll(/\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 10) / 10))}\n`
}

const TICKS = {
  ticks: 5,
  tickFormat: (value: number) => (Number.isInteger(Math.log10(value)) ? label(value) : ''),
}
const label = (value: number): string => value.toLocaleString('en-US')
