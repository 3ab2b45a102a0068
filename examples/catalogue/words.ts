/** One thing a person can mean, and the ways to say it. The first form is the usual one. */
export type Concept = {
  /** The same for every form; what the hidden judge compares. */
  readonly id: string
  readonly forms: readonly string[]
  /** How the concept scales a price. */
  readonly price: number
}

/** A maker, how its name scales a price, and the models it is known for, each of one kind of thing. */
export type Brand = {
  readonly name: string
  readonly price: number
  readonly models: readonly { readonly name: string; readonly kind: Concept }[]
}

/** What can be listed under one heading, and what it is worth there. */
export type Category = {
  readonly name: string
  /** The heading as people type it, synonyms included. */
  readonly forms: readonly string[]
  /** Median price of a plain lot, and the spread of its logarithm. */
  readonly price: number
  readonly spread: number
  /** Mean margin. */
  readonly margin: number
  readonly kinds: readonly Concept[]
  readonly brands: readonly Brand[]
  readonly materials: readonly Concept[]
  readonly styles: readonly Concept[]
  /** Parts and extras sold under the same heading: their titles name the thing they are for. */
  readonly accessories: readonly string[]
  /** Ends of titles; a range such as `{34-44}` and `{ref}` are drawn for each lot. */
  readonly details: readonly string[]
}

/** A category as written down in `categories.ts`: short lines that one can read and extend. */
export type CategoryWords = {
  forms: string
  price: number
  spread: number
  margin: number
  kinds: string
  brands: string
  materials: string
  styles: string
  accessories: string
  details: string
}

// Longer lists are broken over lines, so any run of white space counts as one blank.
const split = (text: string, mark: string): string[] =>
  text.split(mark).map((part) => part.trim().replace(/\s+/g, ' '))

/** Reads `1.5 sofa|couch; armchair`: concepts apart by `;`, forms by `|`, an optional price factor first. */
export function concepts(kind: string, text: string): Concept[] {
  return split(text, ';').map((part) => {
    const [, factor, rest] = /^(?:([\d.]+) )?(.*)$/.exec(part)!
    const forms = split(rest!, '|')
    return { id: `${kind}:${forms[0]}`, forms, price: factor === undefined ? 1 : Number(factor) }
  })
}

/** Reads `2 Omega: Seamaster#2, Geneve#3`: like concepts, each model with the number of its kind. */
function brands(text: string, kinds: readonly Concept[]): Brand[] {
  return split(text, ';').map((part) => {
    const [, factor, name, models] = /^(?:([\d.]+) )?([^:]*): (.*)$/.exec(part)!
    return {
      name: name!,
      price: factor === undefined ? 1 : Number(factor),
      models: split(models!, ',').map((model) => {
        const [modelName, number] = split(model, '#')
        return { name: modelName!, kind: kinds[Number(number) - 1]! }
      }),
    }
  })
}

/** Makes a category of its written form. */
export function category(name: string, words: CategoryWords): Category {
  const kinds = concepts(`kind:${name}`, words.kinds)
  return {
    name,
    forms: split(words.forms, '|'),
    price: words.price,
    spread: words.spread,
    margin: words.margin,
    kinds,
    brands: brands(words.brands, kinds),
    materials: concepts('material', words.materials),
    styles: concepts('style', words.styles),
    accessories: split(words.accessories, ';'),
    details: split(words.details, ';'),
  }
}

/** Colours are the same words in every category. */
export const colours: readonly Concept[] = concepts(
  'colour',
  'black|ebony|jet; white|ivory|cream; grey|gray|charcoal; blue|navy|cobalt; green|olive|emerald; ' +
    'red|burgundy|crimson; brown|tan|chestnut; yellow|mustard|ochre; pink|rose|blush; orange|rust|amber; ' +
    'purple|violet|plum; turquoise|teal|aqua',
)
