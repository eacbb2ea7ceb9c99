/**
 * What doctor looks at of each app: the policy, the backend, the connector's own tickets for it.
 *
 * @module
 */

import type { AppListWorld, AppWorld, ProbeToken } from '../doctor/index.ts'
import { backendProbe, peekTls, timeTcp } from '../doctor/io/index.ts'
import {
  formatNegotiate,
  Initiator,
  type KerberosClient,
  type ServiceTicket,
} from '../kerberos/index.ts'
import { systemRandom } from '../platform/io/index.ts'
import { routeApp } from '../sso/index.ts'
import type { AppSettings } from '../tunnel/index.ts'
import type { DoctorWorlds } from './doctor-world.ts'

/**
 * The apps that the gateway tells.
 *
 * @param worlds - What is looked at.
 * @param asked - Ids that were asked about; none: all.
 * @returns For the check of the list.
 */
export function appListWorld({ tunnel }: DoctorWorlds, asked: readonly string[]): AppListWorld {
  return {
    asked,
    told: async () => (await tunnel.ask()).apps,
    group: async () => (await tunnel.registration()).group,
  }
}

/**
 * One app.
 *
 * @param worlds - What is looked at.
 * @param app - As the gateway told it.
 * @returns For the checks of an app.
 */
export function appWorld(worlds: DoctorWorlds, app: AppSettings): AppWorld {
  const { sources, resolve, names, tunnel } = worlds
  const { policy } = sources
  return {
    app,
    nowMs: tunnel.nowMs,
    route: () => routeApp(policy, app),
    rows: policy.backends.map(({ row }) => row),
    issuers: [...policy.issuers.values()],
    addresses: resolve,
    aliasOf: (host) => names.aliasOf(host),
    connect: (host, port, signal) => timeTcp({ host, port }, signal),
    peek: (place, signal) => peekTls(place, signal),
    ask: backendProbe(resolve),
    ticket: async (spn, signal) => (await worlds.account())?.client.ownTicket(spn, signal),
    token: (ticket, channelBinding) => probeToken(worlds.client(), ticket, channelBinding),
  }
}

function probeToken(
  client: KerberosClient | undefined,
  ticket: ServiceTicket,
  channelBinding: Uint8Array | undefined,
): ProbeToken {
  if (client === undefined) throw new TypeError('a ticket without a client')
  const ports = { clock: client.tokenClock(ticket.serverRealm), random: systemRandom }
  const options = channelBinding === undefined ? {} : { channelBinding }
  const made = new Initiator(ticket, ports).createToken(options)
  return {
    authorization: formatNegotiate(made.token),
    verify: (reply) => {
      made.verifyReply(reply)
    },
  }
}
