/** Any number of users, their tickets made up: what the benches of the ticket cache ask for. */
import type { DirectoryAccount } from '../../src/directory/index.ts'
import type { Evidence, ServiceTicket } from '../../src/kerberos/index.ts'
import type { Logger } from '../../src/platform/index.ts'
import type { TicketWish } from '../../src/sso/ticket-types.ts'
import { policyOf } from '../support/sso/world.ts'
import { madeUpTicket, SERVICE, SPN } from './kerberos/setting.ts'

const DOMAIN_SID = 'S-1-5-21-1004336348-1177238915-682003330'

/** Says nothing. */
export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
}

/** A ticket whose octets are its own, as those of a KDC's reply are. */
export function ticketOf(user: string): ServiceTicket {
  const made = madeUpTicket(user, Date.now())
  return { ...made, ticket: new Uint8Array(made.ticket) }
}

/** The evidence of a user in thirty groups. */
export function evidenceOf(user: string): Evidence {
  const groupSids = Array.from({ length: 30 }, (_, n) => `${DOMAIN_SID}-${2000 + n}`)
  return {
    ...ticketOf(user),
    ...{ forwardable: true, sid: `${DOMAIN_SID}-1100`, groupSids, accountName: user },
  }
}

const [backend] = policyOf([
  {
    origin: `https://${SERVICE.host}`,
    servicePrincipalName: SPN,
    preAuthentication: 'oidc',
    addresses: ['10.0.0.0/8'],
    tls: { verify: 'off' },
  },
]).backends

/** What a user's request asks the cache for. */
export function wishOf(number: number): TicketWish {
  if (backend === undefined) throw new Error('no backend in the policy')
  const name = `user${number}`
  const sid = `${DOMAIN_SID}-${10_000 + number}`
  const account: DirectoryAccount = {
    distinguishedName: `CN=${name},CN=Users,DC=corp,DC=example`,
    sAMAccountName: name,
    userPrincipalName: `${name}@corp.example`,
    ...{ sid, realm: SERVICE.realm, enabled: true, sensitive: false, protectedUser: false },
    memberOf: [],
  }
  const s4uUser = { name, realm: SERVICE.realm, sid }
  const freshUntilMs = Number.MAX_SAFE_INTEGER
  const identity = {
    ...{ user: sid, account, s4uUser, cleared: new WeakSet<object>() },
    ...{ lastTicketKey: undefined, freshUntilMs },
  }
  return { identity, backend, spn: SPN, signedInMs: 0 }
}
