import type { Lot } from './catalogue.ts'
import { dimensions, embed, embedLot } from './embedding.ts'
import type { Random } from './random.ts'

/** A lot that stage 1 found, with its likeness to the query. */
export type Candidate = { lot: Lot; retrieval_score: number }

/** Stage 1 of the demo: an exact vector search over the lots. */
export type Retrieval = {
  /** The `k` nearest lots, nearest first. */
  search(query: string, k: number): Candidate[]
  /** A list to judge: the nearest lots, some from further down, a few that are there by chance. */
  pool(query: string, size: number, random: Random): Candidate[]
}

/** Computes the lots' vectors once; every search then scans all of them. */
export function createRetrieval(lots: readonly Lot[]): Retrieval {
  const vectors = new Float32Array(lots.length * dimensions)
  for (let i = 0; i < lots.length; i++) vectors.set(embedLot(lots[i]!), i * dimensions)
  const scores = new Float32Array(lots.length)

  function score(query: string): void {
    const wanted = embed(query)
    for (let i = 0, at = 0; i < lots.length; i++) {
      let sum = 0
      for (let d = 0; d < dimensions; d++) sum += wanted[d]! * vectors[at++]!
      scores[i] = sum
    }
  }

  const candidate = (i: number): Candidate => ({ lot: lots[i]!, retrieval_score: scores[i]! })

  return {
    search(query, k) {
      score(query)
      return nearest(scores, k).map(candidate)
    },
    pool(query, size, random) {
      score(query)
      // Judges who only ever see the best of stage 1 cannot teach a ranker what is wrong with the rest.
      const ranked = nearest(scores, size * 2)
      const chosen = new Set(ranked.slice(0, Math.round(size * 0.8)))
      while (chosen.size < Math.min(size, lots.length)) {
        const anywhere = random.chance(0.08) || chosen.size >= ranked.length
        chosen.add(anywhere ? random.whole(0, lots.length - 1) : random.pick(ranked))
      }
      return [...chosen].sort((a, b) => scores[b]! - scores[a]! || a - b).map(candidate)
    },
  }
}

const bins = 4096

/** Indices of the `k` greatest of cosines, greatest first; equal scores in the order of the lots. */
function nearest(scores: Float32Array, k: number): number[] {
  const wanted = Math.min(k, scores.length)
  // Counting cosines into bins finds where to cut in one pass; sorting all of a large catalogue took longer
  // than the scan itself.
  const binOf = (score: number) => Math.floor(((score + 1.001) / 2.002) * bins)
  const counts = new Uint32Array(bins)
  for (let i = 0; i < scores.length; i++) counts[binOf(scores[i]!)]! += 1
  let cut = bins
  for (let found = 0; found < wanted; ) found += counts[--cut]!
  const kept: number[] = []
  for (let i = 0; i < scores.length; i++) if (binOf(scores[i]!) >= cut) kept.push(i)
  return kept.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, wanted)
}
