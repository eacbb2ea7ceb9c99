/**
 * Whose SIDs are whose, where several directories are asked: what is kept of a user is found by the SID, and who administers one domain is
 * not to speak for users of another.
 *
 * @module
 */

import { sameName } from '../platform/index.ts'
import type { DirectoryAccount } from './account.ts'
import { DirectoryError } from './errors.ts'
import { siblingSid } from './sid.ts'

/** The SIDs of domains, as their directories give them: a domain's is known once the domain has answered. */
export class DomainSids {
  /** In the order in which they are believed. */
  readonly #domains: readonly string[]
  readonly #sidOf = new Map<string, string>()

  /**
   * Nothing is known yet.
   *
   * @param domains - DNS names; where two give one SID, the first is believed.
   */
  constructor(domains: readonly string[]) {
    this.#domains = domains
  }

  /**
   * Checks that an account's SID is of no domain that is listed before its own.
   *
   * @param account - What a directory has.
   * @throws DirectoryError with ERR_DIRECTORY_REPLY.
   */
  check({ sid, realm }: DirectoryAccount): void {
    const domainSid = siblingSid(sid, 0)
    const place = this.#domains.findIndex((domain) => sameName(domain, realm))
    const owner = this.#domains.findIndex((domain) => this.#sidOf.get(domain) === domainSid)
    const own = this.#domains[place]
    if (own === undefined) return
    if (owner >= 0 && owner < place) {
      throw new DirectoryError(
        'ERR_DIRECTORY_REPLY',
        `the directory of ${own} gives an account the SID ${sid}, which is of ${this.#domains[owner] ?? ''}`,
        {
          mend: `Find out who changed the directory of ${own}; until then take it out of directories.`,
        },
      )
    }
    this.#sidOf.set(own, domainSid)
  }
}
