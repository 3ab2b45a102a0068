import { REFUSED_NAMES } from '../src/training/hyperparameters/outdated.ts'
import { describeHyperparameter, HYPERPARAMETER_GROUPS } from '../src/training/hyperparameters.ts'

const HEAD = `# Hyperparameters

What \`train\` takes: the names of SageMaker's XGBoost algorithm with their ranges, XGBoost's own aliases, the ranking
ones, and those of this product. On SageMaker they are the job's hyperparameters; on a command line each is a flag,
\`--max-depth 4\` for \`max_depth\`. Values are text, and may be JSON-encoded. Unknown names are refused with the nearest
known one; \`sagemaker_*\` and \`_tuning_objective_metric\` are dropped; values that contradict each other, or that XGBoost
would ignore, are refused with the reason.

This page is written by \`npm run docs\` from the schema in \`src/training/hyperparameters/\`, which is what checks them.
`

/** The text of docs/hyperparameters.md: one table a group, from the schema. */
export function hyperparametersPage(): string {
  const sections = HYPERPARAMETER_GROUPS.map(({ title, names }) => {
    const rows = names.map((name) => {
      const { wanted, description, aliases = [], defaultText, refused = [] } = describeHyperparameter(name)
      const others = aliases.length > 0 ? `<br>${aliases.map((alias) => `\`${alias}\``).join(', ')}` : ''
      const reasons = refused.map(({ values, reason }) => `${values}: refused, ${reason}`)
      return row(`\`${name}\`${others}`, wanted, defaultText, [description, ...reasons].join('. '))
    })
    return `## ${title}\n\n${row('Name', 'Value', 'Default', 'What it does')}\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  const refused = Object.entries(REFUSED_NAMES).map(([name, reason]) => row(`\`${name}\``, reason))
  const ending = `## Refused\n\n${row('Name', 'Reason')}\n|---|---|\n${refused.join('\n')}\n`
  return [HEAD, ...sections, ending].join('\n')
}

const row = (name: string, ...cells: string[]): string => `| ${[name, ...cells.map(escaped)].join(' | ')} |`
const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/[*_<]/g, '\\$&')
