/**
 * Header and trailer fields as flat lists (name, value, name, value and so on), and how their names are compared.
 *
 * @module
 */

/**
 * Folds a field name: lower case, and everything but letters and digits as '-'. CGI, WSGI and IIS give X_User and X-User to an
 * application under one name.
 *
 * @param name - As sent.
 * @returns For comparison.
 */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/**
 * Takes fields out.
 *
 * @param fields - Flat.
 * @param keeps - Whether a field of this name stays.
 * @returns A new flat list.
 */
export function keptFields(fields: readonly string[], keeps: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? ''
    if (keeps(name)) kept.push(name, fields[at + 1] ?? '')
  }
  return kept
}
