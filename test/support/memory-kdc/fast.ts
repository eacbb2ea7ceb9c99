/** FAST as a KDC does it (RFC 6113 sections 5.4.2 to 5.4.6): armour taken off requests and put on answers. */

import {
  checksum,
  checksumTypeOf,
  combineKeys,
  encrypt,
  generateKey,
  verifyChecksum,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import { KeyUsage, KrbErrorCode as Krb, PaType } from '../../../src/kerberos/iana/index.ts'
import {
  decodeApReq,
  decodeAuthenticator,
  decodeEncryptedData,
  decodeEncTicketPart,
  decodeKrbFastReq,
  decodePaEncTsEnc,
  decodePaFxFastRequest,
  decodeTicket,
  encodeEncryptedData,
  encodeKrbError,
  encodeKrbFastResponse,
  encodeMethodData,
  encodePaEncTsEnc,
  encodePaFxFastReply,
  findPaData,
  type DecodedKdcReq,
  type KrbError,
  type KrbFastResponse,
  type PaData,
} from '../../../src/kerberos/messages/index.ts'
import type { Clock, Random } from '../../../src/platform/index.ts'
import { opened, Refused } from './requests.ts'
import type { Tricks } from './tricks.ts'

/** What the KDC gives back with PA-FX-COOKIE, and wants to see again. */
const COOKIE = new TextEncoder().encode('half a biscuit')

/** The armour of one request. */
export interface KdcArmor {
  readonly key: EncryptionKey
  /** Out of PA-TGS-REQ: the reply's key. */
  readonly subkey?: EncryptionKey | undefined
}

interface Proof {
  readonly key: EncryptionKey
  readonly subkey: EncryptionKey
}

/** Session key and subkey of an AP-REQ with one of our ticket-granting tickets. */
function openProof(
  apReq: Uint8Array,
  usage: number,
  keyOf: (realm: string) => EncryptionKey,
): Proof {
  const { ticket, authenticator } = decodeApReq(apReq)
  const { realm, encPart } = decodeTicket(ticket)
  const { key } = decodeEncTicketPart(opened(keyOf(realm), [KeyUsage.TICKET, encPart.cipher], 31))
  const { subkey } = decodeAuthenticator(opened(key, [usage, authenticator.cipher], 31))
  if (subkey === undefined) throw new Refused({ code: Krb.KDC_ERR_POLICY })
  return { key, subkey }
}

/** The request inside its armour; the request itself where it has none. */
export function withoutArmor(
  outer: DecodedKdcReq,
  keyOf: (realm: string) => EncryptionKey,
): { readonly request: DecodedKdcReq; readonly armor?: KdcArmor } {
  const value = findPaData(outer.padata, PaType.PA_FX_FAST)
  if (value === undefined) return { request: outer }
  const { armor: given, reqChecksum, encFastReq } = decodePaFxFastRequest(value)
  const paTgs = findPaData(outer.padata, PaType.PA_TGS_REQ)
  const { key: sessionKey, subkey } =
    paTgs === undefined
      ? openProof(given?.armorValue ?? new Uint8Array(0), KeyUsage.AP_REQ_AUTHENTICATOR, keyOf)
      : openProof(paTgs, KeyUsage.TGS_REQ_AUTHENTICATOR, keyOf)
  const key = combineKeys(
    { key: subkey, pepper: 'subkeyarmor' },
    { key: sessionKey, pepper: 'ticketarmor' },
  )
  const { cksumtype, checksum: mac } = reqChecksum
  const covered = paTgs ?? outer.reqBody
  if (!verifyChecksum(key, KeyUsage.FAST_REQ_CHKSUM, cksumtype, covered, mac)) {
    throw new Refused({ code: Krb.KRB_AP_ERR_MODIFIED })
  }
  const inner = decodeKrbFastReq(opened(key, [KeyUsage.FAST_ENC, encFastReq.cipher], 31))
  const proof = (outer.padata ?? []).filter((piece) => piece.padataType === PaType.PA_TGS_REQ)
  const request = { ...outer, padata: [...proof, ...inner.padata], body: inner.body }
  return { request, armor: { key, ...(paTgs && { subkey }) } }
}

/** What armour is put on with. */
export interface ArmorPorts {
  readonly clock: Clock
  readonly random: Random
  readonly tricks: Tricks
}

function armored(response: KrbFastResponse, armor: KdcArmor, ports: ArmorPorts): PaData {
  const told = ports.tricks.fast?.(response, armor.key) ?? response
  const cipher = encrypt(armor.key, KeyUsage.FAST_REP, encodeKrbFastResponse(told), ports.random)
  const padataValue = encodePaFxFastReply({ etype: armor.key.etype, cipher })
  return { padataType: PaType.PA_FX_FAST, padataValue }
}

/** The padata of an armoured reply. */
export function armoredReply(
  wanted: Pick<KrbFastResponse, 'padata' | 'nonce' | 'strengthenKey'> & {
    readonly ticket: Uint8Array
    readonly client: Pick<KrbError, 'crealm' | 'cname'>
  },
  armor: KdcArmor,
  ports: ArmorPorts,
): readonly PaData[] {
  const { padata, nonce, strengthenKey, ticket, client } = wanted
  const { crealm = '', cname = { nameType: 0, nameString: ['?'] } } = client
  const ticketChecksum = {
    cksumtype: checksumTypeOf(armor.key.etype),
    checksum: checksum(armor.key, KeyUsage.FAST_FINISHED, ticket),
  }
  const timestampMs = Math.floor(ports.clock.nowMs() / 1000) * 1000
  const finished = { timestampMs, usec: 0, crealm, cname, ticketChecksum }
  return [armored({ padata, strengthenKey, nonce, finished }, armor, ports)]
}

/** A strengthen-key, and what it makes of the reply's key. */
export function strengthen(
  replyKey: EncryptionKey,
  random: Random,
): { readonly strengthenKey: EncryptionKey; readonly key: EncryptionKey } {
  const strengthenKey = generateKey(replyKey.etype, random)
  const key = combineKeys(
    { key: strengthenKey, pepper: 'strengthenkey' },
    { key: replyKey, pepper: 'replykey' },
  )
  return { strengthenKey, key }
}

/** e-data of an armoured refusal: the error without e-data, and the methods beside it. */
export function armoredError(
  error: KrbError,
  { nonce, methods }: { readonly nonce: number; readonly methods: readonly PaData[] },
  { armor, ports }: { readonly armor: KdcArmor; readonly ports: ArmorPorts },
): Uint8Array {
  const bare = encodeKrbError({ ...error, eData: undefined })
  const padata = [...methods, { padataType: PaType.PA_FX_ERROR, padataValue: bare }]
  return encodeMethodData([armored({ padata, nonce }, armor, ports)])
}

/** What a KDC that armours names besides ETYPE-INFO2. */
export function fastMethods(armorOnly: boolean): readonly PaData[] {
  const none = new Uint8Array(0)
  const types = [PaType.PA_FX_FAST, PaType.PA_ENCRYPTED_CHALLENGE]
  return [
    ...(armorOnly ? types : [...types, PaType.PA_ENC_TIMESTAMP]).map((padataType) => ({
      padataType,
      padataValue: none,
    })),
    { padataType: PaType.PA_FX_COOKIE, padataValue: COOKIE },
  ]
}

function challengeKey(pepper: string, armor: KdcArmor, key: EncryptionKey): EncryptionKey {
  return combineKeys({ key: armor.key, pepper }, { key, pepper: 'challengelongterm' })
}

/** The client's time out of its challenge; undefined where there is none. A challenge without our cookie is refused. */
export function challengeTime(
  request: DecodedKdcReq,
  armor: KdcArmor,
  key: EncryptionKey,
): number | undefined {
  const value = findPaData(request.padata, PaType.PA_ENCRYPTED_CHALLENGE)
  if (value === undefined) return undefined
  const cookie = findPaData(request.padata, PaType.PA_FX_COOKIE)
  if (!Buffer.from(COOKIE).equals(cookie ?? COOKIE.subarray(1))) {
    throw new Refused({ code: Krb.KDC_ERR_PREAUTH_FAILED, eText: 'no cookie' })
  }
  const { cipher } = decodeEncryptedData(value)
  const sealing = challengeKey('clientchallengearmor', armor, key)
  const plain = opened(sealing, [KeyUsage.ENC_CHALLENGE_CLIENT, cipher], 24)
  return decodePaEncTsEnc(plain).patimestampMs
}

/** The KDC's own challenge. */
export function kdcChallenge(armor: KdcArmor, key: EncryptionKey, ports: ArmorPorts): PaData {
  const patimestampMs = Math.floor(ports.clock.nowMs() / 1000) * 1000
  const sealing = challengeKey('kdcchallengearmor', armor, ports.tricks.challengeKey ?? key)
  const plain = encodePaEncTsEnc({ patimestampMs, pausec: 0 })
  const cipher = encrypt(sealing, KeyUsage.ENC_CHALLENGE_KDC, plain, ports.random)
  const padataValue = encodeEncryptedData({ etype: key.etype, cipher })
  return { padataType: PaType.PA_ENCRYPTED_CHALLENGE, padataValue }
}
