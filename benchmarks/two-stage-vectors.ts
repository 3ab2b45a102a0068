import { seededRandom } from '../src/data/random.ts'

/** Vectors around 2,000 centres: as near to each other as those of a catalogue are. */
export function vectorSource(dimensions: number, seed: number): () => Float32Array {
  const centreRandom = seededRandom(1)
  const normalOf = (random: () => number) => (random() + random() + random() + random() - 2) * Math.sqrt(3)
  const centres = Array.from({ length: 2000 }, () =>
    Float32Array.from({ length: dimensions }, () => normalOf(centreRandom)),
  )
  const random = seededRandom(seed)
  return () => {
    const centre = centres[Math.floor(random() * centres.length)]!
    return centre.map((value) => value + 0.6 * normalOf(random))
  }
}

/** Items with such vectors and a number to filter by. */
export function* vectorItems(items: number, dimensions: number) {
  const next = vectorSource(dimensions, 2)
  for (let number = 0; number < items; number++) {
    yield { id: String(number), vector: next(), fields: { number } }
  }
}
