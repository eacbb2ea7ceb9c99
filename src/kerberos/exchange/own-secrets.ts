/**
 * What an identity proves itself with: secrets, where they come from, and the keys that are in them.
 *
 * @module
 */

import type { EncryptionKey } from '../crypto/index.ts'
import type { KeytabEntry } from '../files/index.ts'
import type { EtypeInfo2Entry, PrincipalName } from '../messages/index.ts'
import type { ServiceTicket, StringToKeyLimits } from './types.ts'

/** A password from which keys are made. */
export interface PasswordSecret {
  /** The password; a lone surrogate counts as U+FFFD, as Windows has it. */
  readonly password: string
  /** The salt where the KDC names none. Default: the realm and the name's components run together. */
  readonly salt?: string | undefined
}

/** A ticket-granting ticket out of a credential cache: good until it ends, and for no more than tickets of our own. */
export interface TicketSecret {
  /** The ticket. */
  readonly tgt: ServiceTicket
}

/** Keys from several places; all are tried, in this order. */
export interface JoinedSecrets {
  /** None where none has been had yet: then nothing works but looking again. */
  readonly inOrder: readonly (readonly KeytabEntry[] | PasswordSecret)[]
}

/** What proves who we are: a decoded keytab (entries of other principals are passed over), a password, a ticket, or several. */
export type OwnSecrets = readonly KeytabEntry[] | PasswordSecret | TicketSecret | JoinedSecrets

/** Secrets that change while a client lives: a keytab that is written anew, a password that a directory changes. */
export interface OwnKeysSource {
  /** The secrets as they were last seen; the same object as long as they are the same. */
  readonly secrets: OwnSecrets
  /**
   * Looks for newer secrets. A source that finds none, or cannot look, keeps what it has and says so in its log.
   *
   * @param why - `due`: before each use; the source has an interval of its own. `refused`: the present ones do not do.
   * @returns Undefined when there is nothing to wait for; else a promise that never rejects.
   */
  refresh(why: 'due' | 'refused'): Promise<void> | undefined
}

/** Whose keys they are. */
export interface KeyOwner {
  /** Our name. */
  readonly principal: PrincipalName
  /** Our realm. */
  readonly realm: string
}

/** Who we are and how we prove it. */
export interface ClientIdentity extends KeyOwner {
  /** What proves it, for good or as a source has it. */
  readonly keys: OwnSecrets | OwnKeysSource
}

/** Our long-term keys. */
export interface OwnKeys {
  /**
   * Encryption types to ask for: those of our keys first, since a KDC answers under the first type it has a key of.
   *
   * @param etypes - Encryption types we allow, in order of preference.
   */
  toAskFor(etypes: readonly number[]): readonly number[]
  /**
   * Keys to prove ourselves with in an AS exchange, the best first.
   *
   * @param offered - The KDC's ETYPE-INFO2, empty when it sent none.
   * @param etypes - Encryption types we allow, in order of preference.
   * @param limits - Bounds on the work that the KDC may make of a password. Default: those of the settings.
   * @throws KerberosError ERR_KRB_NO_KEY when there is none, or the KDC has none of an allowed type;
   *   ERR_KRB_NO_LONG_TERM_KEY for a credential cache; ERR_KRB_ETYPE for work outside the bounds.
   */
  forProof(
    offered: readonly EtypeInfo2Entry[],
    etypes: readonly number[],
    limits?: StringToKeyLimits,
  ): readonly [EncryptionKey, ...EncryptionKey[]]
  /**
   * Keys that may open a ticket for us, those of its key version first.
   *
   * @throws KerberosError ERR_KRB_NO_KEY when there is none of the type; ERR_KRB_NO_LONG_TERM_KEY for a credential cache.
   */
  forTicket(etype: number, kvno: number | undefined): readonly EncryptionKey[]
}
