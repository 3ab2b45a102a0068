export interface HttpMessage {
  readonly first: string
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** The messages on a page, in fences of their own: requests, each followed by its answer. */
export function messagesOf(page: string): HttpMessage[] {
  return [...page.matchAll(/```http\n([\s\S]*?)```/g)].map(([, text]) => {
    const [head, ...rest] = text!.split('\n\n')
    const [first, ...lines] = head!.split('\n')
    const headers = Object.fromEntries(
      lines.map((line) => line.toLowerCase().split(': ') as [string, string]),
    )
    const body = rest.join('\n\n')
    const bytes = /^base64: ([\s\S]*)$/.exec(body)?.[1]
    return {
      first: first!,
      headers,
      body: bytes === undefined ? Buffer.from(body) : Buffer.from(bytes, 'base64'),
    }
  })
}
