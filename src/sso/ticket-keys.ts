/**
 * What tickets are kept by: own principal and version of its keys, the user's SID, realm and name, how the evidence came about,
 * and for service tickets the SPN (whose realm is our own's to tell, unless it names one).
 *
 * @module
 */

import type { KerberosPort } from './ports.ts'
import type { TicketWish } from './ticket-types.ts'

/** Makes keys. With new keys of our own every ticket is another. */
export class TicketKeys {
  readonly #kerberos: KerberosPort
  #version: number | undefined
  #own = ''

  constructor(kerberos: KerberosPort) {
    this.#kerberos = kerberos
  }

  /**
   * The key of a user's evidence.
   *
   * @param wish - Whose, and whether by the user's own ticket.
   * @returns The key.
   */
  ofEvidence({ identity, accepted }: Pick<TicketWish, 'identity' | 'accepted'>): string {
    const { realm, sAMAccountName } = identity.account
    const how = accepted === undefined ? 'S4U2Self' : 'AP-REQ'
    return `${identity.user}\n${this.#ownPart()}\n${how}\n${realm}\n${sAMAccountName}`
  }

  /**
   * The key of a service ticket.
   *
   * @param wish - Whose, and for which service.
   * @returns The key.
   */
  ofTicket(wish: Pick<TicketWish, 'identity' | 'accepted' | 'spn'>): string {
    return `${this.ofEvidence(wish)}\n${wish.spn}`
  }

  #ownPart(): string {
    const version = this.#kerberos.keyVersion ?? 0
    if (version !== this.#version) {
      this.#version = version
      this.#own = `${this.#kerberos.name}\n${version}`
    }
    return this.#own
  }
}
