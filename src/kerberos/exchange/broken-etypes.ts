/**
 * Refuses what is under DES or RC4, and says whose keys must be renewed (RFC 6649, RFC 8429).
 *
 * @module
 */

import { etypeName, isBrokenEtype, RENEW_AES_KEYS } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import type { ExchangePorts } from './types.ts'

/** What is under a key, and whose key it is. */
export interface UnderKey {
  /** Name of the exchange, for messages. */
  readonly exchange: string
  /** For instance `the ticket for HTTP/iwa.corp.example@CORP.EXAMPLE`. */
  readonly what: string
  /** Whose key it is, in text form. */
  readonly account: string
  /** The key's type. */
  readonly etype: number
}

/**
 * Refuses a broken encryption type.
 *
 * @param under - What is under which key.
 * @throws KerberosError ERR_KRB_ETYPE.
 */
export function checkNotBroken({ exchange, what, account, etype }: UnderKey): void {
  if (!isBrokenEtype(etype)) return
  throw new KerberosError(
    'ERR_KRB_ETYPE',
    `${exchange}: the KDC put ${what} under ${etypeName(etype)}: ${account} has no AES keys, or may not use them`,
    { mend: `The account is ${account}. ${RENEW_AES_KEYS}` },
  )
}

/**
 * Refuses a ticket that the KDC put under a broken key of its service: whoever gets it can guess the service's password. We
 * never open it, so that an administrator may let it pass.
 *
 * @param under - What is under which key.
 * @param ports - The setting.
 * @throws KerberosError ERR_KRB_ETYPE.
 */
export function checkTicketKey(
  under: UnderKey,
  ports: Pick<ExchangePorts, 'brokenTicketKeys'>,
): void {
  if (ports.brokenTicketKeys !== 'accept') checkNotBroken(under)
}
