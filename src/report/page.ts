import { type Html, html } from './html.ts'
import { STYLE } from './style.ts'

export interface Page {
  readonly title: string
  readonly header: Html
  readonly main: readonly Html[]
  readonly footer: Html
}

/** The only part of a page that is not escaped: it is this product's own text, and style sheets have no entities. */
const styleSheet = html([STYLE] as unknown as TemplateStringsArray)

/** A page that stands alone: no script, nothing loaded, light and dark, printable on A4. */
export function renderPage({ title, header, main, footer }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${styleSheet}</style>
</head>
<body>
<header>
${header}
</header>
<main>
${main}
</main>
<footer>${footer}</footer>
</body>
</html>
`.text
}
