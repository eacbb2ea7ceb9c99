/**
 * The part of distinguished names (RFC 4514) that Sallyport needs: which domain an object is in.
 *
 * @module
 */

import { DirectoryError } from './errors.ts'

const DOMAIN_COMPONENT = /^\s*DC\s*=\s*([A-Za-z0-9_-]{1,63})\s*$/i

/**
 * Cuts a distinguished name at its commas. RFC 4514 section 3.
 *
 * @param distinguishedName - Any distinguished name; an escaped comma does not cut.
 * @returns Its parts, the object's own first.
 */
function relativeNames(distinguishedName: string): readonly string[] {
  return distinguishedName.match(/(?:\\[\s\S]|[^\\,])+/g) ?? []
}

/**
 * The DNS name of the domain that an object is in.
 *
 * @param distinguishedName - For example `CN=Smith\, Ann,OU=Staff,DC=corp,DC=example`.
 * @returns For example `corp.example`, in small letters.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when the name does not end in `DC=` parts.
 */
export function domainOf(distinguishedName: string): string {
  const labels: string[] = []
  for (const part of relativeNames(distinguishedName).toReversed()) {
    const label = DOMAIN_COMPONENT.exec(part)?.[1]
    if (label === undefined) break
    labels.unshift(label.toLowerCase())
  }
  if (labels.length > 0) return labels.join('.')
  throw new DirectoryError(
    'ERR_DIRECTORY_REPLY',
    `the distinguished name "${distinguishedName}" does not end in DC= parts, so its domain is unknown`,
  )
}

/**
 * The distinguished name of a domain.
 *
 * @param domain - A DNS name, for example `corp.example`.
 * @returns For example `DC=corp,DC=example`.
 */
export function domainName(domain: string): string {
  return domain
    .split('.')
    .map((label) => `DC=${label}`)
    .join(',')
}
