/**
 * A small acceptor of Kerberos tokens for tests: reads what an Initiator made, strictly, and answers it.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { DerReader, DerWriter, Tag } from '../../src/asn1/index.ts'
import { decrypt, encrypt, type EncryptionKey } from '../../src/kerberos/crypto/index.ts'
import { AdType, ApOption, KeyUsage } from '../../src/kerberos/iana/index.ts'
import {
  decodeApReq,
  decodeAuthenticator,
  decodeAuthorizationData,
  decodeEncTicketPart,
  decodeTicket,
  encodeApRep,
  encodeEncApRepPart,
  formatPrincipal,
  type Authenticator,
} from '../../src/kerberos/messages/index.ts'
import type { Random } from '../../src/platform/index.ts'

const SPNEGO = '1.3.6.1.5.5.2'
const KERBEROS = '1.2.840.113554.1.2.2'
const MICROSOFT_KERBEROS = '1.2.840.48018.1.2.2'

/** What the acceptor learned. */
export interface Accepted {
  /** `alice@CORP.EXAMPLE` */
  readonly client: string
  /** True where the token came in SPNEGO. */
  readonly spnego: boolean
  /** Flags of the checksum 0x8003. */
  readonly flags: number
  /** Bnd of the checksum, hexadecimal. */
  readonly binding: string
  readonly authenticator: Authenticator
  readonly mutualRequired: boolean
  /** MS-KILE's options and target name, where the authenticator has them. */
  readonly apOptions: number | undefined
  readonly targetName: string | undefined
  readonly sessionKey: EncryptionKey
}

/** Takes `[APPLICATION 0] { mechanism, rest }` apart. */
function unframe(token: Uint8Array, mechanisms: readonly string[]): Uint8Array {
  const outer = new DerReader(token, 'token')
  const inner = outer.any()
  if (inner.tag !== 0x60) throw new Error('not framed')
  outer.finish()
  const oid = new DerReader(inner.content, 'mechanism').any()
  const mechanism = new DerReader(oid.raw, 'mechanism').objectIdentifier()
  if (!mechanisms.includes(mechanism)) throw new Error(`mechanism ${mechanism}`)
  return inner.content.subarray(oid.raw.length)
}

/** The mechToken of a NegTokenInit that offers Kerberos first. */
function spnegoMechToken(octets: Uint8Array): Uint8Array {
  const reader = new DerReader(octets, 'NegotiationToken')
  const tagged = reader.context(0, 'negTokenInit')
  reader.finish()
  const sequence = tagged.sequence('NegTokenInit')
  const types = sequence.context(0, 'mechTypes').sequence('MechTypeList')
  const first = types.objectIdentifier()
  if (first !== MICROSOFT_KERBEROS || types.objectIdentifier() !== KERBEROS) throw new Error(first)
  types.finish()
  const field = sequence.context(2, 'mechToken')
  const token = field.octetString()
  field.finish()
  sequence.finish()
  return token
}

function apReqOf(token: Uint8Array): { readonly apReq: Uint8Array; readonly spnego: boolean } {
  const spnego = token.includes(0x2b) && isSpnego(token)
  const mechToken = spnego ? spnegoMechToken(unframe(token, [SPNEGO])) : token
  const inner = unframe(mechToken, [KERBEROS])
  if (inner[0] !== 1 || inner[1] !== 0) throw new Error('not an AP-REQ')
  return { apReq: inner.subarray(2), spnego }
}

function isSpnego(token: Uint8Array): boolean {
  const { content } = new DerReader(token, 'token').any()
  const { raw } = new DerReader(content, 'mechanism').any()
  return new DerReader(raw, 'mechanism').objectIdentifier() === SPNEGO
}

function readBindingData(authenticator: Authenticator): Pick<Accepted, 'apOptions' | 'targetName'> {
  const [relevant] = authenticator.authorizationData ?? []
  if (relevant === undefined) return { apOptions: undefined, targetName: undefined }
  if (relevant.adType !== AdType.AD_IF_RELEVANT) throw new Error('not AD-IF-RELEVANT')
  const inner = decodeAuthorizationData(relevant.adData)
  const find = (type: number) => inner.find(({ adType }) => adType === type)?.adData
  const options = find(AdType.AD_AUTH_DATA_AP_OPTIONS)
  const target = find(AdType.AD_TARGET_PRINCIPAL)
  return {
    apOptions: options === undefined ? undefined : Buffer.from(options).readUInt32LE(),
    targetName: target === undefined ? undefined : Buffer.from(target).toString('utf16le'),
  }
}

/**
 * The Bnd that a channel binding must have, computed apart from the product (RFC 4121 section 4.1.1.2).
 *
 * @param applicationData - Application data of the binding.
 * @returns MD5, hexadecimal.
 */
export function expectedBinding(applicationData: Uint8Array): string {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(applicationData.length)
  return createHash('md5')
    .update(Buffer.concat([Buffer.alloc(16), length, applicationData]))
    .digest('hex')
}

/**
 * Reads a token whose ticket is not looked at.
 *
 * @param token - From an Initiator.
 * @param sessionKey - The ticket's.
 * @returns Its authenticator, and whether it came in SPNEGO.
 */
export function readAuthenticator(
  token: Uint8Array,
  sessionKey: EncryptionKey,
): Pick<Accepted, 'authenticator' | 'spnego'> {
  const { apReq, spnego } = apReqOf(token)
  const { cipher } = decodeApReq(apReq).authenticator
  const octets = decrypt(sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR, cipher)
  return { authenticator: decodeAuthenticator(octets), spnego }
}

/**
 * Accepts a token or throws.
 *
 * @param token - From an Initiator.
 * @param serviceKey - The service's long-term key.
 * @returns What it says.
 */
export function acceptToken(token: Uint8Array, serviceKey: EncryptionKey): Accepted {
  const { apReq, spnego } = apReqOf(token)
  const request = decodeApReq(apReq)
  const ticket = decodeTicket(request.ticket)
  const part = decodeEncTicketPart(decrypt(serviceKey, KeyUsage.TICKET, ticket.encPart.cipher))
  const authenticator = decodeAuthenticator(
    decrypt(part.key, KeyUsage.AP_REQ_AUTHENTICATOR, request.authenticator.cipher),
  )
  const client = formatPrincipal(part.cname, part.crealm)
  if (formatPrincipal(authenticator.cname, authenticator.crealm) !== client) {
    throw new Error('ticket and authenticator name different clients')
  }
  const { cksum } = authenticator
  if (cksum?.cksumtype !== 0x8003 || cksum.checksum.length !== 24) throw new Error('checksum')
  const field = Buffer.from(cksum.checksum)
  if (field.readUInt32LE(0) !== 16) throw new Error('length of Bnd')
  return {
    client,
    spnego,
    flags: field.readUInt32LE(20),
    binding: field.toString('hex', 4, 20),
    authenticator,
    mutualRequired: request.apOptions === ApOption.MUTUAL_REQUIRED,
    ...readBindingData(authenticator),
    sessionKey: part.key,
  }
}

/** What may be wrong with an answer. */
export interface ReplySettings {
  readonly ctimeMs?: number
  readonly cusec?: number
  readonly sessionKey?: EncryptionKey
}

/**
 * The AP-REP that answers an accepted token.
 *
 * @param accepted - What was accepted.
 * @param random - Draws the confounder.
 * @param settings - What to change, for replies that must be refused.
 * @returns DER of the AP-REP.
 */
export function makeApRep(
  accepted: Pick<Accepted, 'authenticator' | 'sessionKey'>,
  random: Random,
  settings: ReplySettings = {},
): Uint8Array {
  const { ctimeMs, cusec, subkey } = accepted.authenticator
  const key = settings.sessionKey ?? accepted.sessionKey
  const part = encodeEncApRepPart({
    ctimeMs: settings.ctimeMs ?? ctimeMs,
    cusec: settings.cusec ?? cusec,
    subkey,
    seqNumber: 7,
  })
  return encodeApRep({
    encPart: { etype: key.etype, cipher: encrypt(key, KeyUsage.AP_REP_ENC_PART, part, random) },
  })
}

/**
 * Frames a message as a Kerberos context token.
 *
 * @param tokenId - 0x0200 for an AP-REP, 0x0300 for a KRB-ERROR.
 * @param message - DER.
 * @param mechanism - Dotted decimal. Default Kerberos.
 * @returns The token.
 */
export function frameToken(
  tokenId: number,
  message: Uint8Array,
  mechanism: string = KERBEROS,
): Uint8Array {
  return new DerWriter()
    .openApplication(0)
    .objectIdentifier(mechanism)
    .raw(Uint8Array.of(tokenId >>> 8, tokenId & 0xff))
    .raw(message)
    .close()
    .finish()
}

/** Fields of a NegTokenResp. */
export interface NegTokenRespFields {
  readonly negState?: number
  readonly supportedMech?: string
  readonly responseToken?: Uint8Array
  readonly mechListMic?: Uint8Array
}

/**
 * Encodes a NegTokenResp (RFC 4178 section 4.2.2).
 *
 * @param fields - Absent ones are left out.
 * @returns DER.
 */
export function encodeNegTokenResp(fields: NegTokenRespFields): Uint8Array {
  const w = new DerWriter().openContext(1).openSequence()
  const { negState, supportedMech, responseToken, mechListMic } = fields
  if (negState !== undefined) w.openContext(0).integer(negState, Tag.ENUMERATED).close()
  if (supportedMech !== undefined) w.openContext(1).objectIdentifier(supportedMech).close()
  if (responseToken !== undefined) w.openContext(2).octetString(responseToken).close()
  if (mechListMic !== undefined) w.openContext(3).octetString(mechListMic).close()
  return w.close(2).finish()
}
