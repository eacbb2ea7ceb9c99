/** Issues tickets: the ticket's encrypted part with its PAC, the reply's encrypted part, the reply. */

import {
  checksum,
  checksumTypeOf,
  encrypt,
  generateKey,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import {
  AdType,
  ApplicationTag,
  KeyUsage,
  MessageType,
  PaType,
} from '../../../src/kerberos/iana/index.ts'
import {
  encodeAuthorizationData,
  encodeChecksum,
  encodeEncKdcRepPart,
  encodeEncTicketPart,
  encodeKdcRep,
  encodeTicket,
  type AuthorizationData,
  type EncKdcRepPart,
  type EncTicketPart,
  type KdcRep,
  type KdcReqBody,
  type PaData,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.ts'
import type { Clock, Random } from '../../../src/platform/index.ts'
import { encodePac, type PacContent, type PacSigner } from '../pac-writer.ts'
import { armoredReply, strengthen, type KdcArmor } from './fast.ts'
import type { Account } from './principals.ts'
import type { Kind, Tricks } from './tricks.ts'

const LIFETIME_MS = 36_000_000

/** What all tickets of a KDC have in common. */
export interface Issuer {
  readonly realm: string
  readonly clock: Clock
  readonly random: Random
  readonly tricks: Tricks
  readonly kdcKey: EncryptionKey
}

/** One ticket to be issued. */
export interface Issue {
  readonly kind: Kind
  readonly body: KdcReqBody
  readonly client: {
    /** Whose PAC the ticket carries. */
    readonly account: Account
    readonly cname: PrincipalName
    /** The KDC's own realm unless told otherwise. */
    readonly crealm?: string | undefined
    /** PAC_CLIENT_INFO; cname unless told otherwise. */
    readonly pacName?: string | undefined
  }
  readonly service: {
    readonly sname: PrincipalName
    readonly key: EncryptionKey
    readonly kvno: number
  }
  readonly flags: number
  readonly authTimeMs: number
  readonly replyKey: EncryptionKey
  readonly padata?: readonly PaData[] | undefined
  readonly encryptedPaData?: readonly PaData[] | undefined
  /** The request's armour (FAST). */
  readonly armor?: KdcArmor | undefined
  /** The AS-REQ, where its checksum goes into the reply (RFC 6806 section 11). */
  readonly provenRequest?: Uint8Array | undefined
}

/** The whole reply. */
export function issue(issuer: Issuer, wanted: Issue): Uint8Array {
  const { tricks, realm, random } = issuer
  const { kind, client, service, armor } = wanted
  const truth = ticketPart(issuer, wanted)
  const part = tricks.ticketPart?.(truth, kind) ?? truth
  const cipher = encrypt(service.key, KeyUsage.TICKET, encodeEncTicketPart(part), random)
  const encPart = { etype: service.key.etype, kvno: service.kvno, cipher }
  const strong = armor && strengthen(armor.subkey ?? wanted.replyKey, random)
  const key = keyOf(issuer, wanted, strong?.key)
  const reply: KdcRep = {
    msgType: kind === 'AS' ? MessageType.AS_REP : MessageType.TGS_REP,
    padata: wanted.padata,
    crealm: client.crealm ?? realm,
    cname: client.cname,
    ticket: encodeTicket({ realm, sname: service.sname, encPart }),
    encPart: sealedReply(issuer, wanted, { ticket: truth, key }),
  }
  return sent(
    issuer,
    kind,
    inArmor(reply, { issuer, wanted, strengthenKey: strong?.strengthenKey }),
  )
}

/** The reply with its padata armoured, where the request was. */
function inArmor(
  reply: KdcRep,
  put: {
    readonly issuer: Issuer
    readonly wanted: Issue
    readonly strengthenKey: EncryptionKey | undefined
  },
): KdcRep {
  const { issuer, wanted, strengthenKey } = put
  const { armor, body } = wanted
  if (armor === undefined) return reply
  const { ticket, padata = [] } = reply
  const inner = { padata, nonce: body.nonce, strengthenKey, ticket, client: reply }
  return { ...reply, padata: armoredReply(inner, armor, issuer) }
}

/** What the wire makes of it. */
function sent({ tricks }: Issuer, kind: Kind, reply: KdcRep): Uint8Array {
  const octets = encodeKdcRep(tricks.reply?.(reply, kind) ?? reply)
  return tricks.octets?.(octets, kind) ?? octets
}

function keyOf({ tricks, random }: Issuer, wanted: Issue, strong?: EncryptionKey): EncryptionKey {
  if (strong === undefined) return wanted.replyKey
  return tricks.strengthenOtherwise === true ? strengthen(wanted.replyKey, random).key : strong
}

function sealedReply(
  issuer: Issuer,
  wanted: Issue,
  { ticket, key }: { readonly ticket: EncTicketPart; readonly key: EncryptionKey },
) {
  const { kind, body, service } = wanted
  const truth: EncKdcRepPart = {
    key: ticket.key,
    lastReq: [{ lrType: 0, lrValueMs: ticket.authTimeMs }],
    nonce: body.nonce,
    flags: ticket.flags,
    authTimeMs: ticket.authTimeMs,
    startTimeMs: ticket.startTimeMs,
    endTimeMs: ticket.endTimeMs,
    srealm: issuer.realm,
    sname: service.sname,
    encryptedPaData: wanted.encryptedPaData ?? requestProof(issuer, wanted, key),
  }
  const part = issuer.tricks.replyPart?.(truth, kind) ?? truth
  const isAs = kind === 'AS'
  const usual = isAs ? ApplicationTag.EncASRepPart : ApplicationTag.EncTGSRepPart
  const tag = issuer.tricks.partTag ?? usual
  const underSubkey = wanted.armor?.subkey !== undefined
  const tgsUsage = underSubkey
    ? KeyUsage.TGS_REP_ENC_PART_SUBKEY
    : KeyUsage.TGS_REP_ENC_PART_SESSION_KEY
  const usage = isAs ? KeyUsage.AS_REP_ENC_PART : tgsUsage
  const cipher = encrypt(key, usage, encodeEncKdcRepPart(part, tag), issuer.random)
  // RFC 4120 section 5.4.2: in an AS reply it is the version of the client's key.
  const kvno = isAs ? wanted.client.account.kvno : undefined
  return { etype: key.etype, kvno, cipher }
}

/** What the KDC offers and the checksum of the request as it came (RFC 6806 section 11). */
function requestProof(
  { tricks }: Issuer,
  { provenRequest }: Issue,
  key: EncryptionKey,
): readonly PaData[] | undefined {
  if (provenRequest === undefined) return undefined
  const seen = tricks.requestSeen?.(provenRequest) ?? provenRequest
  const padataValue = encodeChecksum({
    cksumtype: checksumTypeOf(key.etype),
    checksum: checksum(key, KeyUsage.AS_REQ, seen),
  })
  return [
    { padataType: PaType.PA_REQ_ENC_PA_REP, padataValue },
    { padataType: PaType.PA_FX_FAST, padataValue: new Uint8Array(0) },
  ]
}

function ticketPart(issuer: Issuer, wanted: Issue): EncTicketPart {
  const { clock, random, realm } = issuer
  const seconds = Math.floor(clock.nowMs() / 1000) * 1000
  return {
    flags: wanted.flags,
    key: generateKey(issuer.kdcKey.etype, random),
    crealm: wanted.client.crealm ?? realm,
    cname: wanted.client.cname,
    transited: { trType: 1, contents: new Uint8Array(0) },
    authTimeMs: wanted.authTimeMs,
    startTimeMs: seconds,
    endTimeMs: Math.min(seconds + LIFETIME_MS, Math.floor(wanted.body.tillMs / 1000) * 1000),
    authorizationData: pacOf(issuer, wanted),
  }
}

function pacOf(
  issuer: Issuer,
  { client, service, authTimeMs }: Issue,
): AuthorizationData | undefined {
  const truth: PacContent = {
    effectiveName: client.account.name,
    logonDomainName: 'CORP',
    logonDomainSid: client.account.domainSid,
    userId: client.account.rid,
    groupIds: [513],
    authTimeMs,
    clientName: client.pacName ?? client.cname.nameString.join('/'),
    ...(client.account.upn === undefined
      ? {}
      : { upn: { name: client.account.upn, dnsDomainName: 'corp.example', extended: true } }),
  }
  const content = issuer.tricks.pac === undefined ? truth : issuer.tricks.pac(truth)
  if (content === undefined) return undefined
  const server = signerOf(service.key)
  const signers = {
    server: issuer.tricks.pacSigner?.(server) ?? server,
    kdc: signerOf(issuer.kdcKey),
  }
  const pac = { adType: AdType.AD_WIN2K_PAC, adData: encodePac(content, signers) }
  return [{ adType: AdType.AD_IF_RELEVANT, adData: encodeAuthorizationData([pac]) }]
}

function signerOf(key: EncryptionKey): PacSigner {
  return {
    type: checksumTypeOf(key.etype),
    sign: (data) => checksum(key, KeyUsage.KERB_NON_KERB_CKSUM, data),
  }
}
