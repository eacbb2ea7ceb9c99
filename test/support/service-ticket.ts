/**
 * Makes a service ticket with the service's own key, so that acceptors can be tested without a KDC.
 *
 * @module
 */

import { encrypt, generateKey, type EncryptionKey } from '../../src/kerberos/crypto/index.ts'
import type { InitiatorTicket } from '../../src/kerberos/gss/index.ts'
import { KeyUsage } from '../../src/kerberos/iana/index.ts'
import {
  encodeEncTicketPart,
  encodeTicket,
  parsePrincipal,
  type AuthorizationData,
  type EncTicketPart,
} from '../../src/kerberos/messages/index.ts'
import type { Random } from '../../src/platform/index.ts'

/** What the ticket says. */
export interface ServiceTicketSettings {
  /** For instance `alice@CORP.EXAMPLE`. */
  readonly client: string
  /** For instance `HTTP/iwa.corp.example@CORP.EXAMPLE`. */
  readonly server: string
  /** The service's long-term key. */
  readonly serviceKey: EncryptionKey
  /** Its version. */
  readonly kvno: number
  /** Begins here and is valid for an hour, milliseconds since the epoch. */
  readonly startTimeMs: number
  /** For instance a PAC in AD-IF-RELEVANT. */
  readonly authorizationData?: AuthorizationData
  /** Whatever else it says otherwise. */
  readonly part?: Partial<EncTicketPart>
}

const HOUR_MS = 3_600_000

/**
 * Makes a ticket and its session key.
 *
 * @param settings - What it says.
 * @param random - Draws the session key.
 * @returns What an Initiator wants.
 */
export function makeServiceTicket(
  settings: ServiceTicketSettings,
  random: Random,
): InitiatorTicket {
  const { serviceKey, kvno, startTimeMs } = settings
  const client = parsePrincipal(settings.client)
  const server = parsePrincipal(settings.server)
  const [clientRealm = '', serverRealm = ''] = [client.realm, server.realm]
  const sessionKey = generateKey(serviceKey.etype, random)
  const encTicketPart = encodeEncTicketPart({
    flags: 0,
    key: sessionKey,
    crealm: clientRealm,
    cname: client.principal,
    transited: { trType: 1, contents: new Uint8Array(0) },
    authTimeMs: startTimeMs,
    startTimeMs,
    endTimeMs: startTimeMs + HOUR_MS,
    authorizationData: settings.authorizationData,
    ...settings.part,
  })
  const ticket = encodeTicket({
    realm: serverRealm,
    sname: server.principal,
    encPart: {
      etype: serviceKey.etype,
      kvno,
      cipher: encrypt(serviceKey, KeyUsage.TICKET, encTicketPart, random),
    },
  })
  return {
    client: client.principal,
    clientRealm,
    server: server.principal,
    serverRealm,
    ticket,
    sessionKey,
  }
}
