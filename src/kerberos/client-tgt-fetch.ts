/**
 * Where our ticket-granting ticket comes from: an AS exchange with our keys, or a credential cache.
 *
 * @module
 */

import { errorCode, errorText, type Logger } from '../platform/index.ts'
import { drive, driveElsewhere } from './client-drive.ts'
import { ofWritableController, othersMayLetUsIn, ReadOnlyTicket } from './client-elsewhere.ts'
import type { OwnIdentity } from './client-identity.ts'
import type { ArmorSource, KdcTransport } from './client-options.ts'
import type { FetchedTgt, TgtPorts, WantedTgt } from './client-tgt.ts'
import { KerberosError } from './errors.ts'
import {
  asExchange,
  renewExchange,
  type Exchange,
  type ExchangePorts,
  type ServiceTicket,
} from './exchange/index.ts'
import { TicketFlag } from './iana/index.ts'
import { formatPrincipal } from './messages/index.ts'

/** What tickets are got with. */
export interface TgtAccess {
  /** Whose. */
  readonly own: OwnIdentity
  /** Reaches KDCs. */
  readonly transport: KdcTransport
  /** Time, chance and settings. */
  readonly ports: ExchangePorts
  /** Whose ticket armours AS exchanges; our own where absent. */
  readonly armor: ArmorSource | undefined
  /** Told when no armour is to be had. */
  readonly logger: Logger | undefined
}

/**
 * The ports of a TgtKeeper that lead to our identity.
 *
 * @param access - What tickets are got with.
 * @returns The ports.
 */
export function identityPorts(access: TgtAccess): Pick<TgtPorts, 'keys' | 'refreshKeys' | 'fetch'> {
  const { own } = access
  return {
    keys: () => own.present,
    refreshKeys: () => own.refreshWhenDue(),
    fetch: (wanted) => own.withPresentKeys(() => fetchTgt(access, wanted)),
  }
}

/** Another's ticket, or the one of ours that is to be replaced. Without armour things go on unless it is required. */
async function armorTicket(
  { armor, ports, logger }: TgtAccess,
  { held, signal }: WantedTgt,
): Promise<ServiceTicket | undefined> {
  if (armor === undefined) return knownToDo(held, ports) ? held : undefined
  if (ports.fast === 'off') return undefined
  try {
    return await armor.armorTicket(signal)
  } catch (error) {
    if (ports.fast === 'required' || signal.aborted) throw error
    const fields = { code: errorCode(error), reason: errorText(error) }
    logger?.warn('No ticket to armour the AS exchange with; it goes in the open.', fields)
    return undefined
  }
}

/** Our own ticket says whether its KDC armours; without its word nothing is tried that costs a request. */
function knownToDo(held: ServiceTicket | undefined, { fast }: ExchangePorts): boolean {
  return fast === 'required' || held?.fastAvailable === true
}

async function fetchTgt(access: TgtAccess, wanted: WantedTgt): Promise<FetchedTgt> {
  const { held, signal } = wanted
  const { own, transport, ports } = access
  const keys = own.present
  const { identity, ticket } = own
  const nowMs = (ports.clocks?.of(identity.realm) ?? ports.clock).nowMs()
  if (ticket === undefined) {
    const requester = { identity, keys: own, armor: await armorTicket(access, wanted) }
    const start = (): Exchange<ServiceTicket> => asExchange(requester, ports)
    return { tgt: await askAs(start, transport, wanted), keys }
  }
  if (held !== undefined) {
    const renewed = renewable(held, nowMs) && drive(renewExchange(held, ports), transport, signal)
    if (renewed === false) throw endsSoon(held)
    return { tgt: await renewed, keys }
  }
  if (ticket.endTimeMs <= nowMs) throw ended(ticket)
  return { tgt: ticket, keys }
}

/** A read-only controller's ticket is better than none. */
async function askAs(
  start: () => Exchange<ServiceTicket>,
  transport: KdcTransport,
  { writable, signal }: WantedTgt,
): Promise<ServiceTicket> {
  const choosy = writable ? () => ofWritableController(start()) : start
  try {
    return await driveElsewhere(choosy, { transport, worthTrying: othersMayLetUsIn }, signal)
  } catch (error) {
    if (error instanceof ReadOnlyTicket) return error.tgt
    throw error
  }
}

function renewable({ flags, renewTillMs = 0 }: ServiceTicket, nowMs: number): boolean {
  return (flags & TicketFlag.RENEWABLE) !== 0 && renewTillMs > nowMs
}

function ended(tgt: ServiceTicket): KerberosError {
  return expired(tgt, 'ended')
}

function endsSoon(tgt: ServiceTicket): KerberosError {
  return expired(tgt, 'cannot be renewed and ends')
}

function expired({ client, clientRealm, endTimeMs }: ServiceTicket, how: string): KerberosError {
  const name = formatPrincipal(client, clientRealm)
  const when = new Date(endTimeMs).toISOString()
  return new KerberosError(
    'ERR_KRB_TGT_EXPIRED',
    `the ticket-granting ticket of ${name} in the credential cache ${how} at ${when}`,
    { mend: `Run kinit ${name}, or give the account’s keytab instead of the credential cache.` },
  )
}
