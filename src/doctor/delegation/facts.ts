/**
 * The facts of delegation, gathered through searches.
 *
 * @module
 */

import {
  AccountReader,
  DirectoryError,
  forestHolders,
  GroupReader,
  readDomainControllers,
  readDomainRoot,
  readSpnAliases,
  type DirectorySearch,
  type NamedAccount,
} from '../../directory/index.ts'
import type { Clock } from '../../platform/index.ts'
import type { DelegationFacts } from './state.ts'

/** What is searched. */
export interface FactPorts {
  readonly clock: Clock
  /** A controller of the domain. */
  readonly search: DirectorySearch
  /** A global catalog of the forest; absent: the forest is not looked through. */
  readonly catalog?: DirectorySearch | undefined
}

/**
 * Asks for what every question needs: controllers and aliases.
 *
 * @param ports - What is searched.
 * @param signal - Gives up waiting.
 * @returns The facts.
 * @throws DirectoryError as a search of the domain does.
 */
export async function gatherFacts(
  ports: FactPorts,
  signal?: AbortSignal,
): Promise<DelegationFacts> {
  const { clock, search, catalog } = ports
  const root = await readDomainRoot(search, signal)
  const groups = new GroupReader(search, clock)
  const whole = catalog && throughForest(catalog)
  return {
    accounts: new AccountReader(search),
    groupsOf: (account, stop) => groups.sidsOf(account, stop),
    aliases: await readSpnAliases(search, root, signal),
    controllers: await readDomainControllers(search, root, signal),
    ...(whole && { forestHolders: whole }),
  }
}

/** A forest without a reachable catalog is not looked through, and asked for once only. */
function throughForest(catalog: DirectorySearch): NonNullable<DelegationFacts['forestHolders']> {
  let reachable = true
  return async (spn, signal): Promise<readonly NamedAccount[]> => {
    if (!reachable) return []
    try {
      return await forestHolders(catalog, spn, signal)
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error
      reachable = false
      return []
    }
  }
}
