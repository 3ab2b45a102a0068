/** The page's own style sheet: one column of text, light and dark, and A4 paper. Dark is for screens alone. */
export const STYLE = `
:root {
  color-scheme: light;
  --paper: #ffffff; --ink: #1b1d22; --muted: #686e7a; --line: #e1e4ea; --tint: #f6f7f9;
  --first: #2f5fc4; --second: #c9731b; --good: #1b7a43; --bad: #b3261e; --notice: #c9731b;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --paper: #15171c; --ink: #e6e8ed; --muted: #9aa1ae; --line: #2c3038; --tint: #1c1f26;
    --first: #82aaf5; --second: #eba35c; --good: #6cc68f; --bad: #f2938b; --notice: #eba35c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 3rem 1.5rem 4rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1 { margin: 0; font-size: 2rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; }
h2 {
  margin: 3.25rem 0 1.25rem; padding-bottom: .4rem; border-bottom: 1px solid var(--line);
  font-size: 1.25rem; font-weight: 650; letter-spacing: -0.01em;
}
h3 { margin: 0; font-size: 1rem; font-weight: 650; }
p { margin: .25rem 0 0; max-width: 44rem; }
a { color: var(--first); text-underline-offset: .2em; text-decoration-thickness: 1px; }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
.kicker, .caption, .facts { color: var(--muted); }
.kicker { margin: 0 0 .35rem; }
.facts, .caption { font-size: .875rem; }
.verdict { margin-top: 1.5rem; font-size: 1.1875rem; line-height: 1.5; max-width: 46rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: 1.5rem; font-size: .9375rem; }
.headline { display: flex; flex-wrap: wrap; gap: 1.25rem 0; margin: 2rem 0 0; }
.headline div { padding: 0 1.75rem; border-left: 1px solid var(--line); }
.headline div:first-child { padding-left: 0; border-left: 0; }
.headline dt { color: var(--muted); font-size: .875rem; }
.headline dd { margin: 0; }
.headline .number { font-size: 1.75rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.02em; }
.headline .interval { color: var(--muted); font-size: .875rem; }
.warnings { margin: 2rem 0 0; padding: .2rem 0 .2rem 1.1rem; border-left: 3px solid var(--notice); list-style: none; }
.warnings li { max-width: 50rem; }
.warnings li + li { margin-top: .5rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 2.25rem 2.5rem; }
.figures + .figures, .table + .figures, .figures + .table { margin-top: 2.25rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
.figures > figure { display: grid; grid-row: span 2; grid-template-rows: subgrid; row-gap: .75rem; align-items: start; }
.key { font-weight: 600; }
.key.first { color: var(--first); }
.key.second { color: var(--second); }
.plot { display: block; width: 100%; height: auto; max-width: 32rem; overflow: visible; font-size: 12px; font-family: inherit; }
.plot text { white-space: pre; }
.table { margin-top: 2.25rem; }
.scroll { overflow-x: auto; margin-top: .75rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { padding: .4rem .75rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; vertical-align: baseline; }
th:first-child, td:first-child { padding-left: 0; text-align: left; white-space: normal; min-width: 8rem; max-width: 24rem; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-size: .8125rem; font-weight: 500; }
tbody th { font-weight: 500; }
td.text, th.text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.pairs { margin-top: .75rem; }
.pairs th { width: 13rem; color: var(--muted); font-weight: 400; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.dim { color: var(--muted); }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .875rem; }
@media (max-width: 40rem) {
  body { padding: 1.75rem 1.125rem 3rem; }
  h1 { font-size: 1.625rem; }
  .verdict { font-size: 1.0625rem; }
  .headline { display: grid; grid-template-columns: 1fr 1fr; gap: 1.25rem 1rem; }
  .headline div { padding: 0; border: 0; }
  table { font-size: .875rem; }
  .pairs th { width: 9rem; }
  .wide th:first-child, .wide td:first-child { position: sticky; left: 0; background: var(--paper); max-width: 10rem; padding-right: .75rem; }
}
@page { size: A4; margin: 16mm 15mm; }
@media print {
  html { font-size: 9.5pt; }
  body { padding: 0; max-width: none; }
  h2 { break-after: avoid; margin-top: 2rem; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
  .figures { grid-template-columns: 1fr 1fr; gap: 1.5rem 1.75rem; }
  .scroll { overflow: visible; }
  table { font-size: .875rem; }
  th, td { padding: .25rem .45rem; }
  figure.table { break-inside: auto; }
  figcaption { break-after: avoid; }
  thead { display: table-header-group; }
  tr, .headline, .warnings li { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
