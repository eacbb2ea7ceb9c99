/**
 * Tokens of many users from tickets at hand, kept as the connector keeps them: `many-users.ts USERS [evidence]`.
 *
 * Its first line says how much memory each user's ticket takes, a token having been made from it: "RESIDENT HEAP TICKET",
 * octets; TICKET of these are the ticket's own DER. With `evidence` each user's evidence ticket counts too; else all
 * share one. Then it makes tokens as it is told, each for another user, in no order.
 */
import { tuneHeap } from '../../../src/cli/service.ts'
import type { Evidence } from '../../../src/kerberos/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { resolveSsoLimits } from '../../../src/sso/index.ts'
import type { PreparedTicket, TicketWish } from '../../../src/sso/ticket-types.ts'
import { TicketKeeper } from '../../../src/sso/tickets.ts'
import { collectAndMeasure } from '../held-memory.ts'
import { evidenceOf, quiet, ticketOf, wishOf } from '../many-wishes.ts'
import { serveLoop } from './loop-server.ts'
import { SERVICE } from './setting.ts'

// As in the connector: V8 by itself would look through all these tickets after every 64 MiB of tokens.
tuneHeap()

/** Users whose tickets are made at a time. */
const AT_ONCE = 100

const [, , count = '1', mode] = process.argv
const users = Number(count)

const sharedEvidence = evidenceOf('alice')
const kerberos = {
  name: `CONN1$@${SERVICE.realm}`,
  impersonate: ({ name }: { readonly name: string }) =>
    Promise.resolve(mode === 'evidence' ? evidenceOf(name) : sharedEvidence),
  delegate: (evidence: Evidence) => Promise.resolve(ticketOf(evidence.accountName)),
}

function prepared(keeper: TicketKeeper, wish: TicketWish): PreparedTicket {
  const ticket = keeper.known(wish)
  if (ticket === undefined) throw new Error('a ticket is missing in the cache')
  return ticket
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

const before = collectAndMeasure()
for (let from = 0; from < users; from += AT_ONCE) {
  const some = wishes.slice(from, from + AT_ONCE)
  for (const ticket of await Promise.all(some.map((wish) => keeper.obtain(wish)))) {
    ticket.initiator.createToken({ channelBinding })
  }
}
const after = collectAndMeasure()
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
