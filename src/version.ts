/** Name and version as model files and answers carry them; a test holds them to package.json. */
export const PRODUCT = { name: 'two-stage-ranking', version: '0.1.0' } as const
