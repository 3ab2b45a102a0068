import type { RawColumn, RawType, RawValues } from './columns.ts'
import type { RawValue } from './raw-cell.ts'

/** A column of a batch while it is filled, row by row. */
export interface ColumnBuilder {
  /** @returns false where a vector is not as long as the model's are. */
  set(row: number, value: RawValue): boolean
  readonly values: RawValues
}

/** An empty column: every value missing. @param dimension values of the vectors of the model */
export function columnBuilder(
  { type }: Pick<RawColumn, 'type'>,
  rows: number,
  dimension: number,
): ColumnBuilder {
  switch (type) {
    case 'number': {
      const values = new Float32Array(rows).fill(Number.NaN)
      return builder(type, values)
    }
    case 'date': {
      const values = new Float64Array(rows).fill(Number.NaN)
      return builder(type, values)
    }
    case 'text':
    case 'category': {
      const values = new Array<string | undefined>(rows).fill(undefined)
      return {
        values: { type, values },
        set: (row, value) => {
          values[row] = value as string | undefined
          return true
        },
      }
    }
    case 'vector': {
      const values = new Float32Array(rows * dimension).fill(Number.NaN)
      return {
        values: { type, values, dimension },
        set: (row, value) => {
          if (value === undefined) return true
          const vector = value as Float32Array
          if (vector.length !== dimension) return false
          values.set(vector, row * dimension)
          return true
        },
      }
    }
  }
}

function builder(
  type: Extract<RawType, 'number' | 'date'>,
  values: Float32Array | Float64Array,
): ColumnBuilder {
  return {
    values: { type, values } as RawValues,
    set: (row, value) => {
      values[row] = value as number
      return true
    },
  }
}
