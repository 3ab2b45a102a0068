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
   * Ends the process at once, even while a thread waits inside XGBoost for another host, which `process.exit` would
   * wait for. Absent where the process is not the command's own.
   */
  readonly endProcess?: (code: number) => Promise<never>
}

/** One word of the command line, such as `ranker train`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole help, as `ranker NAME --help` prints it; with subcommands, that of the one in `argv`. */
  readonly help: string | ((argv: readonly string[]) => Promise<string>)
  /** @returns the exit code. @throws whatever went wrong; main prints its sentence. */
  run(argv: readonly string[], io: Io): Promise<number>
}
