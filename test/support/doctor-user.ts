/** A user as doctor's checks see one: well in every way, but for what a test changes. */

import type { DirectoryAccount } from '../../src/directory/index.ts'
import { planChecks, USER_CHECKS, userWorld, type UserPorts } from '../../src/doctor/index.ts'
import type { BackendAnswer } from '../../src/doctor/backend.ts'
import type { UserService } from '../../src/doctor/user/world.ts'
import { HeaderRoom } from '../../src/doctor/header-room.ts'
import {
  backendTarget,
  compilePolicy,
  policySchema,
  type IssuerPolicy,
} from '../../src/sso/index.ts'
import { answer, findingsOf, type Findings } from './doctor-findings.ts'
import { account } from './delegation-state.ts'
import { newWorld, REALM, SPN } from './kerberos-world.ts'
import type { Kind, Refusal } from './memory-kdc/index.ts'

/** Whom the checks look at. */
export const ALICE: DirectoryAccount = {
  distinguishedName: 'CN=alice,CN=Users,DC=corp,DC=example',
  sAMAccountName: 'alice',
  sid: 'S-1-5-21-1-2-3-1200',
  realm: REALM,
  enabled: true,
  sensitive: false,
  protectedUser: false,
  memberOf: [],
}

/** The row of an issuer that may assert alice. */
export const ISSUER: Readonly<Record<string, unknown>> = {
  issuer: 'https://idp.example',
  audience: 'sallyport',
  loginClaim: 'upn',
  keysFile: 'keys.json',
  upnSuffixes: ['corp.example'],
}

/** Issuers as a policy with these rows has them. */
export const issuersOf = (...rows: readonly object[]): readonly IssuerPolicy[] => {
  const file = policySchema.parse({ issuers: rows, backends: [] })
  return [...compilePolicy(file, () => '').issuers.values()]
}

const ORIGIN = 'http://iwa.corp.example'
/** A backend at which the policy acts for everybody. */
export const SERVICE: UserService = {
  ...{ origin: ORIGIN, spn: SPN },
  place: {
    target: backendTarget(
      new URL(ORIGIN),
      { tls: { verify: 'off' }, allowsAddress: () => true },
      { connectMs: 1, firstOctetMs: 1, idleMs: 1 },
    ),
    host: 'iwa.corp.example',
    path: '/',
  },
  mayImpersonate: () => undefined,
}

/** Behind Negotiate; what is in it, the token of the test judges. */
const PROOF = { 'www-authenticate': ['Negotiate AAAA'] }
/** A token whose Authorization field has so many octets. */
export const tokenOf = (
  octets: number,
  verify: () => void = () => undefined,
): Pick<UserPorts, 'tokens'> => ({
  tokens: () =>
    Promise.resolve(() => ({
      authorization: 'x'.repeat(octets - 'Authorization: '.length),
      verify,
    })),
})

/** A backend's room, and how often it was asked about it. */
export interface MeasuredRoom {
  readonly headerRoom: () => HeaderRoom
  readonly room: HeaderRoom
  readonly asked: () => number
}

/** A backend that takes fields up to a length. */
export const roomOf = (most: number, server = ''): MeasuredRoom => {
  let asked = 0
  const room = new HeaderRoom(({ fieldOctets = 0 }) => {
    asked += 1
    return Promise.resolve(answer(fieldOctets > most ? 431 : 401, { server: [server] }))
  })
  return { headerRoom: () => room, room, asked: () => asked }
}

/** What differs from a user for whom all is well. */
export interface UserSetting {
  readonly account?: Partial<DirectoryAccount>
  readonly settings?: Parameters<typeof account>[2]
  readonly connector?: string
  readonly refuse?: Partial<Record<Kind, Refusal>>
  readonly answer?: BackendAnswer
  readonly ports?: Partial<UserPorts>
}

/** Asks a KDC in memory. */
export async function look(
  setting: UserSetting = {},
): Promise<Findings & { readonly asked: number }> {
  const { clock, kdc, client } = newWorld()
  const { connector = 'CONN1$', refuse, answer: said = answer(200, PROOF) } = setting
  if (refuse) kdc.tricks = { refuse: (kind) => refuse[kind] }
  const tickets = client(connector)
  let asked = 0
  const world = userWorld({
    clock,
    login: 'alice',
    connector,
    realm: REALM,
    frontEnd: undefined,
    services: [SERVICE],
    issuers: issuersOf(ISSUER),
    loginKinds: ['userPrincipalName'],
    signIn: () => Promise.resolve(undefined),
    directory: () =>
      Promise.resolve({ findAccount: () => Promise.resolve({ ...ALICE, ...setting.account }) }),
    settings: ({ sAMAccountName }) =>
      Promise.resolve(account(sAMAccountName, 1200, setting.settings)),
    connectorSettings: () => Promise.resolve(account(connector, 1000)),
    tickets: () =>
      Promise.resolve({
        // This KDC has no directory behind it, so it tells no SIDs.
        impersonate: ({ name, realm }, signal) => tickets.impersonate({ name, realm }, signal),
        delegate: (evidence, spn, signal) => tickets.delegate(evidence, spn, signal),
        diagnose: (evidence, spn, signal) => tickets.diagnose(evidence, spn, signal),
      }),
    ...tokenOf(3000),
    headerRoom: roomOf(8190).headerRoom,
    ask: (_place, { authorize }) => {
      asked += 1
      authorize?.(undefined)
      return Promise.resolve(said)
    },
    ...setting.ports,
  })
  const plan = planChecks(USER_CHECKS, world, 'alice')
  return { ...(await findingsOf(plan, clock)), asked }
}
