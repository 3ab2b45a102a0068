import { difference } from './format.ts'
import { type Html, html, nameOf } from './html.ts'

/** A column of a table. Numbers are right-aligned. */
export interface Column<R> {
  readonly title: string
  readonly cell: (row: R) => Html | string
  /** Words, which begin at the left and wrap; numbers end at the right. */
  readonly isText?: boolean
}

/** A titled plot with a sentence on how to read it. Nothing if there is no plot. */
export function figure(title: string, caption: Html, plot: Html | undefined): Html {
  return plot
    ? html`<figure><figcaption><h3>${title}</h3><p class="caption">${caption}</p></figcaption>${plot}</figure>`
    : html``
}

/** Plots side by side where there is room. */
export function figures(...all: readonly Html[]): Html {
  const there = all.filter((one) => one.text !== '')
  return there.length === 0 ? html`` : html`<div class="figures">${there}</div>`
}

/**
 * A titled table; the first column names the row. Nothing if there is no row.
 * @param options `wide` if a phone has to scroll: the names then stay in sight.
 */
export function table<R>(
  title: string,
  caption: Html | undefined,
  columns: readonly Column<R>[],
  rows: readonly R[],
  options: { wide?: boolean } = {},
): Html {
  if (rows.length === 0) return html``
  const [names, ...others] = columns
  const head = columns.map(({ title, isText }) =>
    isText ? html`<th scope="col" class="text">${title}</th>` : html`<th scope="col">${title}</th>`,
  )
  const body = rows.map((row) => {
    const cells = others.map(({ cell, isText }) =>
      isText ? html`<td class="text">${cell(row)}</td>` : html`<td>${cell(row)}</td>`,
    )
    return html`<tr><th scope="row">${names!.cell(row)}</th>${cells}</tr>`
  })
  return titled(
    title,
    caption,
    html`<div class="scroll${options.wide ? ' wide' : ''}" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`,
  )
}

export type Fact = readonly [name: string, text: Html | string]

/** Names with their values, without a header. */
export function facts(title: string, caption: Html | undefined, rows: readonly Fact[]): Html {
  const body = rows.map(
    ([name, text]) => html`<tr><th scope="row">${nameOf(name)}</th><td class="text">${text}</td></tr>`,
  )
  return titled(title, caption, html`<table class="pairs"><tbody>${body}</tbody></table>`)
}

/** A difference, green where it is a gain and red where it is a loss. */
export function toned(gap: number): Html {
  const tone = Math.abs(gap) < 0.0005 ? 'dim' : gap > 0 ? 'good' : 'bad'
  return html`<span class="${tone}">${difference(gap)}</span>`
}

function titled(title: string, caption: Html | undefined, content: Html): Html {
  const below = caption ? html`<p class="caption">${caption}</p>` : html``
  return html`<figure class="table"><figcaption><h3>${title}</h3>${below}</figcaption>${content}</figure>`
}

/** A chapter of the page, with the id that the table of contents links to. Nothing if it has no content. */
export function section(id: string, title: string, ...content: readonly Html[]): Html {
  return content.every((one) => one.text === '')
    ? html``
    : html`<section id="${id}"><h2>${title}</h2>${content}</section>`
}
