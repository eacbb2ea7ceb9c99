/** Pictures of delegation for tests, built as the directory would tell them. */

import {
  accountSettings,
  actingSids,
  actingVerdict,
  encodeSecurityDescriptor,
  encodeSid,
  EVERYONES_SIDS,
  type AccountSettings,
  type Ace,
} from '../../src/directory/index.ts'
import type { DelegationState, ServiceState } from '../../src/doctor/delegation/state.ts'

/** What differs from an ordinary account. */
export interface AccountDifference {
  readonly control?: number
  readonly spns?: readonly string[]
  readonly list?: readonly string[]
  /** Entries of its own list of who may act; or octets as they are. */
  readonly acting?: readonly Ace[] | Uint8Array
  readonly etypes?: number
  readonly more?: Readonly<Record<string, string>>
}

const FLAGS = { computer: 0x1000, user: 0x200 } as const

/** A computer's account where the name ends in $, else a user's. */
export function account(
  name: string,
  rid: number,
  difference: AccountDifference = {},
): AccountSettings {
  const { control = 0, spns = [], list = [], acting, etypes = 24, more = {} } = difference
  const kind = name.endsWith('$') ? 'computer' : 'user'
  const folder = kind === 'computer' ? 'Computers' : 'Users'
  const text = {
    sAMAccountName: [name],
    objectClass: ['top', 'user', kind],
    userAccountControl: [String(FLAGS[kind] + control)],
    servicePrincipalName: spns,
    'msDS-AllowedToDelegateTo': list,
    'msDS-SupportedEncryptionTypes': [String(etypes)],
    ...Object.fromEntries(Object.entries(more).map(([key, value]) => [key, [value]])),
  }
  return accountSettings({
    distinguishedName: `CN=${name.replace(/\$$/, '')},CN=${folder},DC=corp,DC=example`,
    text: new Map(Object.entries(text).map(([key, values]) => [key.toLowerCase(), values])),
    binary: new Map([
      ['objectsid', [encodeSid(`S-1-5-21-1-2-3-${rid}`)]],
      ...(acting === undefined ? [] : [descriptorOf(acting)]),
    ]),
  })
}

function descriptorOf(
  acting: readonly Ace[] | Uint8Array,
): readonly [string, readonly Uint8Array[]] {
  const octets =
    acting instanceof Uint8Array
      ? acting
      : encodeSecurityDescriptor({ control: 0x8004, dacl: { revision: 4, aces: acting } })
  return ['msds-allowedtoactonbehalfofotheridentity', [octets]]
}

export const TO_AUTH = 0x1000000
export const UNCONSTRAINED = 0x80000

/** A service with the accounts that have its name. */
export function service(
  connector: AccountSettings,
  spn: string,
  exact: readonly AccountSettings[],
): ServiceState {
  const [only] = exact.length === 1 ? exact : []
  const descriptor = only?.acting.is === 'read' ? only.acting.descriptor : undefined
  return {
    spn,
    origins: ['http://somewhere'],
    holders: { exact, byAlias: [] },
    elsewhere: [],
    ...(only && { account: only }),
    candidates: [],
    classic: connector.allowedToDelegateTo.includes(spn),
    acting: actingVerdict(descriptor, new Set([connector.sid, ...EVERYONES_SIDS])),
    othersClassic: [],
    mayAct: actingSids(descriptor).map((sid) => ({ sid })),
  }
}

/** A picture of a Samba domain that does RBCD. */
export function delegationState(
  connector: AccountSettings,
  services: readonly ServiceState[],
  difference: Partial<DelegationState> = {},
): DelegationState {
  const wanted = services.map(({ spn }) => spn)
  return {
    connector,
    connectorSids: [connector.sid, ...EVERYONES_SIDS],
    rbcd: { possible: true, wantsProtocolTransition: true, why: 'domain controllers run Samba' },
    services,
    unlisted: connector.allowedToDelegateTo.filter((listed) => !wanted.includes(listed)),
    actingElsewhere: [],
    ...difference,
  }
}
