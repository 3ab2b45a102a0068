// Writes the pages of docs/ that come from the code: npm run docs.
import { writeFileSync } from 'node:fs'
import { specJsonSchema } from '../src/features/spec.ts'
import { hyperparametersPage } from './hyperparameters-page.ts'

writeFileSync(new URL('../docs/hyperparameters.md', import.meta.url), hyperparametersPage())
writeFileSync(
  new URL('../docs/feature-spec.schema.json', import.meta.url),
  `${JSON.stringify(specJsonSchema(), undefined, 2)}\n`,
)
