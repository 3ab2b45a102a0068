import { MIMEType } from 'node:util'

/** Parses a media type with its parameters; undefined when the text is none. */
export function parseMediaType(text: string): MIMEType | undefined {
  try {
    return new MIMEType(text)
  } catch {
    return undefined
  }
}
