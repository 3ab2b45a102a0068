// Held on to, with loops by index below: whatever a hook replaces, this goes on working.
const { ownKeys, getOwnPropertyDescriptor } = Reflect

interface Kept {
  readonly name: string
  readonly owner: Readonly<Record<PropertyKey, unknown>>
  readonly key: PropertyKey
  readonly value: unknown
}

/** What this program and its libraries are made of. Each is looked at with its `prototype`. */
const WATCHED = {
  Array,
  ArrayBuffer,
  Buffer,
  Error,
  Float32Array,
  Function,
  JSON,
  Map,
  Math,
  Number,
  Object,
  Promise,
  Reflect,
  RegExp,
  Set,
  String,
  Symbol,
  TextDecoder,
  TypedArray: Object.getPrototypeOf(Uint8Array),
  Uint8Array,
  WeakMap,
}

/**
 * Takes note of JavaScript's own objects: `Array.prototype.map`, `JSON.stringify` and some five hundred others. Code
 * that replaces one of them changes it for everyone in its process. What is added to them is no matter, but for what is
 * added to all objects.
 * @returns names one that is no longer what it was; undefined if all is well
 */
export function watchBuiltins(): () => string | undefined {
  const kept: Kept[] = []
  const keep = (name: string, owner: object) => {
    for (const key of ownKeys(owner)) {
      const descriptor = getOwnPropertyDescriptor(owner, key)!
      if (typeof descriptor.value !== 'function') continue
      kept.push({
        name: `${name}.${String(key)}`,
        owner: owner as Kept['owner'],
        key,
        value: descriptor.value,
      })
    }
  }
  for (const [name, value] of Object.entries(WATCHED)) {
    if (Object.hasOwn(globalThis, name)) {
      kept.push({ name, owner: globalThis as unknown as Kept['owner'], key: name, value })
    }
    keep(name, value)
    if ('prototype' in value) keep(`${name}.prototype`, value.prototype)
  }
  keep('ArrayIterator.prototype', Object.getPrototypeOf([].values()))
  const common = Object.prototype
  const commonKeys = ownKeys(common).length

  return () => {
    try {
      for (let at = 0; at < kept.length; at++) {
        const { owner, key, value, name } = kept[at]!
        if (owner[key] !== value) return name
      }
      return ownKeys(common).length === commonKeys ? undefined : 'Object.prototype'
    } catch {
      return 'a built-in'
    }
  }
}
