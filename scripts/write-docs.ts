// Writes the pages of docs/ that come from the code: npm run docs.
import { writeFileSync } from 'node:fs'
import { hyperparametersPage } from './hyperparameters-page.ts'

writeFileSync(new URL('../docs/hyperparameters.md', import.meta.url), hyperparametersPage())
