import { tmpdir } from 'node:os'
import type { Test } from 'tap'
import { parseSpec } from '../../src/features/spec-text.ts'
import { type ReadData, readDatasets } from '../../src/training/datasets.ts'
import { parseHyperparameters } from '../../src/training/hyperparameters.ts'

/** Reads channels, a file each, by a feature spec as training does; closed after the test. */
export function readBySpec(
  t: Test,
  spec: string,
  files: { readonly train: string; readonly validation?: string; readonly test?: string },
): Promise<ReadData> {
  const channels = Object.entries(files).map(([name, path]) => [name, { files: [path] }] as const)
  return readDatasets(
    {
      channels: Object.fromEntries(channels),
      hyperparameters: parseHyperparameters({}),
      features: { spec: parseSpec(spec, 'features.yaml'), source: 'features.yaml' },
      threads: 1,
      memory: { limitBytes: Number.POSITIVE_INFINITY, folder: tmpdir() },
      s3: { pathStyle: false },
      modelName: 'test',
    },
    () => {},
    (closeable) => {
      t.teardown(() => closeable.close())
      return closeable
    },
  )
}
