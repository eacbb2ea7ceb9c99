/**
 * Which connectors are the same Kerberos account. A connector must not change the password of an account that others are too.
 *
 * @module
 */

/**
 * Connectors by account. One whose tunnel is down still counts until it is revoked: its keytab is as it was.
 */
export class SharedAccounts {
  /** Accounts as connectors wrote them, folded, by connector id: as many as are registered. */
  readonly #accounts = new Map<string, string>()

  /**
   * Notes which account a connector is.
   *
   * @param connectorId - Which connector.
   * @param principal - Its account with the realm.
   * @returns Accounts, folded, that have another number of connectors now.
   */
  note(connectorId: string, principal: string): readonly string[] {
    const account = folded(principal)
    const before = this.#accounts.get(connectorId)
    if (before === account) return []
    this.#accounts.set(connectorId, account)
    return before === undefined ? [account] : [before, account]
  }

  /**
   * Forgets a connector that was revoked.
   *
   * @param connectorId - Which.
   * @returns As `note`.
   */
  forget(connectorId: string): readonly string[] {
    const before = this.#accounts.get(connectorId)
    this.#accounts.delete(connectorId)
    return before === undefined ? [] : [before]
  }

  /**
   * How many connectors are an account.
   *
   * @param principal - The account with its realm.
   * @returns Their number.
   */
  count(principal: string): number {
    const account = folded(principal)
    return [...this.#accounts.values()].filter((each) => each === account).length
  }
}

/** Names of accounts and realms are compared without case, as Active Directory does. */
export function folded(principal: string): string {
  return principal.toLowerCase()
}
