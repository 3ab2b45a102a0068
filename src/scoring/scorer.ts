/** Turns rows into scores. The engines differ in speed, never in this interface. */
export interface Scorer {
  /** Which engine runs, for the log and the answer to "why is it this fast". */
  readonly engine: string
  /** Features a row has. */
  readonly width: number
  /**
   * Scores rows in order.
   * @param rows float32 values, row after row, `count * width` of them; NaN is a missing value.
   * @returns one float32 a row: XGBoost's `predict()`.
   */
  score(rows: Float32Array, count: number): Promise<Float32Array>
  /** Frees native memory; the scorer cannot be used afterwards. */
  close(): Promise<void>
}
