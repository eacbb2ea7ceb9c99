/**
 * Which realms stand between a client's realm and ours (RFC 4120 section 3.3.3.2, DOMAIN-X500-COMPRESS), and whether we
 * trust them (section 2.7): a KDC that checked says so by a flag, Active Directory's never says so.
 *
 * @module
 */

import { KrbErrorCode, TicketFlag } from '../iana/index.ts'
import type { EncTicketPart } from '../messages/index.ts'
import { Refusal } from './refusal.ts'

/** RFC 4120 section 3.3.3.2: the one encoding there is. */
const DOMAIN_X500_COMPRESS = 1
const MAX_OCTETS = 4096
/** A realm's name is a domain's, of 255 octets at most, or an X.500 name. */
const MAX_REALM_LENGTH = 512
/** Realms on a way, those that are left out by abbreviation among them: a few octets can stand for very many. */
const MAX_REALMS = 256

function pathRefused(what: string): Refusal {
  return new Refusal('ERR_KRB_NOT_ACCEPTED', what, {
    krb: KrbErrorCode.KRB_AP_PATH_NOT_ACCEPTED,
    mend: 'If clients of that way are welcome, list its realms in trustedRealms.',
  })
}

/** Splits at commas that no backslash precedes. */
function fields(text: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i)
    if (unit === ',') {
      parts.push(part)
      part = ''
    } else part += unit === '\\' ? text.charAt(++i) : unit
  }
  return [...parts, part]
}

/** `A.B.C` from `B.C` by `A.`; `/X/Y` from `/X` by `/Y`. */
function expanded(field: string, before: string): string {
  if (field.endsWith('.')) return field + before
  if (field.startsWith(' ')) return field.slice(1)
  return field.startsWith('/') ? before + field : field
}

function tooLong(): Refusal {
  return pathRefused(
    `the client’s way has more than ${MAX_REALMS} realms, or one of more than ${MAX_REALM_LENGTH} characters`,
  )
}

/** The hierarchical realms between two realms of dots, without the two. */
function between(from: string, to: string): string[] {
  if (from.length > MAX_REALM_LENGTH || to.length > MAX_REALM_LENGTH) throw tooLong()
  const [up, down] = [from.split('.'), to.split('.')]
  const most = Math.min(up.length, down.length)
  let common = 0
  while (common < most && up.at(-1 - common) === down.at(-1 - common)) common++
  if (common === 0) return []
  if (up.length + down.length - 2 * common >= MAX_REALMS) throw tooLong()
  const above = (labels: readonly string[]): string[] =>
    labels.slice(common).map((_, i) => labels.slice(i).join('.'))
  const way = [...above(up), up.slice(-common).join('.'), ...above(down)]
  return way.filter((realm) => realm !== from && realm !== to)
}

/**
 * The realms on the way.
 *
 * @param contents - Of a TransitedEncoding of type 1.
 * @param client - The client's realm.
 * @param server - Ours.
 * @returns The realms, those that an empty field stands for among them.
 * @throws Refusal above 4096 octets, 256 realms, or 512 characters of a realm.
 */
export function transitedRealms(
  contents: Uint8Array,
  client: string,
  server: string,
): readonly string[] {
  if (contents.length === 0) return []
  if (contents.length > MAX_OCTETS) throw pathRefused('too many realms are on the client’s way')
  const realms: string[] = []
  let before = client
  let gap = false
  for (const field of fields(Buffer.from(contents).toString('utf8'))) {
    if (field === '') {
      gap = true
      continue
    }
    const realm = expanded(field, realms.at(-1) ?? '')
    if (gap) realms.push(...between(before, realm))
    realms.push(realm)
    if (realms.length > MAX_REALMS || realm.length > MAX_REALM_LENGTH) throw tooLong()
    before = realm
    gap = false
  }
  if (gap) realms.push(...between(before, server))
  return realms
}

/**
 * Refuses a ticket whose client came through a realm that we do not trust.
 *
 * @param ticket - The opened ticket.
 * @param server - Our realm.
 * @param trusted - Realms that are trusted besides the hierarchical ones.
 * @throws Refusal ERR_KRB_NOT_ACCEPTED.
 */
export function checkTransited(
  ticket: EncTicketPart,
  server: string,
  trusted: readonly string[],
): void {
  const { flags, transited, crealm } = ticket
  if ((flags & TicketFlag.TRANSITED_POLICY_CHECKED) !== 0) return
  if (transited.contents.length === 0) return
  if (transited.trType !== DOMAIN_X500_COMPRESS) {
    throw pathRefused(`the client’s way is told in a way that is not known (${transited.trType})`)
  }
  const allowed = new Set([...between(crealm, server), ...trusted, crealm, server])
  for (const realm of transitedRealms(transited.contents, crealm, server)) {
    if (!allowed.has(realm)) {
      throw pathRefused(`the client ${crealm} came through ${JSON.stringify(realm)}`)
    }
  }
}
