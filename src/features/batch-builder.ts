import type { RawColumn, RawValues } from './columns.ts'
import { BAD, type RawValue, readJsonValue } from './raw-cell.ts'
import { MISSING, type Spellings, type Texts } from './texts.ts'

/** A column of a batch while it is filled, row by row. */
export interface ColumnBuilder {
  /** @returns false for a vector of another length than the model's. */
  set(row: number, value: RawValue): boolean
  /** Reads a value of a request. @returns false if the column cannot hold it. */
  setJson(row: number, value: unknown): boolean
  readonly values: RawValues
}

/** The categories that a model knows; all others count as missing. */
export interface KnownCategories {
  readonly texts: Texts
  readonly spellings: Spellings
}

/** An empty column: every value missing. @param dimension values of the vectors of the model */
export function columnBuilder(
  column: Pick<RawColumn, 'type' | 'epoch'>,
  rows: number,
  dimension: number,
  { texts, spellings }: KnownCategories,
): ColumnBuilder {
  switch (column.type) {
    case 'number': {
      const values = new Float32Array(rows).fill(Number.NaN)
      return {
        values: { type: 'number', values },
        set: (row, value) => {
          values[row] = value as number
          return true
        },
        setJson: (row, value) => {
          if (value === null) return true
          if (typeof value !== 'number') return false
          values[row] = value
          return Number.isFinite(values[row])
        },
      }
    }
    case 'date': {
      const values = new Float64Array(rows).fill(Number.NaN)
      return builder(column, { type: 'date', values }, (row, value) => {
        values[row] = value as number
        return true
      })
    }
    case 'text': {
      const values = new Array<string | undefined>(rows).fill(undefined)
      const set = (row: number, value: RawValue) => {
        values[row] = value as string | undefined
        return true
      }
      return builder(column, { type: 'text', values }, set, (row, given) => {
        if (given !== '') values[row] = given
        return true
      })
    }
    case 'category': {
      const values = new Int32Array(rows).fill(MISSING)
      const set = (row: number, value: RawValue) => {
        values[row] = value === undefined ? MISSING : (texts.number(value as string) ?? MISSING)
        return true
      }
      return builder(column, { type: 'category', values, texts }, set, (row, given) => {
        values[row] = spellings.number(given)
        return true
      })
    }
    case 'vector': {
      const values = new Float32Array(rows * dimension).fill(Number.NaN)
      return builder(column, { type: 'vector', values, dimension }, (row, value) => {
        if (value === undefined) return true
        const vector = value as Float32Array
        if (vector.length !== dimension) return false
        values.set(vector, row * dimension)
        return true
      })
    }
  }
}

/** @param setText takes text from a request, if that is quicker than reading it as any value */
function builder(
  column: Pick<RawColumn, 'type' | 'epoch'>,
  values: RawValues,
  set: ColumnBuilder['set'],
  setText?: (row: number, given: string) => boolean,
): ColumnBuilder {
  return {
    values,
    set,
    setJson: (row, given) => {
      if (setText && typeof given === 'string') return setText(row, given)
      const value = readJsonValue(given, column)
      return value !== BAD && set(row, value)
    },
  }
}
