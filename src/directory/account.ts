/**
 * What the rest of Sallyport asks of a directory: one account, by one key.
 *
 * @module
 */

/** How an account is named. A value is a name as people write it, or a SID as `S-1-5-…`. */
export interface AccountKey {
  /** The attribute that must be equal to the value, letter case aside. */
  readonly by: 'userPrincipalName' | 'sAMAccountName' | 'sid'
  /** The name or SID; it is escaped before it reaches a filter. */
  readonly value: string
}

/** One account as the directory has it. Whether it may be used is the caller's decision. */
export interface DirectoryAccount {
  /** Where it is, RFC 4514. */
  readonly distinguishedName: string
  /** Its plain Kerberos name in `realm`. */
  readonly sAMAccountName: string
  /** Its userPrincipalName, where one is set. */
  readonly userPrincipalName?: string
  /** Its objectSid, `S-1-5-21-…`: equal to the SID in every PAC of this account. */
  readonly sid: string
  /** The Kerberos realm of its domain, in capitals. */
  readonly realm: string
  /** False when ACCOUNTDISABLE is set. */
  readonly enabled: boolean
  /** True when NOT_DELEGATED is set: "sensitive and cannot be delegated". */
  readonly sensitive: boolean
  /** True for members of Protected Users, nested groups and the primary group included. */
  readonly protectedUser: boolean
  /**
   * Every group it is in, nested ones and the primary group included, each in up to three spellings: SID,
   * sAMAccountName and distinguished name. Names are compared without regard to letter case. A group of another domain
   * has its SID alone.
   */
  readonly memberOf: readonly string[]
}

/** A source of accounts. */
export interface AccountDirectory {
  /**
   * Finds the one account with this key.
   *
   * @param key - Which account.
   * @param signal - Gives up waiting; a shared connection is not cut.
   * @returns The account, as it is now.
   * @throws DirectoryError with ERR_DIRECTORY_NOT_FOUND, ERR_DIRECTORY_AMBIGUOUS, ERR_DIRECTORY_UNREACHABLE,
   *   ERR_DIRECTORY_REFUSED or ERR_DIRECTORY_REPLY.
   */
  findAccount(key: AccountKey, signal?: AbortSignal): Promise<DirectoryAccount>
}
