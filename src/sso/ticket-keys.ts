/**
 * What tickets are kept by: own principal and version of its keys, the user's SID, realm and name, how the evidence came about,
 * and for service tickets the SPN (whose realm is our own's to tell, unless it names one).
 *
 * @module
 */

import type { Identity, TicketKey } from './identity-store.ts'
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
  ofEvidence(wish: Pick<TicketWish, 'identity' | 'accepted'>): string {
    return evidenceKey(wish.identity, this.#ownPart(), howOf(wish))
  }

  /**
   * The key of a service ticket, as the same string where the same user's was asked for last: to put it together, and to
   * compare it with what is kept, takes three times as long as all else of finding a ticket.
   *
   * @param wish - Whose, and for which service.
   * @returns The key.
   */
  ofTicket(wish: Pick<TicketWish, 'identity' | 'accepted' | 'spn'>): string {
    const { identity, spn } = wish
    const [own, how, last] = [this.#ownPart(), howOf(wish), identity.lastTicketKey]
    if (last?.of === identity && last.spn === spn && last.how === how && last.own === own) {
      return last.key
    }
    const key = `${evidenceKey(identity, own, how)}\n${spn}`
    identity.lastTicketKey = { of: identity, own, how, spn, key }
    return key
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

function howOf({ accepted }: Pick<TicketWish, 'accepted'>): TicketKey['how'] {
  return accepted === undefined ? 'S4U2Self' : 'AP-REQ'
}

function evidenceKey({ user, account }: Identity, own: string, how: TicketKey['how']): string {
  return `${user}\n${own}\n${how}\n${account.realm}\n${account.sAMAccountName}`
}
