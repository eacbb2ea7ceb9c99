/**
 * Our own identity while a client lives: always the present keys, and newer ones where the present do not do.
 *
 * @module
 */

import { errorCode, errorText, type Logger } from '../platform/index.ts'
import { KerberosError, type KerberosErrorCode } from './errors.ts'
import { SUPPORTED_ETYPES } from './crypto/index.ts'
import { keysFor, type KeytabEntry } from './files/index.ts'
import {
  ownKeys,
  secretsOf,
  type ClientIdentity,
  type OwnKeys,
  type OwnSecrets,
  type ServiceTicket,
} from './exchange/index.ts'

/** What goes wrong when our keys are not those the KDC has. */
const KEYS_AT_FAULT: readonly KerberosErrorCode[] = [
  'ERR_KRB_PREAUTH_FAILED',
  'ERR_KRB_NO_KEY',
  'ERR_KRB_INTEGRITY',
  'ERR_KRB_TGT_EXPIRED',
]

/** An identity whose keys may change. As OwnKeys it stands for the present ones. */
export class OwnIdentity implements OwnKeys {
  /** Name, realm, and where the keys come from. */
  readonly identity: ClientIdentity
  readonly #logger: Logger | undefined
  /** What was looked at last, whether or not it could be used. */
  #seen: OwnSecrets
  #secrets: OwnSecrets
  #keys: OwnKeys
  #changes = 0
  #version: number

  /**
   * Takes the identity as it is now.
   *
   * @throws KerberosError as ownKeys does.
   */
  constructor(identity: ClientIdentity, logger?: Logger) {
    this.identity = identity
    this.#logger = logger
    this.#secrets = this.#seen = secretsOf(identity)
    this.#keys = ownKeys(identity)
    this.#version = this.#versionOf(this.#secrets)
  }

  /** The present keys: another object whenever they have changed. */
  get present(): OwnKeys {
    this.#look()
    return this.#keys
  }

  /** The highest version among a keytab's keys; for secrets without versions how often they have changed. */
  get version(): number {
    this.#look()
    return this.#version
  }

  /** Our keys as a keytab has them; a password's have version 0. None for an identity that is a ticket alone. */
  get entries(): readonly KeytabEntry[] {
    const keys = this.present
    const { principal, realm } = this.identity
    const secrets = this.#secrets
    if ('length' in secrets) return keysFor(secrets, realm, principal)
    if ('tgt' in secrets) return []
    const lists = 'inOrder' in secrets ? secrets.inOrder : []
    const own = lists.flatMap((part) => ('length' in part ? keysFor(part, realm, principal) : []))
    if (own.length > 0) return own
    return SUPPORTED_ETYPES.flatMap((etype) =>
      keys
        .forTicket(etype, undefined)
        .map((key) => ({ principal, realm, kvno: 0, timestampMs: 0, key })),
    )
  }

  /** The ticket that an identity without keys consists of. */
  get ticket(): ServiceTicket | undefined {
    this.#look()
    return 'tgt' in this.#secrets ? this.#secrets.tgt : undefined
  }

  /**
   * Makes sure that tickets to ourselves can be opened.
   *
   * @throws KerberosError ERR_KRB_NO_LONG_TERM_KEY for an identity that is a ticket alone.
   */
  checkHasKeys(): void {
    if (this.ticket !== undefined) this.present.forTicket(0, undefined)
  }

  /** Lets the source look for newer keys when its time has come; undefined when there is nothing to wait for. */
  refreshWhenDue(): Promise<void> | undefined {
    const { keys } = this.identity
    return 'refresh' in keys ? keys.refresh('due') : undefined
  }

  /**
   * Runs what needs our keys; where it fails for their sake and newer ones are found, once more.
   *
   * @param run - What is run.
   * @returns What it returns.
   * @throws What it throws.
   */
  async withPresentKeys<T>(run: () => Promise<T>): Promise<T> {
    const before = this.present
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof KerberosError && KEYS_AT_FAULT.includes(error.code))) throw error
      const { keys } = this.identity
      if (this.present === before && 'refresh' in keys) await keys.refresh('refused')
      if (this.present === before) throw error
    }
    return run()
  }

  toAskFor(...question: Parameters<OwnKeys['toAskFor']>): ReturnType<OwnKeys['toAskFor']> {
    return this.present.toAskFor(...question)
  }

  forProof(...question: Parameters<OwnKeys['forProof']>): ReturnType<OwnKeys['forProof']> {
    return this.present.forProof(...question)
  }

  forTicket(...question: Parameters<OwnKeys['forTicket']>): ReturnType<OwnKeys['forTicket']> {
    return this.present.forTicket(...question)
  }

  /** Takes newer secrets over; what cannot be ours changes nothing. */
  #look(): void {
    const secrets = secretsOf(this.identity)
    if (secrets === this.#seen) return
    this.#seen = secrets
    try {
      this.#keys = ownKeys({ ...this.identity, keys: secrets })
      this.#secrets = secrets
      this.#changes += 1
      this.#version = this.#versionOf(secrets)
    } catch (error) {
      const fields = { code: errorCode(error), reason: errorText(error) }
      this.#logger?.error('The new keys cannot be used; the old ones stay.', fields)
    }
  }

  #versionOf(secrets: OwnSecrets): number {
    const { principal, realm } = this.identity
    if (!('length' in secrets)) return this.#changes
    return Math.max(...keysFor(secrets, realm, principal).map(({ kvno }) => kvno))
  }
}
