/**
 * Which of a service's keys opens a ticket (RFC 4120 section 3.2.3).
 *
 * @module
 */

import {
  decrypt,
  etypeName,
  RENEW_AES_KEYS,
  SUPPORTED_ETYPES,
  type EncryptionKey,
} from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import type { KeytabEntry } from '../files/index.ts'
import { KeyUsage, KrbErrorCode } from '../iana/index.ts'
import {
  decodeEncTicketPart,
  formatPrincipal,
  parsePrincipal,
  sameNameIgnoringCase,
  type EncTicketPart,
  type ParsedPrincipal,
  type Ticket,
} from '../messages/index.ts'
import { Refusal } from './refusal.ts'

/** A ticket, opened. */
export interface OpenedTicket {
  /** What is in it. */
  readonly part: EncTicketPart
  /** What opened it. */
  readonly key: EncryptionKey
}

/** Most keys that are tried on one ticket: a keytab of a service has a few. */
const MAX_KEYS_TRIED = 32

const EXPORT_KEYTAB =
  'Write the service’s keytab again, for instance with samba-tool domain exportkeytab or ktpass.'

/** A service's keys. */
export class ServiceKeys {
  readonly #keys: () => readonly KeytabEntry[]
  readonly #services: readonly ParsedPrincipal[] | undefined

  constructor(
    keys: readonly KeytabEntry[] | (() => readonly KeytabEntry[]),
    services: readonly string[] | undefined,
  ) {
    this.#keys = typeof keys === 'function' ? keys : () => keys
    this.#services = services?.map(parsePrincipal)
  }

  /**
   * Opens a ticket.
   *
   * @param ticket - From a client.
   * @returns What is in it, and the key.
   * @throws Refusal ERR_KRB_NOT_ACCEPTED for another service, ERR_KRB_ETYPE, ERR_KRB_NO_KEY, ERR_KRB_INTEGRITY where none of
   *   the keys opens it; KerberosError ERR_KRB_DECODE.
   */
  open(ticket: Ticket): OpenedTicket {
    const candidates = this.#candidates(ticket)
    const { etype, kvno, cipher } = ticket.encPart
    for (const { key } of candidates) {
      const plain = decrypted(key, cipher)
      if (plain !== undefined) return { part: decodeEncTicketPart(plain), key }
    }
    const versions = [...new Set(candidates.map((entry) => entry.kvno))].join(', ')
    const hasVersion = kvno === undefined || candidates.some((entry) => hasKvno(entry, kvno))
    const of = `the ticket for ${formatPrincipal(ticket.sname, ticket.realm)}`
    const made = `${etypeName(etype)}${kvno === undefined ? '' : `, key version ${kvno}`}`
    throw new Refusal(
      hasVersion ? 'ERR_KRB_INTEGRITY' : 'ERR_KRB_NO_KEY',
      `no key of the keytab opens ${of} (${made}; the keytab has version ${versions})`,
      {
        krb: hasVersion ? KrbErrorCode.KRB_AP_ERR_MODIFIED : KrbErrorCode.KRB_AP_ERR_BADKEYVER,
        mend: EXPORT_KEYTAB,
      },
    )
  }

  /** Keys of the name and type, those of the ticket's version first. */
  #candidates(ticket: Ticket): readonly KeytabEntry[] {
    const { etype, kvno } = ticket.encPart
    const ofName = this.#entriesOf(ticket)
    const ofType = ofName.filter(({ key }) => key.etype === etype)
    if (ofType.length === 0 || !SUPPORTED_ETYPES.includes(etype)) throw this.#noKeyOfType(ticket)
    // Keytabs made by hand often have wrong version numbers; decryption is authenticated, so trying is safe.
    const rank = (entry: KeytabEntry): number =>
      kvno !== undefined && hasKvno(entry, kvno) ? 0 : 1
    return ofType.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_KEYS_TRIED)
  }

  /**
   * A ticket's sname stands outside its cipher: who holds a ticket can write another of our names over it. So a key opens
   * tickets of its own name alone, unless the service was told to accept a name that the keytab does not know.
   */
  #entriesOf({ realm, sname }: Ticket): readonly KeytabEntry[] {
    const named = this.#services?.some(
      (service) =>
        sameNameIgnoringCase(service.principal, sname) && (service.realm ?? realm) === realm,
    )
    const entries = this.#keys().filter((entry) => entry.realm === realm)
    const own = entries.filter(({ principal }) => sameNameIgnoringCase(principal, sname))
    if (named !== false && own.length > 0) return own
    if (named === true && entries.length > 0) return entries
    throw new Refusal(
      'ERR_KRB_NOT_ACCEPTED',
      `a ticket for ${formatPrincipal(sname, realm)}, which is not this service`,
      { krb: KrbErrorCode.KRB_AP_ERR_NOT_US, mend: EXPORT_KEYTAB },
    )
  }

  #noKeyOfType({ sname, realm, encPart }: Ticket): Refusal {
    const name = formatPrincipal(sname, realm)
    return new Refusal(
      'ERR_KRB_ETYPE',
      `the ticket for ${name} is ${etypeName(encPart.etype)}, of which the keytab has no key that may be used`,
      { krb: KrbErrorCode.KDC_ERR_ETYPE_NOSUPP, mend: RENEW_AES_KEYS },
    )
  }
}

/** Old keytabs keep the low 8 bits of a version. */
function hasKvno(entry: KeytabEntry, kvno: number): boolean {
  return entry.kvno === kvno || (entry.kvno < 256 && entry.kvno === (kvno & 0xff))
}

function decrypted(key: EncryptionKey, cipher: Uint8Array): Uint8Array | undefined {
  try {
    return decrypt(key, KeyUsage.TICKET, cipher)
  } catch (error) {
    if (error instanceof KerberosError && error.code === 'ERR_KRB_INTEGRITY') return undefined
    throw error
  }
}
