/**
 * What an acceptor is told, and what it tells.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import type { KeytabEntry, ServiceTicket } from '../files/index.ts'
import type { EncTicketPart } from '../messages/index.ts'
import type { AnyPac } from '../messages/pac.ts'
import type { ReplayCache } from './replay-cache.ts'

/** How an acceptor works. */
export interface AcceptorOptions {
  /** The service's keys; a function is asked for every token, so that a keytab can be read anew. */
  readonly keys: readonly KeytabEntry[] | (() => readonly KeytabEntry[])
  /**
   * Service principals that are accepted, for instance `HTTP/intranet.corp.example`; case does not count. Default: those in
   * the keytab. A name that is listed here and not in the keytab is tried with every key of it: the keytab then is of an
   * account that holds the name.
   */
  readonly services?: readonly string[] | undefined
  /** Which tokens were seen. Default one of its own; acceptors of one service share one. */
  readonly replayCache?: ReplayCache | undefined
  /** How far the client's clock may be off, and how long a ticket outlives its end. Default 300 000. */
  readonly maxClockSkewMs?: number | undefined
  /** Largest token, octets. Default 65 536. */
  readonly maxTokenOctets?: number | undefined
  /** Whether a ticket must carry a PAC. One that is there is always verified. Default false. */
  readonly requirePac?: boolean | undefined
  /** Whether SPNEGO clients are asked for a MIC over their offer even where it is not needed. Default false. */
  readonly requestMic?: boolean | undefined
  /** Realms that may stand between a client's realm and ours besides the hierarchical ones (RFC 4120 section 2.7). */
  readonly trustedRealms?: readonly string[] | undefined
}

/** What is known of the channel a token came on. */
export interface AcceptChannel {
  /** Application data of the channel binding, for instance what tlsServerEndPoint gave of our own certificate. */
  readonly channelBinding?: Uint8Array | undefined
  /** Refuse a token that is not bound to the channel. Default false: only a wrong binding is refused. */
  readonly requireChannelBinding?: boolean | undefined
  /** The client's IP address; needed only for tickets that are bound to addresses. */
  readonly clientAddress?: string | undefined
}

/** Who came, and what the token said: the ticket, whose names nothing but the key that opened it protects, and more. */
export interface Accepted extends ServiceTicket {
  /** All that is in the ticket, for instance for verifyPac with the KDC's key. */
  readonly encTicketPart: EncTicketPart
  /** The PAC in it, server signature verified; undefined where it has none. */
  readonly pac: AnyPac | undefined
  /** The service's key that opened the ticket. */
  readonly serviceKey: EncryptionKey
  /** The initiator's subkey. */
  readonly subkey: EncryptionKey | undefined
  /** Our subkey, where the token asked for an AP-REP. */
  readonly acceptorSubkey: EncryptionKey | undefined
  /**
   * The initiator's first sequence number, as the authenticator says it: that of its first per-message token (RFC 4121). Where
   * SPNEGO exchanged MICs, which the tokens show, the MICs were those.
   */
  readonly initiatorSequenceNumber: number
  /** Ours: the AP-REP's, or the initiator's where none was asked for. */
  readonly acceptorSequenceNumber: number
  /** Whether the token is bound to the channel it came on. */
  readonly channelBound: boolean
  /** GssFlag bits; 0 for a bare AP-REQ without them. */
  readonly gssFlags: number
  /** For which service the client says it made the token (MS-KILE 2.2, AD-TARGET-PRINCIPAL), `HTTP/host@REALM`. */
  readonly targetName: string | undefined
  /** DER of the KRB-CRED, where the client hands on its ticket-granting ticket. */
  readonly delegatedCredential: Uint8Array | undefined
  /** In what the AP-REQ came. */
  readonly mechanism: 'spnego' | 'krb5' | 'ap-req'
  /** What goes back to the client: after `WWW-Authenticate: Negotiate` in HTTP. Undefined: nothing is owed. */
  readonly replyToken: Uint8Array | undefined
}

/** One step of an acceptor. */
export type AcceptStep =
  | {
      /** The client is known. */
      readonly done: true
      /** Who it is. */
      readonly accepted: Accepted
    }
  | {
      /** The client has to send one more token. */
      readonly done: false
      /** What goes back to it. */
      readonly replyToken: Uint8Array
    }
