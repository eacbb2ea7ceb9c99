/**
 * What tickets are kept by: own principal and version of its keys, the user's SID, realm and name, how the evidence came about,
 * and for service tickets the SPN (whose realm is our own's to tell, unless it names one).
 *
 * @module
 */

import type { Identity } from './identity.ts'
import type { KerberosPort } from './ports.ts'

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
   * @param identity - Whose.
   * @returns The key.
   */
  ofEvidence(identity: Identity): string {
    const { realm, sAMAccountName } = identity.account
    return `${identity.user}\n${this.#ownPart()}\nS4U2Self\n${realm}\n${sAMAccountName}`
  }

  /**
   * The key of a service ticket.
   *
   * @param identity - Whose.
   * @param spn - For which service.
   * @returns The key.
   */
  ofTicket(identity: Identity, spn: string): string {
    return `${this.ofEvidence(identity)}\n${spn}`
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
