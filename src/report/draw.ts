import * as Plot from '@observablehq/plot'
// A bundle of the same library, which loads in a quarter of the time.
import { parseHTML } from 'linkedom/worker'
import { count } from './format.ts'
import { cut, Html } from './html.ts'

// Colours are variables of the page's style, so that a plot follows the theme and the printer. The first is the
// ranker on queries it has not seen.
export const FIRST = 'var(--first)'
export const SECOND = 'var(--second)'
export const MUTED = 'var(--muted)'
export const PAPER = 'var(--paper)'

export const LONGEST_LABEL = 24
const WIDTH = 460

/** An outline in the colour of the page, so that text on a line can be read. */
export const HALO = { fill: 'currentColor', stroke: PAPER, strokeWidth: 4 } as const
/** A vertical axis of numbers: its grid lines serve as ticks. */
export const LEFT = { labelArrow: 'none', grid: true, tickSize: 0 } as const
/** The label of a horizontal axis: in the middle, below its ticks. */
export const BELOW = { labelArrow: 'none', labelAnchor: 'center', labelOffset: 38 } as const

export const wholeTick = (tick: number): string => (Number.isInteger(tick) ? count(tick) : '')
export const tickDifference = (tick: number): string =>
  tick === 0 ? '0' : `${tick > 0 ? '+' : '−'}${Number(Math.abs(tick).toPrecision(6))}`

/** The room that names need to the left of a plot. */
export function nameMargin(names: readonly string[]): number {
  const longest = Math.max(0, ...names.flatMap((name) => name.split('\n')).map((line) => line.length))
  return 20 + 6.6 * Math.min(longest, LONGEST_LABEL)
}

/** An axis of names from the data: by index, since two long names may be cut to the same label. */
export function ordinalNames(names: readonly string[]): Plot.ScaleOptions {
  return {
    type: 'point',
    domain: names.map((_, index) => index),
    label: null,
    tickSize: 0,
    tickFormat: (index: number) =>
      names[index]!.split('\n')
        .map((line) => cut(line, LONGEST_LABEL))
        .join('\n'),
  } as Plot.ScaleOptions
}

/** Draws one plot as markup, in its own document. @param description read to those who cannot see it. */
export function draw(description: string, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const svg = Plot.plot({
    document: document as never,
    width: WIDTH,
    height: 280,
    marginTop: 26,
    marginLeft: 46,
    marginBottom: 42,
    className: 'plot',
    ...options,
  })
  for (const style of svg.querySelectorAll('style')) style.remove()
  for (const part of svg.querySelectorAll('[aria-label], [aria-hidden]')) {
    part.removeAttribute('aria-label')
    part.removeAttribute('aria-hidden')
  }
  for (const name of ['width', 'height', 'font-family', 'style', 'font-size']) svg.removeAttribute(name)
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', description)
  // Inside tags, numbers to a tenth of a unit; texts stand between tags.
  return new Html(
    (svg.outerHTML as string).replaceAll(/<[^>]*>/g, (tag: string) =>
      tag.replaceAll(/-?\d+\.\d{3,}/g, (number: string) => String(Math.round(Number(number) * 10) / 10)),
    ),
  )
}
