import { RankerError, reasonOf } from '../errors.ts'

/** What is sent to a ranker. */
export interface EndpointRequest {
  readonly body: string
  readonly contentType: string
  readonly accept: string
}

/** A way to a ranker: sends a request and returns the body of a good answer. */
export interface Transport {
  /**
   * @param signal aborted when nobody waits for the answer any more
   * @throws {RankerError} ENDPOINT_REFUSED for a status that is not 2xx, ENDPOINT_UNREACHABLE.
   */
  send(request: EndpointRequest, signal: AbortSignal): Promise<string>
  close(): void
}

export interface FetchOptions {
  /** Headers to add, such as a gateway's Authorization. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Plain HTTP(S) by Node's own fetch, which keeps connections open.
 * @param url of `/invocations`. @throws {RankerError} BAD_SETTING.
 */
export function fetchTransport(url: string | URL, { headers = {} }: FetchOptions = {}): Transport {
  const address = URL.canParse(String(url)) ? new URL(url) : undefined
  if (address?.protocol !== 'http:' && address?.protocol !== 'https:') {
    throw new RankerError('BAD_SETTING', {
      name: 'url',
      seen: String(url),
      wanted: 'an http or https address',
    })
  }
  return {
    async send({ body, contentType, accept }, signal) {
      try {
        const response = await fetch(address, {
          method: 'POST',
          headers: { ...headers, 'content-type': contentType, accept },
          body,
          signal,
          redirect: 'error',
        })
        const text = await response.text()
        if (!response.ok) {
          throw new RankerError('ENDPOINT_REFUSED', { status: response.status, reason: messageOf(text) })
        }
        return text
      } catch (thrown) {
        if (thrown instanceof RankerError) throw thrown
        // fetch itself says no more than "fetch failed".
        const reason = reasonOf((thrown as Error).cause ?? thrown)
        throw new RankerError('ENDPOINT_UNREACHABLE', { reason }, { cause: thrown })
      }
    },
    close() {},
  }
}

/** The message in an error's body, or else the start of the body. */
export function messageOf(body: string): string {
  try {
    const { error } = JSON.parse(body)
    if (typeof error?.message === 'string') return error.message
  } catch {
    // A proxy's page, perhaps.
  }
  return body.slice(0, 200).trim() || 'nothing more was said'
}
