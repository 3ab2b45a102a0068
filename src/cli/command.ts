import type { Readable, Writable } from 'node:stream'

/** What a command may touch of the process, passed in so that tests can bring their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly cwd: string
  /** Aborted at SIGTERM or SIGINT. */
  readonly stop: AbortSignal
  /**
   * Ends the process at once, as no thread of it can keep `process.exit` from doing: one that waits inside XGBoost for
   * another host would. Absent where the process is not the command's own.
   */
  readonly endProcess?: (code: number) => Promise<never>
}

/** One word of the command line, such as `ranker train`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole help, as `ranker NAME --help` prints it; of a command that has commands of its own, that of one of them. */
  readonly help: string | ((argv: readonly string[]) => Promise<string>)
  /** @returns the exit code. @throws whatever went wrong; main prints its sentence. */
  run(argv: readonly string[], io: Io): Promise<number>
}
