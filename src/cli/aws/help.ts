import { fileLeavesOf, leavesOf } from '../../aws/schema.ts'
import { type AwsCommand, COMMON_FLAGS } from './aws-command.ts'

const WIDTH = 110
const INDENT = 36

/** The whole help of a command: what it does, its flags, the settings behind them, examples. */
export function awsHelp({ name, usage, about, groups, flags = {}, examples }: AwsCommand): string {
  const leaves = leavesOf(groups)
  const ofGroups = leaves.filter(({ path: [first] }) => groups.some((group) => group === first))
  const common = leaves.filter((leaf) => !ofGroups.includes(leaf))
  const setting = ({ flag, kind, options, does }: (typeof leaves)[number]) =>
    line(`${flag} ${options ? options.join('|') : VALUES[kind]}`, does)
  const own = (all: AwsCommand['flags'] & object) =>
    Object.entries(all).map(([flag, { value, does }]) => line(value ? `${flag} ${value}` : flag, does))
  const inFile = fileLeavesOf(groups).map(({ path, does }) => entry(`  ${path.join('.')}`, does))
  const sections = [
    ['Flags', [...own(flags), ...own(COMMON_FLAGS)]],
    ...groups.map((group) => [
      `Settings (${group} in the file, RANKER_AWS_${group.toUpperCase()}_… in the environment)`,
      ofGroups.filter(({ path: [first] }) => first === group).map(setting),
    ]),
    ...(inFile.length > 0 ? [['Settings that only the file can hold', inFile]] : []),
    ['Settings of all commands (RANKER_AWS_… in the environment)', common.map(setting)],
  ] as [string, string[]][]
  return `Usage: ranker aws ${name} ${usage}

${about.trim()}

${sections.map(([title, lines]) => `${title}\n${lines.join('\n')}`).join('\n\n')}

Examples
${examples.map((example) => `  ${example}`).join('\n')}
`
}

const VALUES = { text: 'TEXT', number: 'N', boolean: 'true|false', list: 'A,B', map: 'K=V,K=V' } as const

const line = (flag: string, does: string): string => entry(`  --${flag}`, does)

function entry(start: string, does: string): string {
  const texts = wrap(does, WIDTH - INDENT)
  const first =
    start.length < INDENT ? [start.padEnd(INDENT) + texts[0]] : [start, ' '.repeat(INDENT) + texts[0]]
  return [...first, ...texts.slice(1).map((text) => ' '.repeat(INDENT) + text)].join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
