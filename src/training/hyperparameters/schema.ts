import * as z from 'zod'
import { columns } from './columns.ts'
import { job } from './job.ts'
import type { Meta } from './kinds.ts'
import { earlier } from './outdated.ts'
import { categorical, objectives, ranking } from './ranking.ts'
import { dropout, trees } from './trees.ts'

/**
 * The hyperparameters of `train`: flags, help, messages and docs all follow from them. Values arrive as strings.
 * Names and ranges are those of SageMaker's XGBoost algorithm and of XGBoost 3.4.1 (doc/parameter.rst).
 */
export const hyperparameters = z.strictObject({
  ...job,
  ...columns,
  ...trees,
  ...dropout,
  ...ranking,
  ...objectives,
  ...categorical,
  ...earlier,
})

export type Hyperparameters = z.infer<typeof hyperparameters>
export type HyperparameterName = keyof typeof hyperparameters.shape

const namesOf = (group: object): HyperparameterName[] => Object.keys(group) as HyperparameterName[]

/** Names in the order of the schema. */
export const hyperparameterNames = namesOf(hyperparameters.shape)

/** The names as help and docs group them. */
export const HYPERPARAMETER_GROUPS: readonly { title: string; names: readonly HyperparameterName[] }[] = [
  { title: 'The job', names: namesOf(job) },
  { title: 'Columns', names: namesOf(columns) },
  { title: 'Trees', names: namesOf(trees) },
  { title: 'Dropout of trees (DART)', names: namesOf(dropout) },
  { title: 'Ranking (rank:*)', names: namesOf(ranking) },
  { title: 'Single objectives', names: namesOf(objectives) },
  { title: 'Categories', names: namesOf(categorical) },
  { title: 'Of earlier releases', names: namesOf(earlier) },
]

/** What help and docs say of a hyperparameter, and the default in words. */
export function describeHyperparameter(name: HyperparameterName): Meta & { defaultText: string } {
  const field: z.ZodType = hyperparameters.shape[name]
  const inner =
    field instanceof z.ZodDefault || field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field
  const meta = inner.meta() as unknown as Meta
  const defaultText =
    field instanceof z.ZodDefault
      ? String(field.def.defaultValue)
      : (meta.passedOn ?? meta.byDefault ?? 'none')
  return { ...meta, defaultText }
}
