import { type Api, pages } from '../api.ts'
import { isFailure } from '../failures.ts'

/**
 * The lines of a log group's streams, from where the last call ended. A stream comes into being with its first line, and
 * so does the group.
 * @param streams what the names of the streams start with; empty for all
 * @param since milliseconds since 1970, before which lines are left out
 */
export function openLogTail(
  api: Api,
  logGroupName: string,
  streams: string,
  line: (text: string) => void,
  since?: number,
): () => Promise<void> {
  const next = new Map<string, string | undefined>()
  return async () => {
    for (const logStreamName of await streamsOf(api, logGroupName, streams)) {
      for (;;) {
        const before = next.get(logStreamName)
        const { events = [], nextForwardToken } = await api.call('logs:GetLogEvents', {
          logGroupName,
          logStreamName,
          startFromHead: true,
          ...(since !== undefined && { startTime: since }),
          ...(before !== undefined && { nextToken: before }),
        })
        for (const { message = '' } of events) line(printable(message))
        next.set(logStreamName, nextForwardToken)
        // At the end of a stream the token stays the same.
        if (events.length === 0 || nextForwardToken === before) break
      }
    }
  }
}

/** The names of a group's streams; none where there is no group yet. */
async function streamsOf(api: Api, logGroupName: string, start: string): Promise<string[]> {
  const names: string[] = []
  const request = { logGroupName, ...(start !== '' && { logStreamNamePrefix: start }) }
  try {
    for await (const { logStreams = [] } of pages(api, 'logs:DescribeLogStreams', request))
      names.push(...logStreams.map(({ logStreamName }) => logStreamName!))
  } catch (thrown) {
    if (!isFailure(thrown, 'absent')) throw thrown
  }
  return names
}

/** A line of a log without what could rewrite the terminal; tabs stay. */
const printable = (text: string): string =>
  text
    .trimEnd()
    .replaceAll(
      /(?!\t)\p{Cc}/gu,
      (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
