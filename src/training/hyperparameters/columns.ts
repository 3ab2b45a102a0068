import * as z from 'zod'
import { column, flag, list, own, whole } from './kinds.ts'

/** The roles of columns. In a CSV without a header, columns are numbered from 0. */
export const columns = {
  label: own(column, 'column of the grade, from 0').default('label'),
  group: own(column, 'column that names the query of a row').default('qid'),
  weight: own(column, 'column of the weight, constant within a query').optional(),
  item: own(column, 'column that names the item; it is no feature').optional(),
  position: own(
    column,
    'column of the place a row was shown at, from 0; it orders the rows of a query and is no feature',
  ).optional(),
  features: own(
    list(
      z.string().min(1),
      'names of columns divided by commas, a JSON list of them, or a feature spec: YAML, JSON or the name of its file',
    ),
    'columns to learn from, or what features are made of them (docs/features.md)',
    { byDefault: 'every column with numbers that is none of the above' },
  ).optional(),
  libsvm_index_base: own(whole(0, 1), 'index of the first column in libsvm files').default(0),
  csv_weights: own(flag, 'true is weight=1: the second column of a CSV without a header', {
    byDefault: 'false',
  }).optional(),
}
