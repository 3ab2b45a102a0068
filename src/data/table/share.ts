/** A host's part of a channel that every host has whole. */
export interface Share {
  /** Place of the host among all, from 0. */
  readonly index: number
  readonly hosts: number
}

/**
 * Whether a query is in a host's share. It depends on the query's id alone, so that hosts agree without a word, in
 * whatever order each of them reads the rows: 32-bit FNV-1a over the id's UTF-16 code units, mixed once more by
 * MurmurHash3's finaliser (FNV's low bits alone would part even ids from odd ones), modulo the number of hosts.
 */
export function inShare(query: string, { index, hosts }: Share): boolean {
  let hash = 0x811c9dc5
  for (let at = 0; at < query.length; at++) hash = Math.imul(hash ^ query.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % hosts === index
}
