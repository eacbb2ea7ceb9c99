/**
 * The errors of the Kerberos room. No message holds a key, a ticket or a token.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes: tests, metrics and diagnostics switch on these, never on messages. */
export type KerberosErrorCode =
  /** What a peer or file sent is not what its format says. */
  | 'ERR_KRB_DECODE'
  /** A checksum, a decryption or a signature did not verify. */
  | 'ERR_KRB_INTEGRITY'
  /** An encryption or checksum type that is not supported, here or by the KDC (14). */
  | 'ERR_KRB_ETYPE'
  /** No listed KDC answered. */
  | 'ERR_KRB_KDC_UNREACHABLE'
  /** The caller's AbortSignal fired. */
  | 'ERR_KRB_ABORTED'
  /** The KDC knows no such client (6), or another realm holds it (68). */
  | 'ERR_KRB_CLIENT_UNKNOWN'
  /** No KDC lets us act for this user of another realm, though one may know them (S4U2Self across realms). */
  | 'ERR_KRB_FOREIGN_USER'
  /** The client is disabled, expired or locked (18; in S4U2Self 12 and 1 too). */
  | 'ERR_KRB_CLIENT_REVOKED'
  /** The client's password has expired or must be changed (23). */
  | 'ERR_KRB_CLIENT_KEY_EXPIRED'
  /** The KDC knows no such service principal (7). */
  | 'ERR_KRB_SPN_UNKNOWN'
  /** The evidence ticket may not be used for delegation. */
  | 'ERR_KRB_NOT_FORWARDABLE'
  /** The KDC refused the S4U2Proxy (13). */
  | 'ERR_KRB_DELEGATION_REFUSED'
  /** The clocks differ by more than the tolerance (37). */
  | 'ERR_KRB_SKEW'
  /** The KDC did not accept our key or password (24). */
  | 'ERR_KRB_PREAUTH_FAILED'
  /** A reply that answers another question than ours: lying, spliced or stale. */
  | 'ERR_KRB_REPLY_MISMATCH'
  /** The KDC does not armour requests (FAST, RFC 6113) as our setting demands, or demands an armour that we do not have. */
  | 'ERR_KRB_FAST'
  /** KDCs refer us in a circle or too far. */
  | 'ERR_KRB_REFERRAL'
  /** Any other KRB-ERROR of the KDC. */
  | 'ERR_KRB_KDC_REPLY'
  /** The identity has no key of the wanted type or version. */
  | 'ERR_KRB_NO_KEY'
  /** The identity is a credential cache: it has no long-term key, which this needs. */
  | 'ERR_KRB_NO_LONG_TERM_KEY'
  /** The credential cache's ticket-granting ticket has ended, or there is none: run kinit. */
  | 'ERR_KRB_TGT_EXPIRED'
  /** A principal name that cannot be parsed. */
  | 'ERR_KRB_PRINCIPAL'
  /** A keytab that is missing, unreadable or malformed. */
  | 'ERR_KRB_KEYTAB'
  /** A password file that is missing, unreadable or not one line of text. */
  | 'ERR_KRB_PASSWORD'
  /** The password server refused the new password, and proved that it is the server. */
  | 'ERR_KRB_PASSWORD_REFUSED'
  /** A change of our password that may or may not have been made; the next attempt resumes it. */
  | 'ERR_KRB_PASSWORD_UNCONFIRMED'
  /** A credential cache that is missing, unreadable or malformed. */
  | 'ERR_KRB_CCACHE'
  /** A krb5.conf that is missing, unreadable or malformed. */
  | 'ERR_KRB_CONF'
  /** A GSS token or SPNEGO message that is not what its format says. */
  | 'ERR_KRB_GSS'
  /** The acceptor did not prove its identity. */
  | 'ERR_KRB_MUTUAL'
  /** A service refused our token with a KRB-ERROR. */
  | 'ERR_KRB_AP_REFUSED'
  /** A token that was accepted before, or that comes while the replay cache is full. */
  | 'ERR_KRB_REPLAY'
  /** A ticket that has ended, or has not begun. */
  | 'ERR_KRB_TICKET_TIME'
  /** A token that is no proof of who its client is: for another service, of another client, or of a way we do not trust. */
  | 'ERR_KRB_NOT_ACCEPTED'
  /** The optional package `kerberos` is not installed. */
  | 'ERR_KRB_GSSAPI_ABSENT'
  /** The host's GSS-API library gave no token. */
  | 'ERR_KRB_GSSAPI'
  /** The host's GSS-API library does not answer in time, or too many wait for it. */
  | 'ERR_KRB_GSSAPI_SILENT'
  /** No channel binding is defined for this certificate, or a token is not bound to the channel. */
  | 'ERR_KRB_CHANNEL_BINDING'

/** Longest message, UTF-16 units. */
const MAX_MESSAGE = 2048

/** Names in a message come from anyone on the wire, and it goes into logs and to terminals. */
function printable(message: string): string {
  const text = message.slice(0, MAX_MESSAGE).replace(/\p{C}/gu, ' ')
  return message.length > MAX_MESSAGE ? `${text.slice(0, -1)}…` : text
}

/** Anything the Kerberos room throws on purpose. Its message is one line of printable characters. */
export class KerberosError extends SallyportError {
  declare readonly code: KerberosErrorCode

  constructor(code: KerberosErrorCode, message: string, options: SallyportErrorOptions = {}) {
    super(code, printable(message), options)
  }
}

/** What a KRB-ERROR said, as far as it may be shown and logged. */
export interface KdcReplyDetails {
  /** RFC 4120 section 7.5.9 error number. */
  readonly krbErrorCode: number
  /** NTSTATUS out of the e-data (MS-KILE KERB-EXT-ERROR), unsigned 32-bit. */
  readonly ntStatus?: number | undefined
  /** The realm that answered. */
  readonly realm: string
  /** The service principal the KDC names. */
  readonly sname?: string | undefined
  /** The KDC's clock, milliseconds since the epoch. */
  readonly serverTimeMs?: number | undefined
  /** What the refusal means, in a sentence. */
  readonly means?: string | undefined
  /** The client's realm as the KDC names it, with KDC_ERR_WRONG_REALM the one that has the account. */
  readonly clientRealm?: string | undefined
  /** Whether the KDC said it under armour (FAST), so that nobody else can have. */
  readonly armored?: boolean | undefined
  /** In which exchange: AS is about our own account, the others about whom or what was asked for. */
  readonly exchange?: 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy' | undefined
}

/** A KDC answered with a KRB-ERROR. */
export class KdcReplyError extends KerberosError {
  /** RFC 4120 section 7.5.9 error number. */
  readonly krbErrorCode: number
  /** NTSTATUS out of the e-data, unsigned 32-bit, where the KDC sent one. */
  readonly ntStatus: number | undefined
  /** The realm that answered. */
  readonly realm: string
  /** The service principal the KDC names. */
  readonly sname: string | undefined
  /** The KDC's clock, milliseconds since the epoch. */
  readonly serverTimeMs: number | undefined
  /** What the refusal means, in a sentence. */
  readonly means: string | undefined
  /** The client's realm as the KDC names it, with KDC_ERR_WRONG_REALM the one that has the account. */
  readonly clientRealm: string | undefined
  /** Whether the KDC said it under armour (FAST), so that nobody else can have. */
  readonly armored: boolean
  /** In which exchange it was said: AS is about our own account, the others about whom or what was asked for. */
  readonly exchange: 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy' | undefined

  constructor(
    code: KerberosErrorCode,
    message: string,
    options: SallyportErrorOptions & { readonly details: KdcReplyDetails },
  ) {
    super(code, message, options)
    this.krbErrorCode = options.details.krbErrorCode
    this.ntStatus = options.details.ntStatus
    this.realm = options.details.realm
    this.sname = options.details.sname
    this.serverTimeMs = options.details.serverTimeMs
    this.means = options.details.means
    this.clientRealm = options.details.clientRealm
    this.armored = options.details.armored ?? false
    this.exchange = options.details.exchange
  }
}
