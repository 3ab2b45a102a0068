import { hashText } from '../hash.ts'

/** A host's part of a channel that every host has whole. */
export interface Share {
  /** Place of the host among all, from 0. */
  readonly index: number
  readonly hosts: number
}

/**
 * Whether a query is in a host's share. That depends on the query's id alone, so hosts agree without talking, in
 * whatever order each of them reads the rows.
 */
export function inShare(query: string, { index, hosts }: Share): boolean {
  return hashText(query) % hosts === index
}
