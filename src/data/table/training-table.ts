import { type LineUnit, RankerError } from '../../errors.ts'
import { type Dataset, groupRows } from '../dataset/dataset.ts'
import { type MemoryLimit, RowBuffer } from '../dataset/row-store.ts'
import { isInfinite } from '../number.ts'
import type { ColumnSink, Row, TableSink } from '../row.ts'
import { NumberList } from './number-list.ts'
import { Positions } from './positions.ts'
import { inShare, type Share } from './share.ts'

/** The columns that have a role and are not features, by name. */
export interface ColumnRoles {
  readonly label: string
  /** The query of a row. */
  readonly group: string
  readonly weight?: string | undefined
  /** Names the item of a row. */
  readonly item?: string | undefined
  /** The position at which a row was shown in its query, by which its rows are sorted. */
  readonly position?: string | undefined
}

export interface TableOptions {
  readonly roles: ColumnRoles
  /** Whether rows must belong to queries; if not, a group column is still used if there is one. */
  readonly grouped: boolean
  /** Whether the rows of a query are sorted by the position column, which must then be there. */
  readonly sorted?: boolean | undefined
  /** Says what was wanted instead of an unsuitable label; undefined for a suitable one. */
  readonly refuseLabel: (label: number) => string | undefined
  /** The features that the model has already; without them, every numeric column is one. */
  readonly featureNames?: readonly string[] | undefined
  /**
   * Takes the columns without a role, which then are not features themselves; see {@link TrainingTable.finishRows}
   * for the result.
   */
  readonly columns?: ColumnSink | undefined
  /** The part of the rows to read, where other hosts read the rest: whole queries, or single rows where there are none. */
  readonly share?: Share | undefined
  /** Settles with the other hosts which columns are features; without it, every column with a number is. */
  readonly agree?: ((mine: readonly ColumnSummary[]) => readonly string[]) | undefined
  /** How much may stay in memory; without it, everything. */
  readonly memory?: MemoryLimit | undefined
  readonly warn: (sentence: string) => void
}

/** What hosts tell each other of a column. */
export interface ColumnSummary {
  readonly name: string
  /** Whether it holds a number here. */
  readonly numeric: boolean
}

/** XGBoost sums weights, and multiplies gradients by them, in float32: beyond these it learns nothing, or breaks. */
const LEAST_WEIGHT = Math.fround(1e-30)
const MOST_WEIGHT = Math.fround(1e30)

type Place = { file: string; line: number; unit: LineUnit; seen: string; isTyped?: boolean }

/** Whether the text in place of a number is a word, not an infinity or a number too large for float32. */
const isWord = ({ seen, isTyped }: Place): boolean => isTyped || !isInfinite(seen)

/** What is known of a feature column so far. */
interface FeatureColumn {
  readonly name: string
  number?: Place
  text?: Place
  /** First file that lacks the column. */
  missingFrom?: { file: string; columns: readonly string[] }
}

/** For a file: the cell that holds each role and each feature, -1 where the file lacks it. */
interface Layout {
  readonly label: number
  readonly group: number
  readonly weight: number
  readonly position: number
  readonly features: Int32Array
}

/**
 * Gathers the judged rows of a channel's files into one {@link Dataset}. Files match by column name; the rows of
 * a query may be anywhere in them. A column without a number is left out with a warning, one of numbers and text is
 * refused.
 */
export class TrainingTable implements TableSink {
  readonly #options: TableOptions
  #columns: FeatureColumn[] | undefined
  /** 1 for each column that has a number: most of millions of cells tell nothing new, and are skipped by it. */
  #hasNumber = new Uint8Array(0)
  #rows = new RowBuffer(0)
  readonly #labels = new NumberList(Float32Array)
  readonly #queryOfRow = new NumberList(Uint32Array)
  readonly #queries = new Map<string, number>()
  /** A weight for each query, or for each row where there are no groups. */
  readonly #weights: number[] = []
  readonly #positions: Positions | undefined
  #file = ''
  #seen = 0
  /** Columns of the file, features or not. */
  #names: readonly string[] = []
  #unit: LineUnit = 'line'
  #grouped: boolean | undefined
  #layout: Layout = { label: -1, group: -1, weight: -1, position: -1, features: new Int32Array(0) }

  constructor(options: TableOptions) {
    this.#options = options
    if (options.sorted && options.roles.position !== undefined) {
      this.#positions = new Positions(options.roles.position)
    }
    if (options.featureNames) this.#setColumns(options.featureNames)
  }

  begin(file: string, names: readonly string[], unit: LineUnit = 'line'): void {
    this.#file = file
    this.#names = names
    this.#unit = unit
    this.#layout = this.#layOut(names)
    this.#positions?.beginFile(file, unit)
  }

  row(row: Row): void {
    const { label, group, weight, position, features } = this.#layout
    const { share } = this.#options
    if (share && !inShare(group < 0 ? `${this.#seen++}` : row.text(group).trim(), share)) return
    this.#labels.push(this.#label(row, label))
    const query = group < 0 ? this.#labels.length - 1 : this.#query(row, group)
    if (weight >= 0) this.#addWeight(row, weight, query)
    if (position >= 0) this.#positions!.add(row.number(position), row.line, row.text(position))

    if (this.#options.columns) {
      this.#options.columns.row(row, query)
      return
    }
    const { block, at } = this.#rows.extend()
    const hasNumber = this.#hasNumber
    for (let feature = 0; feature < features.length; feature++) {
      const cell = features[feature]!
      const value = cell < 0 ? Number.NaN : row.number(cell)
      block[at + feature] = value
      if (hasNumber[feature] === 0 || Math.abs(value) === Number.POSITIVE_INFINITY) {
        this.#see(feature, value, row, cell)
      }
    }
  }

  /** @throws {RankerError} when a column cannot be a feature, or none can. */
  finish(): Dataset {
    const kept = this.#keptColumns()
    const columns = this.#columns ?? []
    const isKept = new Set(kept)
    for (const column of columns) this.#checkColumn(column, isKept.has(column))
    if (kept.length === 0) {
      throw new RankerError('NO_FEATURES', { file: this.#file, columns: this.#names })
    }
    const { order, ...judged } = this.finishRows()
    const places = new Map(columns.map((column, place) => [column, place]))
    return {
      featureNames: kept.map((column) => column.name),
      matrix: this.#rows.finish(
        Int32Array.from(kept, (column) => places.get(column)!),
        order,
      ),
      ...judged,
    }
  }

  /**
   * The rows' labels, queries and weights, without their features.
   * @returns with them, for each place the row that goes there; undefined if all are in place
   * @throws {RankerError} WEIGHTS_ZERO.
   */
  finishRows(): Omit<Dataset, 'featureNames' | 'matrix'> & { order: Uint32Array | undefined } {
    const { roles } = this.#options
    // A host without a file has seen no column: it has no queries, but takes part in ranking.
    const grouped = this.#grouped ?? this.#options.grouped
    const { sizes, order } = grouped ? this.#group() : { sizes: new Uint32Array(0), order: undefined }
    const weights = this.#weights
    if (roles.weight !== undefined && weights.length > 0 && weights.every((weight) => weight === 0)) {
      throw new RankerError('WEIGHTS_ZERO', { file: this.#file, column: roles.weight })
    }
    const labels = this.#labels.toArray()
    return {
      rows: labels.length,
      labels: order ? Float32Array.from(order, (row) => labels[row]!) : labels,
      ...(grouped && { groups: { ids: [...this.#queries.keys()], sizes } }),
      ...(roles.weight !== undefined && { weights: Float32Array.from(weights) }),
      order,
    }
  }

  /** Discards what was read, after an error before {@link finish}. */
  close(): void {
    this.#rows.close()
  }

  #group(): { sizes: Uint32Array; order: Uint32Array | undefined } {
    const { sizes, order } = groupRows(this.#queryOfRow.toArray(), this.#queries.size)
    return { sizes, order: this.#positions ? this.#positions.sortRows(sizes, order) : order }
  }

  #keptColumns(): FeatureColumn[] {
    const { featureNames, agree } = this.#options
    const columns = this.#columns ?? []
    if (featureNames) return columns
    if (!agree) return columns.filter((column) => column.number)
    const agreed = agree(columns.map(({ name, number }) => ({ name, numeric: number !== undefined })))
    if (columns.length === 0) this.#setColumns(agreed)
    return agreed.map((name) => {
      const column = this.#columns!.find((one) => one.name === name)
      if (column) return column
      const names = columns.map((one) => one.name)
      throw new RankerError('COLUMN_MISSING', {
        file: this.#file,
        column: name,
        role: 'feature',
        columns: names,
      })
    })
  }

  #setColumns(names: readonly string[]): void {
    this.#columns = names.map((name) => ({ name }))
    this.#hasNumber = new Uint8Array(names.length)
    this.#rows = new RowBuffer(names.length, this.#options.memory)
  }

  #layOut(names: readonly string[]): Layout {
    const file = this.#file
    const cells = new Map<string, number>()
    for (const [cell, name] of names.entries()) {
      if (name === '') throw new RankerError('UNNAMED_COLUMN', { file, position: cell + 1 })
      if (cells.has(name)) throw new RankerError('DUPLICATE_COLUMN', { file, column: name })
      cells.set(name, cell)
    }
    const { roles, warn } = this.#options
    const cellOf = (role: keyof ColumnRoles): number => {
      const column = roles[role]
      if (column === undefined) return -1
      const cell = cells.get(column)
      if (cell === undefined) throw new RankerError('COLUMN_MISSING', { file, column, role, columns: names })
      return cell
    }
    // A misspelt role would leave, say, the items' numbers among the features.
    if (!this.#options.featureNames) cellOf('item')
    const taken = new Set(Object.values(roles))
    const others = this.#options.columns ? [] : names.filter((name) => !taken.has(name))
    this.#options.columns?.begin(file, names, this.#unit, taken as ReadonlySet<string>)
    if (!this.#columns) this.#setColumns(others)
    const columns = this.#columns!
    for (const column of columns) {
      if (!cells.has(column.name)) column.missingFrom ??= { file, columns: names }
    }
    const known = new Set(columns.map((column) => column.name))
    const extra = others.filter((name) => !known.has(name))
    if (extra.length > 0) warn(`${file} has columns that are not used: ${extra.join(', ')}`)
    this.#grouped ??= this.#options.grouped || cells.has(roles.group)
    return {
      label: cellOf('label'),
      group: this.#grouped ? cellOf('group') : -1,
      weight: cellOf('weight'),
      position: this.#positions ? cellOf('position') : -1,
      features: Int32Array.from(columns, (column) => cells.get(column.name) ?? -1),
    }
  }

  /** Notes the first number and the first text of a column; a column with both is refused at once. */
  #see(feature: number, value: number, row: Row, cell: number): void {
    if (Number.isNaN(value)) return
    const column = this.#columns![feature]!
    const finite = Number.isFinite(value)
    if (finite) this.#hasNumber[feature] = 1
    // A word says more about a column than an infinity does.
    if (finite ? column.number : column.text && isWord(column.text)) return
    const place = this.#place(row, cell)
    if (finite) column.number = place
    else if (!column.text || isWord(place)) column.text = place
    if (this.#options.featureNames || (column.number && column.text)) this.#checkColumn(column, true)
  }

  #checkColumn(column: FeatureColumn, kept: boolean): void {
    const { name, number, text, missingFrom } = column
    if (kept && missingFrom)
      throw new RankerError('COLUMN_MISSING', { ...missingFrom, column: name, role: 'feature' })
    if (!text) {
      if (kept) return
      this.#options.warn(
        number
          ? `column "${name}" is not used: the hosts before this one have none of that name`
          : `column "${name}" has no numeric cell and is left out`,
      )
      return
    }
    if (!isWord(text)) throw new RankerError('INFINITE_CELL', { ...text, column: name })
    if (!kept) {
      this.#options.warn(`column "${name}" holds text and is left out: it has no numeric cell`)
      return
    }
    throw new RankerError('TEXT_IN_NUMERIC_COLUMN', { ...text, column: name, number })
  }

  #label(row: Row, cell: number): number {
    const label = row.number(cell)
    const wanted =
      this.#options.refuseLabel(label) ?? (Number.isFinite(label) ? undefined : 'a finite number')
    if (wanted === undefined) return label
    throw new RankerError('BAD_LABEL', { ...this.#cell(row, cell, this.#options.roles.label), wanted })
  }

  #query(row: Row, cell: number): number {
    const id = row.text(cell).trim()
    if (id === '') {
      throw new RankerError('GROUP_EMPTY', this.#cell(row, cell, this.#options.roles.group!))
    }
    let query = this.#queries.get(id)
    if (query === undefined) {
      // Everything that is not UTF-8 decodes to the same character: different queries would become one.
      if (id.includes('\uFFFD')) {
        throw new RankerError('GROUP_NOT_UTF8', this.#cell(row, cell, this.#options.roles.group))
      }
      query = this.#queries.size
      this.#queries.set(id, query)
    }
    this.#queryOfRow.push(query)
    return query
  }

  #addWeight(row: Row, cell: number, query: number): void {
    const weight = row.number(cell)
    const refuse = (wanted: string) => {
      const place = this.#cell(row, cell, this.#options.roles.weight!)
      throw new RankerError('BAD_WEIGHT', { ...place, wanted })
    }
    if (weight !== 0 && !(weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT)) {
      refuse('0, or a number from 1e-30 to 1e30')
    }
    const before = this.#weights[query]
    if (before !== undefined && before !== weight) refuse(`${before}, as on the query's first row`)
    this.#weights[query] = weight
  }

  #cell(row: Row, cell: number, column: string): Place & { column: string } {
    return { ...this.#place(row, cell), column }
  }

  #place(row: Row, cell: number): Place {
    return {
      file: this.#file,
      line: row.line,
      unit: this.#unit,
      seen: row.text(cell),
      ...(row.isText?.(cell) && { isTyped: true }),
    }
  }
}
