/**
 * Tokens of many users from tickets at hand, kept as the connector keeps them: `many-users.ts USERS [evidence]`.
 *
 * Its first line says how much memory each user's ticket takes, a token having been made from it: "RESIDENT HEAP TICKET",
 * octets; TICKET of these are the ticket's own DER. With `evidence` each user's evidence ticket counts too; else all
 * share one. Then it makes tokens as it is told, each for another user, in no order.
 */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { DirectoryAccount } from '../../../src/directory/index.ts'
import type { Evidence, ServiceTicket } from '../../../src/kerberos/index.ts'
import type { Logger } from '../../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { resolveSsoLimits } from '../../../src/sso/index.ts'
import type { PreparedTicket, TicketWish } from '../../../src/sso/ticket-types.ts'
import { TicketKeeper } from '../../../src/sso/tickets.ts'
import { policyOf } from '../../support/sso/world.ts'
import { serveLoop } from './loop-server.ts'
import { madeUpTicket, SERVICE, SPN } from './setting.ts'

const DOMAIN_SID = 'S-1-5-21-1004336348-1177238915-682003330'
/** Users whose tickets are made at a time. */
const AT_ONCE = 100

const [, , count = '1', mode] = process.argv
const users = Number(count)

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
}

/** A ticket whose octets are its own, as those of a KDC's reply are. */
function ticketOf(user: string): ServiceTicket {
  const made = madeUpTicket(user, Date.now())
  return { ...made, ticket: new Uint8Array(made.ticket) }
}

function evidenceOf(user: string): Evidence {
  const groupSids = Array.from({ length: 30 }, (_, n) => `${DOMAIN_SID}-${2000 + n}`)
  return {
    ...ticketOf(user),
    ...{ forwardable: true, sid: `${DOMAIN_SID}-1100`, groupSids, accountName: user },
  }
}

const sharedEvidence = evidenceOf('alice')
const kerberos = {
  name: `CONN1$@${SERVICE.realm}`,
  impersonate: ({ name }: { readonly name: string }) =>
    Promise.resolve(mode === 'evidence' ? evidenceOf(name) : sharedEvidence),
  delegate: (evidence: Evidence) => Promise.resolve(ticketOf(evidence.accountName)),
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

function wishOf(number: number): TicketWish {
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
  const identity = { user: sid, account, s4uUser, cleared: new WeakSet(), freshUntilMs }
  return { identity, backend, spn: SPN, signedInMs: 0 }
}

function prepared(keeper: TicketKeeper, wish: TicketWish): PreparedTicket {
  const ticket = keeper.known(wish)
  if (ticket === undefined) throw new Error('a ticket is missing in the cache')
  return ticket
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What this process holds, octets: of the machine's memory, and of JavaScript's. */
function held(): { readonly resident: number; readonly heap: number } {
  collectGarbage()
  collectGarbage()
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const { heapUsed, external } = process.memoryUsage()
  return { resident: Number(resident) * 1024, heap: heapUsed + external }
}

const channelBinding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 1)])
const limits = resolveSsoLimits({ ticketCount: users + 1, ticketOctets: 2 ** 40 })
const ports = { kerberos, clock: systemClock, random: systemRandom, logger: quiet }
const keeper = new TicketKeeper({ ...ports, onRefused: () => undefined }, limits)
const wishes = Array.from({ length: users }, (_, number) => wishOf(number))
const order = Uint32Array.from(wishes, (_, at) => at)
for (let at = order.length - 1; at > 0; at -= 1) {
  const other = Math.floor(Math.random() * (at + 1))
  ;[order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0]
}

const before = held()
for (let from = 0; from < users; from += AT_ONCE) {
  const some = wishes.slice(from, from + AT_ONCE)
  for (const ticket of await Promise.all(some.map((wish) => keeper.obtain(wish)))) {
    ticket.initiator.createToken({ channelBinding })
  }
}
const after = held()
const each = (octets: number): number => Math.round(octets / users)
const { octets } = prepared(keeper, wishOf(0))
console.log(`${each(after.resident - before.resident)} ${each(after.heap - before.heap)} ${octets}`)

let next = 0
function make(): Uint8Array {
  const wish = wishes[order[next] ?? 0]
  next = next + 1 === users ? 0 : next + 1
  if (wish === undefined) throw new Error('a user is missing')
  return prepared(keeper, wish).initiator.createToken({ channelBinding }).token
}
await serveLoop({ one: () => make().length, token: () => Promise.resolve(make()) })
