/**
 * The errors of the Kerberos room. No message holds a key, a ticket or a token.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'
import { KERBEROS_ERRORS, type KerberosErrorCode } from './error-catalogue.ts'

export type { KerberosErrorCode } from './error-catalogue.ts'

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
  /** What to do about it: the error's own advice, else that of its code. */
  declare readonly mend: string

  constructor(code: KerberosErrorCode, message: string, options: SallyportErrorOptions = {}) {
    const { mend = KERBEROS_ERRORS[code].mend } = options
    super(code, printable(message), { ...options, mend })
  }
}

/**
 * The advice that an error has of its own: what an error around it should hand on.
 *
 * @param error - Whatever was caught.
 * @returns Its mend; undefined where it is just that of its code.
 */
export function ownMend(error: unknown): string | undefined {
  if (!(error instanceof SallyportError)) return undefined
  const isDefault =
    error instanceof KerberosError && error.mend === KERBEROS_ERRORS[error.code].mend
  return isDefault ? undefined : error.mend
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
