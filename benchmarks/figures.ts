/** A number that is to be reached, and what was measured. */
export interface Figure {
  readonly what: string
  readonly unit: string
  readonly value: number
  readonly atLeast?: number
  readonly atMost?: number
}

function isMet({ value, atLeast, atMost }: Figure): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
}

/** The figures as rows of cells: what, wanted, measured, met or missed. */
export function figureRows(figures: readonly Figure[]): string[][] {
  return figures.map((figure) => {
    const { what, unit, value, atLeast, atMost } = figure
    const wanted = [
      ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
      ...(atMost === undefined ? [] : [`at most ${atMost}`]),
    ]
    return [what, `${wanted.join(', ')} ${unit}`, `${exact(value)} ${unit}`, isMet(figure) ? 'met' : 'missed']
  })
}

export const FIGURE_COLUMNS = ['figure', 'wanted', 'measured', '']

/** Three digits, or all of a count. */
const exact = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)))
