import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DataShape, writeJudgedCsv } from './data.ts'
import { root } from './ranker.ts'

/** One training that both sides do, and the rows that both then score. */
export interface ParityCase {
  readonly name: string
  readonly train: string
  readonly validation?: string
  readonly test: string
  /** Columns that are no features. `item` and columns of text are none either. */
  readonly roles: {
    readonly label: string
    readonly group?: string
    readonly weight?: string
    readonly item?: string
  }
  /** XGBoost's parameters by its own names. */
  readonly params: Readonly<Record<string, string | number>> & { readonly objective: string }
  readonly rounds: number
  readonly earlyStopping?: number
}

interface GeneratedCase extends Pick<ParityCase, 'name' | 'params' | 'earlyStopping'> {
  readonly data?: Partial<DataShape>
  readonly rounds?: number
}

const SHAPE = { rows: 3000, features: 20, rowsPerQuery: 30 } as const

const NDCG = { objective: 'rank:ndcg', eval_metric: 'ndcg@10', eta: 0.1 } as const

const GENERATED: readonly GeneratedCase[] = [
  { name: 'rank:ndcg, depth 6', params: { ...NDCG, max_depth: 6 } },
  { name: 'rank:ndcg, depth 2', params: { ...NDCG, max_depth: 2 } },
  {
    name: 'rank:ndcg, 30 % missing, depth 8',
    params: { ...NDCG, max_depth: 8 },
    data: { missing: 0.3 },
  },
  {
    name: 'rank:ndcg, early stopping',
    params: { ...NDCG, eta: 0.15, max_depth: 4 },
    rounds: 300,
    earlyStopping: 15,
  },
  {
    name: 'rank:ndcg, subsample, colsample',
    params: { ...NDCG, subsample: 0.7, colsample_bytree: 0.8, colsample_bynode: 0.8 },
  },
  { name: 'rank:ndcg, weights per query', params: NDCG, data: { weights: true } },
  { name: 'rank:ndcg, rows of a query anywhere', params: NDCG, data: { scattered: true } },
  {
    name: 'rank:ndcg, lossguide, 31 leaves',
    params: { ...NDCG, grow_policy: 'lossguide', max_leaves: 31, max_depth: 0, max_bin: 64 },
  },
  { name: 'rank:pairwise, depth 6', params: { ...NDCG, objective: 'rank:pairwise' } },
  {
    name: 'rank:map, binary labels',
    params: { objective: 'rank:map', eval_metric: 'map@10', eta: 0.1, max_depth: 5 },
    data: { grades: 2 },
  },
  {
    name: 'reg:squarederror',
    params: { objective: 'reg:squarederror', eval_metric: 'rmse', eta: 0.1 },
    data: { queries: false },
  },
  {
    name: 'binary:logistic',
    params: { objective: 'binary:logistic', eval_metric: 'logloss', eta: 0.1 },
    data: { queries: false, grades: 2 },
  },
]

/** Writes the data of the generated cases into the folder. */
export function generatedCases(folder: string): ParityCase[] {
  return GENERATED.map(({ name, params, data = {}, rounds = 60, earlyStopping }, index) => {
    const shape = { ...SHAPE, ...data }
    const files = join(folder, `parity-${index}`)
    mkdirSync(files)
    const write = (part: string, seed: number, rows: number): string => {
      const path = join(files, `${part}.csv`)
      writeJudgedCsv(path, { ...shape, rows, seed: 100 * index + seed })
      return path
    }
    return {
      name,
      train: write('train', 1, shape.rows),
      ...(earlyStopping !== undefined && {
        validation: write('validation', 2, shape.rows / 3),
        earlyStopping,
      }),
      test: write('test', 3, shape.rows / 3),
      roles: {
        label: 'label',
        ...(shape.queries !== false && { group: 'qid' }),
        ...(shape.weights && { weight: 'weight' }),
      },
      params: { ...params, seed: index },
      rounds,
    }
  })
}

/** Where the real set may lie: RANKER_ESCI_DIR, else beside the checkout. */
export function esciFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env.RANKER_ESCI_DIR ?? join(root, '../shared/data/esci-us-150')
}

/** Human judgments of Amazon's ESCI; undefined where the files are absent. */
export function esciCase(folder: string): ParityCase | undefined {
  const [train, validation] = ['train.csv', 'valid.csv'].map((name) => join(folder, name)) as [string, string]
  if (!existsSync(train) || !existsSync(validation)) return undefined
  return {
    name: 'esci-us-150, early stopping',
    train,
    validation,
    test: validation,
    roles: { label: 'label', group: 'qid', item: 'product_id' },
    params: { ...NDCG, eta: 0.05, max_depth: 4, subsample: 0.8, colsample_bytree: 0.8, seed: 1 },
    rounds: 200,
    earlyStopping: 30,
  }
}
