/**
 * Options with their defaults filled in.
 *
 * @module
 */

/** The same options, each of which may be left out or undefined. */
export type Given<T> = { readonly [Name in keyof T]?: T[Name] | undefined }

/**
 * Fills in defaults. Unlike a spread, an explicit undefined counts as left out: as a limit it would compare false with
 * everything and so switch the limit off.
 *
 * @param defaults - A value for every option.
 * @param given - What the caller chose. Other names than those of the defaults are passed on.
 * @returns The options.
 */
export function withDefaults<T extends object, G extends Given<T>>(
  defaults: T,
  given: G,
): T & Omit<G, keyof T> {
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...defaults, ...(Object.fromEntries(chosen) as G) }
}
