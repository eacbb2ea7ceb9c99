/**
 * The keys of an identity that is a ticket alone: none. A credential cache holds session keys, never the account's own.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { formatPrincipal, sameName } from '../messages/index.ts'
import type { KeyOwner, OwnKeys, TicketSecret } from './own-secrets.ts'

/** Says of every key that it is not there. */
export class TicketKeys implements OwnKeys {
  readonly #name: string

  /**
   * Takes the ticket's word for whose it is.
   *
   * @throws KerberosError ERR_KRB_CCACHE when the ticket is another's.
   */
  constructor({ principal, realm }: KeyOwner, { tgt }: TicketSecret) {
    this.#name = formatPrincipal(principal, realm)
    if (sameName(tgt.client, principal) && tgt.clientRealm === realm) return
    const held = formatPrincipal(tgt.client, tgt.clientRealm)
    const what = `the credential cache is ${held}’s, not ${this.#name}’s`
    throw new KerberosError('ERR_KRB_CCACHE', what, { mend: `Run kinit ${this.#name}.` })
  }

  toAskFor(etypes: readonly number[]): readonly number[] {
    return etypes
  }

  forProof(): never {
    throw this.#without('prove itself anew')
  }

  forTicket(): never {
    throw this.#without('open tickets to itself, as acting for a user (S4U2Self) wants')
  }

  #without(what: string): KerberosError {
    return new KerberosError(
      'ERR_KRB_NO_LONG_TERM_KEY',
      `${this.#name} has a credential cache, which holds no long-term key: it cannot ${what}`,
      { mend: 'Give the account’s keytab instead of the credential cache.' },
    )
  }
}
