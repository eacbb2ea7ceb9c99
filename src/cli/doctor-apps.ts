/**
 * What doctor looks at of each app: the policy, the backend, the connector's own tickets for it.
 *
 * @module
 */

import { firstPage, type AppListWorld, type AppWorld } from '../doctor/index.ts'
import { peekTls, timeTcp } from '../doctor/io/index.ts'
import { routeApp } from '../sso/index.ts'
import type { AppSettings } from '../tunnel/index.ts'
import { probeToken } from './doctor-token.ts'
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
    ask: (route, question, signal) => worlds.ask(firstPage(route), question, signal),
    headerRoom: () => worlds.headerRoom(firstPage(routeApp(policy, app))),
    ticket: async (spn, signal) => (await worlds.account())?.client.ownTicket(spn, signal),
    token: (ticket, channelBinding) => {
      const client = worlds.client()
      if (client === undefined) throw new TypeError('a ticket without a client')
      return probeToken(client, ticket, channelBinding)
    },
  }
}
