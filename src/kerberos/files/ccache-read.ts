/**
 * Reads FILE credential caches of versions 3 and 4. Octets, not disk; the format is in ccache-format.ts.
 *
 * @module
 */

import { needOctets } from '../../platform/index.ts'
import type { EncryptionKey } from '../crypto/index.ts'
import type { AuthorizationData, HostAddress, PrincipalName } from '../messages/index.ts'
import {
  CCACHE_MAGIC,
  ccacheError,
  KDC_OFFSET_TAG,
  REMOVED_SETTINGS_REALM,
  SETTINGS_NAME,
  SETTINGS_REALM,
} from './ccache-format.ts'
import type { Ccache, CcacheCredential, CcacheSetting } from './ccache.ts'
import { OctetReader } from './octet-reader.ts'

/** How much a credential cache may hold. */
export interface CcacheLimits {
  /** Largest file, octets. Default 4 MiB: some thousand tickets. */
  readonly maxOctets?: number | undefined
}

const DEFAULT_MAX_OCTETS = 4_194_304

/** More components than any principal has. */
const MAX_COMPONENTS = 32
/** Octets of the smallest address or authorization-data element. */
const LEAST_ELEMENT_OCTETS = 6

interface Named {
  readonly name: PrincipalName
  readonly realm: string
}

function readPrincipal(reader: OctetReader, what: string): Named {
  const nameType = reader.int32(`the name type of ${what}`)
  const at = reader.at
  const count = reader.uint32(`the count of components of ${what}`)
  if (count < 1 || count > MAX_COMPONENTS) {
    throw ccacheError(`${what} has ${count} components`, at)
  }
  const realm = reader.longText(`the realm of ${what}`)
  const nameString = Array.from({ length: count }, () => reader.longText(`a component of ${what}`))
  return { name: { nameType, nameString }, realm }
}

function readKey(reader: OctetReader, version: number): EncryptionKey {
  const at = reader.at
  const etype = reader.uint16('the key type')
  if (version === 3 && reader.uint16('the key type') !== etype) {
    throw ccacheError('two different types of one key', at)
  }
  return { etype, value: reader.longOctets('the key') }
}

function readElements<T>(
  reader: OctetReader,
  what: string,
  make: (type: number, octets: Uint8Array) => T,
): readonly T[] {
  const at = reader.at
  const count = reader.uint32(`the count of ${what}`)
  if (count * LEAST_ELEMENT_OCTETS > reader.left) throw ccacheError(`${count} ${what}`, at)
  return Array.from({ length: count }, () => make(reader.uint16(what), reader.longOctets(what)))
}

const toAddress = (addrType: number, address: Uint8Array): HostAddress => ({ addrType, address })

/** Types may be negative, for local use (RFC 4120 section 7.5.4); MIT's library extends the sign too. */
const toAuthorizationData = (type: number, adData: Uint8Array): AuthorizationData[number] => ({
  adType: (type << 16) >> 16,
  adData,
})

function readTimes(reader: OctetReader): {
  readonly authTimeMs: number
  readonly startTimeMs: number
  readonly endTimeMs: number
  readonly renewTillMs?: number
} {
  const authTimeMs = reader.uint32('a time') * 1000
  const startTimeMs = reader.uint32('a time') * 1000
  const endTimeMs = reader.uint32('a time') * 1000
  const renewTillMs = reader.uint32('a time') * 1000
  return {
    authTimeMs,
    // Absent means that it is valid from the authentication on (RFC 4120 section 5.3).
    startTimeMs: startTimeMs === 0 ? authTimeMs : startTimeMs,
    endTimeMs,
    ...(renewTillMs === 0 ? {} : { renewTillMs }),
  }
}

function readFlag(reader: OctetReader): boolean {
  const at = reader.at
  const flag = reader.uint8('is-skey')
  if (flag > 1) throw ccacheError(`is-skey is ${flag}, not 0 or 1`, at)
  return flag === 1
}

function readCredential(reader: OctetReader, version: number): CcacheCredential {
  const client = readPrincipal(reader, 'the client')
  const server = readPrincipal(reader, 'the service')
  return {
    client: client.name,
    clientRealm: client.realm,
    server: server.name,
    serverRealm: server.realm,
    sessionKey: readKey(reader, version),
    ...readTimes(reader),
    isUserToUser: readFlag(reader),
    flags: reader.uint32('the ticket flags'),
    addresses: readElements(reader, 'addresses', toAddress),
    authorizationData: readElements(reader, 'authorization data', toAuthorizationData),
    ticket: reader.longOctets('the ticket'),
    secondTicket: reader.longOctets('the second ticket'),
  }
}

function toSetting(credential: CcacheCredential, at: number): CcacheSetting {
  const [name, key, principal, ...more] = credential.server.nameString
  if (name !== SETTINGS_NAME || key === undefined || more.length > 0) {
    throw ccacheError('a setting with another name', at)
  }
  return { key, value: credential.ticket, ...(principal === undefined ? {} : { principal }) }
}

/** MIT's library removes an entry by writing over its times or realm. */
function isRemoved({ serverRealm, endTimeMs, authTimeMs }: CcacheCredential): boolean {
  return serverRealm === REMOVED_SETTINGS_REALM || (endTimeMs === 0 && authTimeMs !== 0)
}

function readVersion(reader: OctetReader): number {
  const magic = reader.uint8('the file version')
  const version = reader.uint8('the file version')
  if (magic === CCACHE_MAGIC && (version === 3 || version === 4)) return version
  const known = magic === CCACHE_MAGIC && (version === 1 || version === 2)
  const what = known
    ? `version ${version} depends on the machine and is not read`
    : 'starts with neither 0x0503 nor 0x0504'
  throw ccacheError(what, 0)
}

/** The header of version 4; fields that nobody has defined are passed over. */
function readHeader(octets: Uint8Array, file: OctetReader): number | undefined {
  const length = file.uint16('the length of the header')
  const at = file.at
  file.take(length, 'the header')
  const header = new OctetReader(octets, { at, end: file.at }, ccacheError)
  let kdcOffsetUs: number | undefined
  while (header.left > 0) {
    const tag = header.uint16('a header field')
    const size = header.uint16('a header field')
    if (tag !== KDC_OFFSET_TAG) {
      header.take(size, 'a header field')
      continue
    }
    if (size !== 8) throw ccacheError('the KDC’s time offset has not 8 octets', header.at)
    const seconds = header.int32('the KDC’s time offset')
    kdcOffsetUs = seconds * 1_000_000 + header.int32('the KDC’s time offset')
  }
  return kdcOffsetUs
}

/**
 * Reads a credential cache. Entries that MIT's library marked as removed are left out.
 *
 * @param octets - The whole file, of version 3 or 4.
 * @param limits - How much is read at most.
 * @returns Tickets with keys of any type, and settings.
 * @throws KerberosError ERR_KRB_CCACHE with the offset where the file is not a credential cache.
 */
export function decodeCcache(octets: Uint8Array, limits: CcacheLimits = {}): Ccache {
  needOctets('octets', octets)
  const most = limits.maxOctets ?? DEFAULT_MAX_OCTETS
  if (octets.length > most) {
    throw ccacheError(`${octets.length} octets, at most ${most} are read`, most)
  }
  const file = new OctetReader(octets, { at: 0, end: octets.length }, ccacheError)
  const version = readVersion(file)
  const kdcOffsetUs = version === 4 ? readHeader(octets, file) : undefined
  const { name, realm } = readPrincipal(file, 'the principal')
  const credentials: CcacheCredential[] = []
  const settings: CcacheSetting[] = []
  while (file.left > 0) {
    const at = file.at
    const credential = readCredential(file, version)
    if (isRemoved(credential)) continue
    if (credential.serverRealm === SETTINGS_REALM) settings.push(toSetting(credential, at))
    else credentials.push(credential)
  }
  const offset = kdcOffsetUs === undefined ? {} : { kdcOffsetUs }
  return { principal: name, realm, ...offset, credentials, settings }
}
