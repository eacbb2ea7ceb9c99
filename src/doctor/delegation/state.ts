/**
 * Who may delegate to what, as it is: the connector's account, and every service of the policy with whoever may delegate to it.
 *
 * @module
 */

import {
  actingSids,
  actingVerdict,
  EVERYONES_SIDS,
  sameSpn,
  withoutRealm,
  type AccountReader,
  type AccountSettings,
  type ActingVerdict,
  type DomainController,
  type NamedAccount,
  type SpnAliases,
  type SpnHolders,
} from '../../directory/index.ts'
import { rbcdSupport, type RbcdSupport } from './rbcd-support.ts'

/** What is asked of a directory. */
export interface DelegationFacts {
  readonly accounts: AccountReader
  /** SIDs of all groups of an account. */
  groupsOf(account: AccountSettings, signal?: AbortSignal): Promise<readonly string[]>
  /** Classes that stand for others. */
  readonly aliases: SpnAliases
  readonly controllers: readonly DomainController[]
  /** Who has a name in the whole forest; undefined where no global catalog answers. */
  readonly forestHolders?: (spn: string, signal?: AbortSignal) => Promise<readonly NamedAccount[]>
}

/** What is wanted: services of the policy with the origins they are for. */
export interface WantedService {
  /** Without realm. */
  readonly spn: string
  readonly origins: readonly string[]
}

/** Somebody who may act towards a service by its descriptor. */
export interface ActingPrincipal {
  readonly sid: string
  /** Absent: the domain does not know it. */
  readonly name?: string
}

/** One service of the policy. */
export interface ServiceState extends WantedService {
  readonly holders: SpnHolders
  /** Who has the name in other domains of the forest. */
  readonly elsewhere: readonly NamedAccount[]
  /** The account that the KDC finds for the name; absent when there is none or several. */
  readonly account?: AccountSettings
  /** Where nobody has the name: accounts that it may have been meant for. */
  readonly candidates: readonly AccountSettings[]
  /** Whether the connector's classic list has it. */
  readonly classic: boolean
  /** What a KDC makes of the descriptor of the service's account for the connector. */
  readonly acting: ActingVerdict
  /** Others whose classic list has it. */
  readonly othersClassic: readonly string[]
  /** All whom the descriptor names. */
  readonly mayAct: readonly ActingPrincipal[]
}

/** The whole picture. */
export interface DelegationState {
  readonly connector: AccountSettings
  /** Its SID, its groups', and those everyone has. */
  readonly connectorSids: readonly string[]
  /** What KDCs of this domain make of RBCD. */
  readonly rbcd: RbcdSupport
  readonly services: readonly ServiceState[]
  /** Services on the connector's classic list that the policy does not name. */
  readonly unlisted: readonly string[]
  /** Accounts that let the connector act and have no service of the policy. */
  readonly actingElsewhere: readonly AccountSettings[]
}

/**
 * Reads the whole picture.
 *
 * @param facts - The directory.
 * @param connector - The connector's account.
 * @param question - The policy's services and who gives up waiting.
 * @param question.services - What the policy wants.
 * @param question.signal - Gives up waiting.
 * @returns The picture, as it is now.
 * @throws DirectoryError as a search does.
 */
export async function readDelegationState(
  facts: DelegationFacts,
  connector: AccountSettings,
  question: { readonly services: readonly WantedService[]; readonly signal?: AbortSignal },
): Promise<DelegationState> {
  const { services: wanted, signal } = question
  const groups = await facts.groupsOf(connector, signal)
  const connectorSids = [connector.sid, ...groups, ...EVERYONES_SIDS]
  const services: ServiceState[] = []
  for (const service of wanted) {
    services.push(await serviceState(facts, { connector, connectorSids, service }, signal))
  }
  const named = new Set(services.map(({ account }) => account?.sid))
  const lettingAct = await facts.accounts.lettingOthersAct(signal)
  return {
    connector,
    connectorSids,
    rbcd: rbcdSupport(facts.controllers),
    services,
    unlisted: connector.allowedToDelegateTo.filter(
      (listed) => !wanted.some(({ spn }) => sameSpn(listed, spn)),
    ),
    actingElsewhere: lettingAct.filter(
      (account) => !named.has(account.sid) && namesConnector(account, connector),
    ),
  }
}

interface ServiceQuestion {
  readonly connector: AccountSettings
  readonly connectorSids: readonly string[]
  readonly service: WantedService
}

async function serviceState(
  { accounts, aliases, forestHolders }: DelegationFacts,
  { connector, connectorSids, service }: ServiceQuestion,
  signal?: AbortSignal,
): Promise<ServiceState> {
  const holders = await accounts.holders(service.spn, aliases, signal)
  const found = holders.exact.length > 0 ? holders.exact : holders.byAlias
  const account = found.length === 1 ? found[0] : undefined
  const delegating = await accounts.delegatingTo(service.spn, signal)
  const own = new Set(found.map(({ distinguishedName }) => distinguishedName.toLowerCase()))
  const forest = (await forestHolders?.(service.spn, signal)) ?? []
  const descriptor = account?.acting.is === 'read' ? account.acting.descriptor : undefined
  return {
    ...service,
    holders,
    elsewhere: forest.filter(({ distinguishedName: dn }) => !own.has(dn.toLowerCase())),
    ...(account && { account }),
    candidates: found.length === 0 ? await accounts.meantFor(service.spn, signal) : [],
    classic: connector.allowedToDelegateTo.some((listed) => sameSpn(listed, service.spn)),
    acting: actingVerdict(descriptor, new Set(connectorSids)),
    othersClassic: delegating
      .filter(({ sid }) => sid !== connector.sid)
      .map(({ sAMAccountName }) => sAMAccountName),
    mayAct: await namedPrincipals(accounts, actingSids(descriptor), signal),
  }
}

async function namedPrincipals(
  accounts: AccountReader,
  sids: readonly string[],
  signal?: AbortSignal,
): Promise<readonly ActingPrincipal[]> {
  if (sids.length === 0) return []
  const names = await accounts.names(sids, signal)
  return sids.map((sid) => {
    const name = WELL_KNOWN[sid] ?? names.get(sid)?.sAMAccountName
    return name === undefined ? { sid } : { sid, name }
  })
}

const WELL_KNOWN: Readonly<Record<string, string>> = {
  'S-1-1-0': 'Everyone',
  'S-1-5-11': 'Authenticated Users',
}

/** By its own SID: an entry for one of its groups is not its own to be taken away. */
function namesConnector({ acting }: AccountSettings, { sid }: AccountSettings): boolean {
  return acting.is === 'read' && actingSids(acting.descriptor).includes(sid)
}

/**
 * The services of a policy, each once.
 *
 * @param backends - Rows of policy.yaml.
 * @returns SPNs without realm with their origins, in the policy's order.
 */
export function wantedServices(
  backends: readonly {
    readonly origin: string
    readonly servicePrincipalName?: string | undefined
  }[],
): readonly WantedService[] {
  const services: { spn: string; origins: string[] }[] = []
  for (const { origin, servicePrincipalName } of backends) {
    if (servicePrincipalName === undefined) continue
    const spn = withoutRealm(servicePrincipalName)
    const known = services.find((service) => sameSpn(service.spn, spn))
    if (known === undefined) services.push({ spn, origins: [origin] })
    else if (!known.origins.includes(origin)) known.origins.push(origin)
  }
  return services
}
