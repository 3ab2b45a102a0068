import { closestMatch } from 'leven'
import { RankerError, show } from '../errors.ts'
import { contradiction } from './hyperparameters/contradictions.ts'
import { REFUSED_NAMES } from './hyperparameters/outdated.ts'
import {
  describeHyperparameter,
  type HyperparameterName,
  type Hyperparameters,
  hyperparameterNames,
  hyperparameters,
} from './hyperparameters/schema.ts'

export type { RefusedValue } from './hyperparameters/kinds.ts'
export {
  describeHyperparameter,
  HYPERPARAMETER_GROUPS,
  type Hyperparameters,
  hyperparameterNames,
} from './hyperparameters/schema.ts'

const byAlias = new Map(
  hyperparameterNames.flatMap((name) =>
    [name, ...(describeHyperparameter(name).aliases ?? [])].map((alias) => [alias, name]),
  ),
)

/** The name behind a name or alias, undefined for an unknown one. */
export const resolveHyperparameter = (name: string): HyperparameterName | undefined => byAlias.get(name)

/** The known name nearest to an unknown one, where one is near. */
function nearestHyperparameter(name: string): string | undefined {
  return closestMatch(name, [...byAlias.keys()], { maxDistance: Math.max(2, Math.floor(name.length / 3)) })
}

/** What the platform adds for itself. */
const isReserved = (name: string): boolean =>
  name.startsWith('sagemaker_') || name === '_tuning_objective_metric' || name === 'default_user_module_name'

/**
 * Checks a job's hyperparameters, each by itself and all of them together. What the platform adds for itself
 * (`sagemaker_*`, `_tuning_objective_metric`) is dropped.
 * @param warn told of what is accepted and does nothing.
 * @throws {RankerError} UNKNOWN_HYPERPARAMETER, BAD_HYPERPARAMETER, REFUSED_HYPERPARAMETER,
 * CONTRADICTING_HYPERPARAMETERS.
 */
export function parseHyperparameters(
  raw: Readonly<Record<string, string>>,
  warn: (sentence: string) => void = () => {},
): Hyperparameters {
  const { values: texts, spelled } = resolveNames(raw)
  for (const [name, value] of Object.entries(texts))
    checkSupported(name as HyperparameterName, value, spelled)
  const result = hyperparameters.safeParse(texts)
  if (!result.success) {
    const name = result.error.issues[0]!.path[0] as HyperparameterName
    const { wanted: range } = describeHyperparameter(name)
    const wanted = isOf32Bits(Number(texts[name])) ? range : `${range} that 32 bits can hold`
    throw new RankerError('BAD_HYPERPARAMETER', { name: spelled.get(name)!, seen: texts[name], wanted })
  }
  const values = weightOfCsv(result.data)
  const reason = contradiction(values)
  if (reason) throw new RankerError('CONTRADICTING_HYPERPARAMETERS', { reason })
  for (const name of Object.keys(texts) as HyperparameterName[]) {
    const { outdated } = describeHyperparameter(name)
    if (outdated) warn(`the hyperparameter ${name} is accepted and not used: ${outdated}`)
  }
  if (values.save_model_on_termination === false) {
    warn(
      'save_model_on_termination is false, and what was learnt is kept all the same when the job is stopped',
    )
  }
  if (values.lambdarank_unbiased === true && values.position === undefined) {
    warn(
      'lambdarank_unbiased is true without a position column: the rows of a query are taken to be in the order they were shown in',
    )
  }
  return values
}

/** XGBoost's numbers are 32 bits. What is not a number at all is none of this check's business. */
const isOf32Bits = (value: number): boolean =>
  !(Math.abs(value) >= 2 ** 31 || (value !== 0 && Math.abs(value) < 2 ** -126))

/** Values under the names of the schema, and the spelling each came with. */
function resolveNames(raw: Readonly<Record<string, string>>): {
  values: Record<string, string>
  spelled: Map<string, string>
} {
  const values: Record<string, string> = {}
  const spelled = new Map<string, string>()
  for (const [given, value] of Object.entries(raw)) {
    if (isReserved(given)) continue
    const name = resolveHyperparameter(given)
    if (!name) {
      if (Object.hasOwn(REFUSED_NAMES, given)) {
        throw new RankerError('REFUSED_HYPERPARAMETER', {
          name: given,
          seen: value,
          reason: REFUSED_NAMES[given]!,
        })
      }
      throw new RankerError('UNKNOWN_HYPERPARAMETER', { name: given, nearest: nearestHyperparameter(given) })
    }
    const before = spelled.get(name)
    if (before !== undefined && values[name] !== value) {
      throw new RankerError('CONTRADICTING_HYPERPARAMETERS', {
        reason: `the hyperparameters ${before} and ${given} are the same thing with two values, ${show(values[name])} and ${show(value)}`,
      })
    }
    values[name] = value
    spelled.set(name, given)
  }
  return { values, spelled }
}

function checkSupported(name: HyperparameterName, value: string, spelled: ReadonlyMap<string, string>): void {
  const refused = describeHyperparameter(name).refused?.find(({ pattern }) => pattern.test(value.trim()))
  if (!refused) return
  const { reason } = refused
  throw new RankerError('REFUSED_HYPERPARAMETER', { name: spelled.get(name)!, seen: value, reason })
}

/** SageMaker's `csv_weights` says that the weight is the second column of a CSV without a header. */
function weightOfCsv(values: Hyperparameters): Hyperparameters {
  if (values.csv_weights !== true) return values
  if (values.weight !== undefined && values.weight !== '1') {
    throw new RankerError('CONTRADICTING_HYPERPARAMETERS', {
      reason: `csv_weights says that the weight is column 1, and weight that it is column ${show(values.weight)}`,
    })
  }
  return { ...values, weight: '1' }
}

/** The parameters to pass to XGBoost: those that it knows and that were set. */
export function xgboostParameters(
  values: Hyperparameters,
  evalMetric: readonly string[],
  threads: number,
): Record<string, string | readonly string[]> {
  const passed = hyperparameterNames.filter(
    (name) => values[name] !== undefined && describeHyperparameter(name).passedOn !== undefined,
  )
  return {
    objective: values.objective,
    ...Object.fromEntries(passed.map((name) => [name, String(values[name])])),
    seed: String(values.seed),
    nthread: String(threads),
    eval_metric: evalMetric,
  }
}
