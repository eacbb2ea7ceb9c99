/**
 * How names of people, domains and realms are compared: letter case does not count, everything else does.
 *
 * @module
 */

/**
 * A name without its letter case: equal for two names that differ in letter case at most, and for no others.
 *
 * Small letters alone are not enough: the Kelvin sign (U+212A) has the small letter k, and so have three more characters that of another.
 * Nor are capitals: the dotless i (U+0131) has the capital I.
 *
 * @param name - Any text.
 * @returns A text to compare and to keep things under; nothing to show.
 */
export function foldName(name: string): string {
  return `${name.toLowerCase()}\n${name.toUpperCase()}`
}

/**
 * Whether two names are the same but for letter case.
 *
 * Directories compare more loosely (Active Directory finds `alice` when asked for `álice`), so every answer is compared
 * again with this.
 *
 * @param left - A name.
 * @param right - Another.
 * @returns True when they differ in letter case at most.
 */
export function sameName(left: string, right: string): boolean {
  return left === right || foldName(left) === foldName(right)
}
