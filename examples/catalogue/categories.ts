import { home } from './categories/home.ts'
import { leisure } from './categories/leisure.ts'
import { wear } from './categories/wear.ts'
import type { Category } from './words.ts'

/**
 * What the simulated shop sells, the busiest headings first. Brand names make the texts believable; prices
 * and margins are made up.
 */
export const categories: readonly Category[] = [...wear, ...home, ...leisure]
