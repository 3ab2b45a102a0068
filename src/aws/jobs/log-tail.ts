import type { Api } from '../api.ts'
import { found } from '../failures.ts'

/**
 * The lines of a log group's streams, from where the last call ended. A stream comes into being with its first line, and
 * so does the group.
 * @param streams what the names of the streams start with; empty for all
 */
export function openLogTail(
  api: Api,
  logGroupName: string,
  streams: string,
  line: (text: string) => void,
): () => Promise<void> {
  const next = new Map<string, string | undefined>()
  return async () => {
    const listed = await found(
      api.call('logs:DescribeLogStreams', {
        logGroupName,
        ...(streams !== '' && { logStreamNamePrefix: streams }),
      }),
    )
    for (const { logStreamName } of listed?.logStreams ?? []) {
      for (;;) {
        const before = next.get(logStreamName!)
        const { events = [], nextForwardToken } = await api.call('logs:GetLogEvents', {
          logGroupName,
          logStreamName,
          startFromHead: true,
          ...(before !== undefined && { nextToken: before }),
        })
        for (const { message = '' } of events) line(printable(message))
        next.set(logStreamName!, nextForwardToken)
        // At the end the token stays the same.
        if (events.length === 0 || nextForwardToken === before) break
      }
    }
  }
}

/** A line of a log without what could rewrite the terminal; tabs stay. */
export const printable = (text: string): string =>
  text
    .trimEnd()
    .replaceAll(
      /(?!\t)\p{Cc}/gu,
      (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
