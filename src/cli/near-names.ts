/**
 * Names that somebody may have meant: the same user of another realm or written in another way, the same host, one or two letters
 * away.
 *
 * @module
 */

/** `alice` of `CORP\alice` and `alice@corp.example`. */
function ofUser(name: string): string {
  return name.toLowerCase().replace(/^[^\\]*\\|@.*$/g, '')
}

/** `intranet` of `HTTP/intranet.corp.example:8080`. */
function ofService(name: string): string {
  return name.toLowerCase().replace(/^[^/]*\/|[.:@/].*$/g, '')
}

/** Letters to change, add or leave out (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let above = 0; above < one.length; above += 1) {
    const next = [above + 1]
    for (let at = 0; at < other.length; at += 1) {
      const changed = (row[at] ?? 0) + (one[above] === other[at] ? 0 : 1)
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/**
 * Whether one name may have been meant by another.
 *
 * @param one - A name.
 * @param other - A name.
 * @returns True where they are one or two letters apart, of at least three for each.
 */
export function nearName(one: string, other: string): boolean {
  // Any two names of one letter are one change apart.
  const most = Math.min(2, Math.floor(Math.min(one.length, other.length) / 3))
  return Math.abs(one.length - other.length) <= most && distance(one, other) <= most
}

/**
 * Whether one user's name may have been meant by another.
 *
 * @param one - As accounts or logins are written.
 * @param other - Likewise.
 * @returns True where the part that is the user's own is alike.
 */
export function nearUser(one: string, other: string): boolean {
  return nearName(ofUser(one), ofUser(other))
}

/**
 * Whether one service principal name may have been meant by another.
 *
 * @param one - A name.
 * @param other - A name.
 * @returns True where the first labels of the hosts are alike.
 */
export function nearService(one: string, other: string): boolean {
  return nearName(ofService(one), ofService(other))
}
