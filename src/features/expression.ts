import jsep, { type Expression as Node } from 'jsep'

/** Values of the rows of a batch, or one value for all of them. */
type Values = Float64Array | number

/** Gives the values behind a reference, by its index in {@link Expression.references}. */
type Lookup = (reference: number) => ArrayLike<number>

/** A compiled expression. */
export interface Expression {
  /** The names it uses, as they stand in it: `price`, `query.budget`, `item.price`. */
  readonly references: readonly string[]
  /** Evaluates it for `rows` rows, in double precision: NaN is missing. */
  readonly evaluate: (rows: number, lookup: Lookup) => Values
}

type Evaluate = (rows: number, lookup: Lookup) => Values

const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '<': known((a, b) => a < b),
  '<=': known((a, b) => a <= b),
  '>': known((a, b) => a > b),
  '>=': known((a, b) => a >= b),
  '==': known((a, b) => a === b),
  '!=': known((a, b) => a !== b),
  '&&': known((a, b) => a !== 0 && b !== 0),
  '||': known((a, b) => a !== 0 || b !== 0),
}

/** A comparison: 1 or 0, or missing if a side is missing. */
function known(compare: (a: number, b: number) => boolean): (a: number, b: number) => number {
  return (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : compare(a, b) ? 1 : 0)
}

const UNARY: Readonly<Record<string, (a: number) => number>> = {
  '-': (a) => -a,
  '+': (a) => a,
  '!': (a) => (Number.isNaN(a) ? a : a === 0 ? 1 : 0),
}

interface Function_ {
  readonly least: number
  readonly most: number
  readonly call: (values: readonly number[]) => number
}

const one = (call: (a: number) => number): Function_ => ({ least: 1, most: 1, call: ([a]) => call(a!) })

/** The functions of the language. */
export const FUNCTIONS: Readonly<Record<string, Function_>> = {
  abs: one(Math.abs),
  pow: { least: 2, most: 2, call: ([a, b]) => a! ** b! },
  sqrt: one(Math.sqrt),
  exp: one(Math.exp),
  log: one(Math.log),
  log1p: one(Math.log1p),
  log10: one(Math.log10),
  floor: one(Math.floor),
  ceil: one(Math.ceil),
  round: one(Math.round),
  missing: one((a) => (Number.isNaN(a) ? 1 : 0)),
  min: { least: 1, most: 64, call: (values) => Math.min(...values) },
  max: { least: 1, most: 64, call: (values) => Math.max(...values) },
  ratio: { least: 2, most: 2, call: ([a, b]) => a! / b! },
  clip: { least: 3, most: 3, call: ([a, low, high]) => Math.min(Math.max(a!, low!), high!) },
  coalesce: { least: 2, most: 64, call: (values) => values.find((a) => !Number.isNaN(a)) ?? Number.NaN },
}

/**
 * Compiles an expression to a tree of closures over whole columns. The text is parsed, and none of it becomes code:
 * names are looked up among the columns, functions in {@link FUNCTIONS}.
 * @throws {Error} with a sentence about what the language does not know.
 */
export function compileExpression(text: string): Expression {
  const references: string[] = []
  const compiler = new Compiler(references)
  let evaluate: Evaluate
  try {
    evaluate = compiler.compile(jsep(text))
  } catch (cause) {
    if (cause instanceof RangeError) throw new Error('it is nested too deeply')
    if (cause instanceof Error && 'index' in cause) {
      throw new Error(
        `${cause.message.replace(/ at character \d+$/, '')} at character ${Number(cause.index) + 1}`,
      )
    }
    throw cause
  }
  return { references, evaluate }
}

class Compiler {
  readonly #references: string[]

  constructor(references: string[]) {
    this.#references = references
  }

  compile(node: Node): Evaluate {
    switch (node.type) {
      case 'Literal':
        return this.#literal(node.value)
      case 'Identifier':
        return this.#reference(String(node.name))
      case 'MemberExpression':
        return this.#member(node)
      case 'UnaryExpression':
        return this.#unary(String(node.operator), node.argument as Node)
      case 'BinaryExpression':
      case 'LogicalExpression':
        return this.#binary(String(node.operator), node.left as Node, node.right as Node)
      case 'ConditionalExpression':
        return this.#conditional(node.test as Node, node.consequent as Node, node.alternate as Node)
      case 'CallExpression':
        return this.#call(node.callee as Node, node.arguments as Node[])
      case 'Compound':
        throw new Error('wanted one expression, with an operator between its parts')
      default:
        throw new Error(
          `${node.type} is no part of the language: wanted numbers, columns, operators and functions`,
        )
    }
  }

  #literal(value: unknown): Evaluate {
    if (typeof value !== 'number') {
      throw new Error(`${JSON.stringify(value)} is no number: expressions are arithmetic`)
    }
    if (!Number.isFinite(value)) throw new Error('a number in it is too large')
    return () => value
  }

  #reference(name: string): Evaluate {
    const before = this.#references.indexOf(name)
    const reference = before < 0 ? this.#references.push(name) - 1 : before
    // A copy, which the operators then write to.
    return (_rows, lookup) => new Float64Array(lookup(reference))
  }

  /** `query.budget`, or `item["retail price"]` for a name that is not a word. */
  #member(node: Node): Evaluate {
    const object = node.object as Node
    const property = node.property as Node
    const source = object.type === 'Identifier' ? object.name : undefined
    const name = node.computed ? property.value : property.name
    if ((source !== 'item' && source !== 'query') || typeof name !== 'string' || node.optional) {
      throw new Error('only item and query have columns: wanted item.name, query.name or item["a name"]')
    }
    return this.#reference(`${source}.${name}`)
  }

  #unary(operator: string, argument: Node): Evaluate {
    const call = Object.hasOwn(UNARY, operator) ? UNARY[operator]! : unknown(`operator ${operator}`)
    const inner = this.compile(argument)
    return (rows, lookup) => {
      const values = inner(rows, lookup)
      if (typeof values === 'number') return call(values)
      for (let row = 0; row < rows; row++) values[row] = call(values[row]!)
      return values
    }
  }

  #binary(operator: string, left: Node, right: Node): Evaluate {
    const call = Object.hasOwn(BINARY, operator) ? BINARY[operator]! : unknown(`operator ${operator}`)
    const [first, second] = [this.compile(left), this.compile(right)]
    return (rows, lookup) => {
      const a = first(rows, lookup)
      const b = second(rows, lookup)
      if (typeof a === 'number') {
        if (typeof b === 'number') return call(a, b)
        for (let row = 0; row < rows; row++) b[row] = call(a, b[row]!)
        return b
      }
      if (typeof b === 'number') for (let row = 0; row < rows; row++) a[row] = call(a[row]!, b)
      else for (let row = 0; row < rows; row++) a[row] = call(a[row]!, b[row]!)
      return a
    }
  }

  #conditional(test: Node, consequent: Node, alternate: Node): Evaluate {
    const parts = [test, consequent, alternate].map((node) => this.compile(node))
    return (rows, lookup) => {
      const [when, then, otherwise] = parts.map((part) => part(rows, lookup)) as [Values, Values, Values]
      return each(rows, [when, then, otherwise], ([a, b, c]) =>
        Number.isNaN(a) ? Number.NaN : a !== 0 ? b! : c!,
      )
    }
  }

  #call(callee: Node, args: readonly Node[]): Evaluate {
    const name = callee.type === 'Identifier' ? String(callee.name) : ''
    if (!Object.hasOwn(FUNCTIONS, name)) {
      return unknown(name === '' ? 'function of that kind' : `function ${name}`, Object.keys(FUNCTIONS))
    }
    const { least, most, call } = FUNCTIONS[name]!
    if (args.length < least || args.length > most) {
      const wanted = least === most ? String(least) : `${least} to ${most}`
      throw new Error(`${name} has ${args.length} values: wanted ${wanted}`)
    }
    const parts = args.map((node) => this.compile(node))
    return (rows, lookup) =>
      each(
        rows,
        parts.map((part) => part(rows, lookup)),
        call,
      )
  }
}

function unknown(what: string, known?: readonly string[]): never {
  throw new Error(`there is no ${what}${known ? `: wanted ${known.join(', ')}` : ''}`)
}

function each(rows: number, parts: readonly Values[], call: (values: readonly number[]) => number): Values {
  const values = new Array<number>(parts.length)
  const result = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at]!
      values[at] = typeof part === 'number' ? part : part[row]!
    }
    result[row] = call(values)
  }
  return result
}
