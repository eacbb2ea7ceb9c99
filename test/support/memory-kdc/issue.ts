/** Issues tickets: the ticket's encrypted part with its PAC, the reply's encrypted part, the reply. */

import {
  checksum,
  checksumTypeOf,
  encrypt,
  generateKey,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import { AdType, ApplicationTag, KeyUsage, MessageType } from '../../../src/kerberos/iana/index.ts'
import {
  encodeAuthorizationData,
  encodeEncKdcRepPart,
  encodeEncTicketPart,
  encodeKdcRep,
  encodeTicket,
  type AuthorizationData,
  type EncKdcRepPart,
  type EncTicketPart,
  type KdcReqBody,
  type PaData,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.ts'
import type { Clock, Random } from '../../../src/platform/index.ts'
import { encodePac, type PacContent, type PacSigner } from '../pac-writer.ts'
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
}

/** The whole reply. */
export function issue(issuer: Issuer, wanted: Issue): Uint8Array {
  const { tricks, realm, random } = issuer
  const { kind, client, service } = wanted
  const truth = ticketPart(issuer, wanted)
  const part = tricks.ticketPart?.(truth, kind) ?? truth
  const cipher = encrypt(service.key, KeyUsage.TICKET, encodeEncTicketPart(part), random)
  const encPart = { etype: service.key.etype, kvno: service.kvno, cipher }
  const reply = {
    msgType: kind === 'AS' ? MessageType.AS_REP : MessageType.TGS_REP,
    padata: wanted.padata,
    crealm: client.crealm ?? realm,
    cname: client.cname,
    ticket: encodeTicket({ realm, sname: service.sname, encPart }),
    encPart: sealedReply(issuer, wanted, truth),
  }
  const octets = encodeKdcRep(tricks.reply?.(reply, kind) ?? reply)
  return tricks.octets?.(octets, kind) ?? octets
}

function sealedReply(
  issuer: Issuer,
  { kind, body, service, replyKey, encryptedPaData }: Issue,
  ticket: EncTicketPart,
) {
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
    encryptedPaData,
  }
  const part = issuer.tricks.replyPart?.(truth, kind) ?? truth
  const isAs = kind === 'AS'
  const asTag = issuer.tricks.asPartTag ?? ApplicationTag.EncASRepPart
  const tag = isAs ? asTag : ApplicationTag.EncTGSRepPart
  const usage = isAs ? KeyUsage.AS_REP_ENC_PART : KeyUsage.TGS_REP_ENC_PART_SESSION_KEY
  const cipher = encrypt(replyKey, usage, encodeEncKdcRepPart(part, tag), issuer.random)
  return { etype: replyKey.etype, cipher }
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
