// One way to write each kind of number, so that columns line up and no digits are meaningless.

const MINUS = '−'
/** Between a number and its unit, so that they stay on one line. */
const NARROW = '\u202f'

const signed = (value: number, text: string): string => (value < 0 ? `${MINUS}${text}` : text)

/** A metric such as NDCG: 0.847. */
export const metric = (value: number): string => signed(Math.round(value * 1000), Math.abs(value).toFixed(3))

/** A metric of any size, such as RMSE: 0.847, 12.35. */
export const anyMetric = (number: number): string => (Math.abs(number) <= 1 ? metric(number) : value(number))

/** A difference of two metrics: +0.144. */
export function difference(value: number): string {
  const text = metric(value)
  return Math.round(value * 1000) > 0 ? `+${text}` : text
}

/** 12,345. */
export const count = (value: number): string =>
  signed(value, Math.abs(Math.round(value)).toLocaleString('en-US'))

/** A count and its word: 1 query, 2 queries. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** A share: 31 %, 0.4 %. */
export function percent(share: number): string {
  const value = 100 * share
  if (value > 0 && value < 0.1) return `<0.1${NARROW}%`
  if (value < 100 && value > 99.9) return `>99.9${NARROW}%`
  const digits = value === 0 || value === 100 || value >= 10 ? 0 : 1
  return `${value.toFixed(digits)}${NARROW}%`
}

/** A number of any size in four digits: 12.35, 1,235,000, 1.2e−7. */
export function value(number: number): string {
  if (number === 0) return '0'
  const size = Math.abs(number)
  if (size >= 1e9 || size < 1e-4) {
    return signed(number, size.toExponential(2).replace('-', MINUS).replace('+', ''))
  }
  const rounded = Number(size.toPrecision(4))
  return signed(number, rounded.toLocaleString('en-US', { maximumSignificantDigits: 4 }))
}

/** 41.7 s, 3 min 12 s, 2 h 5 min. */
export function seconds(time: number): string {
  if (time < 10) return `${time.toFixed(2)}${NARROW}s`
  if (time < 100) return `${time.toFixed(1)}${NARROW}s`
  const whole = Math.round(time)
  if (whole < 3600) return `${Math.floor(whole / 60)}${NARROW}min ${whole % 60}${NARROW}s`
  return `${Math.floor(whole / 3600)}${NARROW}h ${Math.floor((whole % 3600) / 60)}${NARROW}min`
}

/** 1.8 MB: powers of ten, as disks and downloads count. */
export function bytes(size: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let left = size
  for (; left >= 1000 && unit < units.length - 1; unit++) left /= 1000
  return `${left.toFixed(unit === 0 || left >= 100 ? 0 : 1)}${NARROW}${units[unit]}`
}
