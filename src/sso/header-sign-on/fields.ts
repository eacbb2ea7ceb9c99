/**
 * The fields that name users, kept out of clients' hands: on every way to a backend that believes them, not only where they are
 * filled in.
 *
 * @module
 */

import { foldName, keptFields } from '../../tunnel/index.ts'

/** Folded names of fields. */
export type SignOnNames = ReadonlySet<string>

/**
 * Gathers names.
 *
 * @param names - As the policy spells them.
 * @returns Folded; undefined when there are none.
 */
export function signOnNames(names: readonly string[]): SignOnNames | undefined {
  return names.length === 0 ? undefined : new Set(names.map(foldName))
}

/**
 * A request's fields with ours in the place of what the client may have said.
 *
 * @param headers - Flat, as they would go to the backend.
 * @param names - What is ours to say at this backend.
 * @param ours - Flat; undefined where this request names nobody.
 * @returns A new flat list.
 */
export function withSignOnFields(
  headers: readonly string[],
  names: SignOnNames,
  ours: readonly string[] = [],
): string[] {
  return [...keptFields(headers, (name) => !names.has(foldName(name))), ...ours]
}
