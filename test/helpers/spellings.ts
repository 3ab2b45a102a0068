/** A number below 1, and one below `limit` made of it. */
type Random = () => number
const below = (random: Random, limit: number) => Math.floor(random() * limit)

const floats = new Float32Array(1)
const bits = new Uint32Array(floats.buffer)

/** Any finite float32, each of its exponents as likely as the others. */
function anyFloat(random: Random): number {
  bits[0] = below(random, 2 ** 32)
  return Number.isFinite(floats[0]) ? floats[0]! : 0
}

/** A float32 of the size that features mostly have. */
const usual = (random: Random) => Math.fround((random() - 0.5) * 10 ** below(random, 8))

/** Half-way from a float32 to the next one: a double holds it exactly. */
function midpoint(random: Random): number {
  floats[0] = random() < 0.5 ? anyFloat(random) : usual(random)
  const value = floats[0]
  bits[0]!++
  return Number.isFinite(floats[0]) ? (value + floats[0]) / 2 : value
}

const digits = (random: Random, count: number) =>
  Array.from({ length: count }, () => below(random, 10)).join('')
const sign = (random: Random) => ['', '', '-', '-', '+'][below(random, 5)]!

/** Ways to write a number, short and long, plain and odd, near and on the borders between float32. */
const SPELLINGS: readonly ((random: Random) => string)[] = [
  (random) => usual(random).toPrecision(1 + below(random, 9)),
  (random) => usual(random).toFixed(below(random, 9)),
  (random) => String(random() - 0.5),
  (random) => String(anyFloat(random)),
  (random) => anyFloat(random).toExponential(below(random, 21)),
  (random) => midpoint(random).toPrecision(1 + below(random, 60)),
  (random) => midpoint(random).toExponential(6 + below(random, 30)),
  // Next to a border, by the last of many digits.
  (random) =>
    `${midpoint(random)
      .toPrecision(17 + below(random, 40))
      .replace(/e.*/, '')}${digits(random, 3)}`,
  (random) => `${sign(random)}${digits(random, below(random, 26))}.${digits(random, below(random, 26))}`,
  (random) => `${sign(random)}${digits(random, 1 + below(random, 26))}`,
  (random) =>
    `${sign(random)}${digits(random, 1 + below(random, 20))}${['e', 'E'][below(random, 2)]}${below(random, 700) - 350}`,
  (random) => `${'0'.repeat(below(random, 30))}.${'0'.repeat(below(random, 50))}${digits(random, 9)}`,
  (random) =>
    `${digits(random, 3)}.${digits(random, 3)}e${sign(random)}${digits(random, 1 + below(random, 5))}`,
]

/** Texts of which nearly all are decimal numbers. */
export function spelling(random: Random): string {
  return SPELLINGS[below(random, SPELLINGS.length)]!(random)
}

export { anyFloat, usual }
