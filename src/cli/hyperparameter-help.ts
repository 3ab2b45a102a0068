import {
  describeHyperparameter,
  HYPERPARAMETER_GROUPS,
  hyperparameterNames,
} from '../training/hyperparameters.ts'

const WIDTH = 110
/** Where the text beside the flags starts: after the longest of them. */
const INDENT = 36

const toFlag = (name: string): string => name.replaceAll('_', '-')

/** Every name and alias as a flag, without its dashes; SageMaker's internal names are none. */
export function hyperparameterFlagNames(): string[] {
  return hyperparameterNames
    .flatMap((name) => [name, ...(describeHyperparameter(name).aliases ?? [])])
    .filter((name) => !name.startsWith('_'))
    .map(toFlag)
}

/** The hyperparameters by group, as `ranker train --help` lists them. */
export function hyperparameterHelp(): string {
  return HYPERPARAMETER_GROUPS.map(({ title, names }) => `${title}\n${names.map(entry).join('\n')}`).join(
    '\n\n',
  )
}

function entry(name: (typeof hyperparameterNames)[number]): string {
  const { wanted, description, aliases = [], defaultText } = describeHyperparameter(name)
  const others = aliases.filter((alias) => !alias.startsWith('_')).map((alias) => `--${toFlag(alias)}`)
  const value = [
    wanted,
    defaultText === 'none' ? '' : ` (default ${defaultText})`,
    others.length > 0 ? `; also ${others.join(', ')}` : '',
  ].join('')
  const width = WIDTH - INDENT
  const [first, ...rest] = [...wrap(description, width), ...wrap(value, width)]
  const lines = [
    `  --${toFlag(name)}`.padEnd(INDENT) + first,
    ...rest.map((line) => ' '.repeat(INDENT) + line),
  ]
  return lines.join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
