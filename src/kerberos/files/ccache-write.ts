/**
 * Writes FILE credential caches of version 4. Octets, not disk; the format is in ccache-format.ts.
 *
 * @module
 */

import { NameType } from '../iana/index.ts'
import type { PrincipalName } from '../messages/index.ts'
import { CCACHE_MAGIC, KDC_OFFSET_TAG, SETTINGS_NAME, SETTINGS_REALM } from './ccache-format.ts'
import type { Ccache, CcacheCredential, CcacheSetting } from './ccache.ts'

const VERSION = 4

function uint16(value: number): Buffer {
  const octets = Buffer.alloc(2)
  octets.writeUInt16BE(value)
  return octets
}

/** Types may be negative; what does not fit into 16 bits with sign is left for uint16 to refuse. */
function asUint16(type: number): number {
  return type < 0 && type >= -0x8000 ? type + 0x10000 : type
}

function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}

function int32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeInt32BE(value)
  return octets
}

const seconds = (ms: number): Buffer => uint32(Math.floor(ms / 1000))

function data(octets: Uint8Array | string): Buffer {
  const value = Buffer.from(octets)
  return Buffer.concat([uint32(value.length), value])
}

function principal({ nameType, nameString }: PrincipalName, realm: string): Buffer {
  const texts = [realm, ...nameString].map((text) => data(text))
  return Buffer.concat([int32(nameType), uint32(nameString.length), ...texts])
}

function elements(list: readonly (readonly [number, Uint8Array])[]): Buffer {
  const each = list.flatMap(([type, octets]) => [uint16(type), data(octets)])
  return Buffer.concat([uint32(list.length), ...each])
}

function credential(entry: CcacheCredential): Buffer {
  return Buffer.concat([
    principal(entry.client, entry.clientRealm),
    principal(entry.server, entry.serverRealm),
    uint16(entry.sessionKey.etype),
    data(entry.sessionKey.value),
    seconds(entry.authTimeMs),
    seconds(entry.startTimeMs),
    seconds(entry.endTimeMs),
    seconds(entry.renewTillMs ?? 0),
    Uint8Array.of(entry.isUserToUser ? 1 : 0),
    uint32(entry.flags),
    elements(entry.addresses.map(({ addrType, address }) => [addrType, address])),
    elements(entry.authorizationData.map(({ adType, adData }) => [asUint16(adType), adData])),
    data(entry.ticket),
    data(entry.secondTicket),
  ])
}

function setting(ccache: Ccache, { key, principal: service, value }: CcacheSetting): Buffer {
  const name = service === undefined ? [SETTINGS_NAME, key] : [SETTINGS_NAME, key, service]
  return credential({
    client: ccache.principal,
    clientRealm: ccache.realm,
    server: { nameType: NameType.NT_UNKNOWN, nameString: name },
    serverRealm: SETTINGS_REALM,
    sessionKey: { etype: 0, value: new Uint8Array(0) },
    flags: 0,
    authTimeMs: 0,
    startTimeMs: 0,
    endTimeMs: 0,
    isUserToUser: false,
    addresses: [],
    authorizationData: [],
    ticket: value,
    secondTicket: new Uint8Array(0),
  })
}

function header(kdcOffsetUs: number | undefined): Buffer {
  if (kdcOffsetUs === undefined) return uint16(0)
  const offset = [int32(Math.trunc(kdcOffsetUs / 1_000_000)), int32(kdcOffsetUs % 1_000_000)]
  const field = Buffer.concat([uint16(KDC_OFFSET_TAG), uint16(8), ...offset])
  return Buffer.concat([uint16(field.length), field])
}

/**
 * Writes a credential cache, version 4.
 *
 * @param ccache - Times before 1970 or after 2106 do not fit; parts of a second are dropped.
 * @returns The whole file. It holds session keys: who reads it is who it names.
 * @throws RangeError where a number does not fit the format.
 */
export function encodeCcache(ccache: Ccache): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(CCACHE_MAGIC, VERSION),
    header(ccache.kdcOffsetUs),
    principal(ccache.principal, ccache.realm),
    ...ccache.settings.map((entry) => setting(ccache, entry)),
    ...ccache.credentials.map(credential),
  ])
}
