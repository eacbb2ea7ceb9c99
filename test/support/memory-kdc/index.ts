/**
 * A KDC of Active Directory's kind, in memory, behind the KdcTransport port: AS with pre-authentication, TGS, S4U2Self
 * with a signed PAC, S4U2Proxy by list and by RBCD. It exists for the faults that a real KDC will not produce.
 */

import {
  checksum,
  checksumTypeOf,
  decrypt,
  generateKey,
  verifyChecksum,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import type { KdcTransport } from '../../../src/kerberos/client-options.ts'
import type { KeytabEntry } from '../../../src/kerberos/files/index.ts'
import {
  EncryptionType,
  KdcOption,
  KeyUsage,
  KrbErrorCode as Krb,
  MessageType,
  NtStatus,
  PacOption,
  PaType,
  S4uOption,
  TicketFlag,
} from '../../../src/kerberos/iana/index.ts'
import {
  decodeApReq,
  decodeAuthenticator,
  decodeEncryptedData,
  decodeEncTicketPart,
  decodeKdcReq,
  decodePaEncTsEnc,
  decodePaForUser,
  decodePaPacOptions,
  decodePaS4uX509User,
  decodeTicket,
  encodeEtypeInfo2,
  encodeKerbErrorData,
  encodeKrbError,
  encodeMethodData,
  encodePaS4uX509User,
  encodeS4uUserId,
  findPaData,
  paForUserChecksumInput,
  type DecodedKdcReq,
  type EncTicketPart,
  type PaData,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.ts'
import { KerberosError } from '../../../src/kerberos/errors.ts'
import type { Clock, Random } from '../../../src/platform/index.ts'
import { DOMAIN_SID, issue, type Issue, type Issuer } from './issue.ts'
import { Directory, type Account, type AccountSettings } from './principals.ts'
import type { Kind, Refusal, Tricks } from './tricks.ts'

export { DOMAIN_SID } from './issue.ts'
export type { AccountSettings } from './principals.ts'
export type { Kind, Refusal, Tricks } from './tricks.ts'

const MAX_SKEW_MS = 300_000

/** Thrown inside, answered as a KRB-ERROR. */
class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(`refused ${refusal.code}`)
    this.refusal = refusal
  }
}

interface Proven {
  readonly tgt: EncTicketPart
  readonly request: DecodedKdcReq
}

/** The KDC. */
export class MemoryKdc implements KdcTransport {
  /** What it, or the wire, does wrong; assign to change. */
  tricks: Tricks = {}
  /** Requests so far, by exchange. */
  readonly counts: Record<Kind, number> = { AS: 0, TGS: 0, S4U2Self: 0, S4U2Proxy: 0 }
  readonly directory: Directory
  readonly #clock: Clock
  readonly #random: Random
  #krbtgt: EncryptionKey

  /** All keys, also session keys, are of one type. Default 18. */
  constructor(
    realm: string,
    ports: { readonly clock: Clock; readonly random: Random; readonly etype?: number | undefined },
  ) {
    const etype = ports.etype ?? EncryptionType.AES256_CTS_HMAC_SHA1_96
    this.directory = new Directory(realm, ports.random, etype)
    this.#clock = ports.clock
    this.#random = ports.random
    this.#krbtgt = generateKey(etype, ports.random)
  }

  add(settings: AccountSettings): this {
    this.directory.add(settings)
    return this
  }

  keytab(name: string): readonly KeytabEntry[] {
    return this.directory.keytab(name)
  }

  /** The SID of an account. */
  sidOf(name: string): string {
    const account = this.directory.find({ nameType: 1, nameString: [name] })
    return `${DOMAIN_SID}-${account?.rid ?? 0}`
  }

  /** From now on every TGT issued so far is stale. */
  changeKrbtgtKey(): void {
    this.#krbtgt = generateKey(this.#krbtgt.etype, this.#random)
  }

  exchange(realm: string, octets: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    if (signal?.aborted === true) return Promise.reject(new Error('aborted'))
    if (realm !== this.directory.realm) return Promise.reject(new Error(`no KDC of ${realm}`))
    return Promise.resolve().then(() => this.#answer(this.tricks.request?.(octets) ?? octets))
  }

  #answer(octets: Uint8Array): Uint8Array {
    const request = decodeKdcReq(octets)
    const kind = kindOf(request)
    this.counts[kind] += 1
    try {
      const refusal = this.tricks.refuse?.(kind, request)
      if (refusal !== undefined) throw new Refused(refusal)
      const wanted = kind === 'AS' ? this.#as(request) : this.#tgs(kind, request)
      return issue(this.#issuer(), wanted)
    } catch (error) {
      if (error instanceof Refused) return this.#refusal(request, error.refusal)
      throw error
    }
  }

  #issuer(): Issuer {
    const [clock, random, tricks] = [this.#clock, this.#random, this.tricks]
    return { realm: this.directory.realm, clock, random, tricks, kdcKey: this.#krbtgt }
  }

  #refusal(request: DecodedKdcReq, refusal: Refusal): Uint8Array {
    const { code, ntStatus, eText, eData, stimeMs = this.#clock.nowMs() } = refusal
    return encodeKrbError({
      stimeMs,
      susec: 0,
      errorCode: code,
      realm: this.directory.realm,
      sname: request.body.sname ?? { nameType: 0, nameString: ['unknown'] },
      eText,
      eData: ntStatus === undefined ? eData : encodeKerbErrorData(ntStatus),
    })
  }

  #as(request: DecodedKdcReq): Issue {
    const { cname, sname } = request.body
    const account = this.directory.find(cname)
    if (account === undefined || cname === undefined) {
      throw new Refused({ code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    }
    if (account.refusal !== undefined) throw new Refused({ code: account.refusal })
    if (account.withoutProof !== true) this.#checkTimestamp(request, account)
    return {
      kind: 'AS',
      body: request.body,
      client: { account, cname },
      service: { sname: sname ?? cname, key: this.#krbtgt, kvno: 1 },
      flags: TicketFlag.INITIAL | TicketFlag.PRE_AUTHENT | flagsFrom(request),
      authTimeMs: this.#seconds(),
      replyKey: account.key,
      padata: [this.#etypeInfo(account)],
    }
  }

  #seconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000) * 1000
  }

  #checkTimestamp(request: DecodedKdcReq, account: Account): void {
    const value = findPaData(request.padata, PaType.PA_ENC_TIMESTAMP)
    if (value === undefined) {
      const eData = encodeMethodData([this.#etypeInfo(account)])
      throw new Refused({ code: Krb.KDC_ERR_PREAUTH_REQUIRED, eData })
    }
    const { cipher } = decodeEncryptedData(value)
    const plain = opened(account.key, [KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, cipher], 24)
    const { patimestampMs } = decodePaEncTsEnc(plain)
    if (Math.abs(patimestampMs - this.#clock.nowMs()) > MAX_SKEW_MS) {
      throw new Refused({ code: Krb.KRB_AP_ERR_SKEW })
    }
  }

  #etypeInfo(account: Account): PaData {
    const salt = this.directory.saltOf(account.name)
    const padataValue = encodeEtypeInfo2([{ etype: account.key.etype, salt }])
    return { padataType: PaType.PA_ETYPE_INFO2, padataValue }
  }

  #tgs(kind: Kind, request: DecodedKdcReq): Issue {
    const proven = { tgt: this.#openTgt(request), request }
    if (kind === 'S4U2Self') return this.#s4u2self(proven)
    if (kind === 'S4U2Proxy') return this.#s4u2proxy(proven)
    const account = this.#mustFind(proven.tgt.cname)
    return this.#issueFor(kind, proven, {
      client: { account, cname: proven.tgt.cname },
      flags: flagsFrom(request),
    })
  }

  #openTgt(request: DecodedKdcReq): EncTicketPart {
    const value = findPaData(request.padata, PaType.PA_TGS_REQ)
    if (value === undefined) throw new Refused({ code: Krb.KDC_ERR_PADATA_TYPE_NOSUPP })
    const { ticket, authenticator } = decodeApReq(value)
    const plain = opened(this.#krbtgt, [KeyUsage.TICKET, decodeTicket(ticket).encPart.cipher], 31)
    const tgt = decodeEncTicketPart(plain)
    if (tgt.endTimeMs <= this.#clock.nowMs()) {
      throw new Refused({ code: Krb.KRB_AP_ERR_TKT_EXPIRED })
    }
    const proof = opened(tgt.key, [KeyUsage.TGS_REQ_AUTHENTICATOR, authenticator.cipher], 31)
    const { cksum, ctimeMs } = decodeAuthenticator(proof)
    if (Math.abs(ctimeMs - this.#clock.nowMs()) > MAX_SKEW_MS) {
      throw new Refused({ code: Krb.KRB_AP_ERR_SKEW })
    }
    const usage = KeyUsage.TGS_REQ_AUTHENTICATOR_CHECKSUM
    const covered =
      cksum !== undefined && ([cksum.cksumtype, request.reqBody, cksum.checksum] as const)
    if (!covered || !verifyChecksum(tgt.key, usage, ...covered)) {
      throw new Refused({ code: Krb.KRB_AP_ERR_MODIFIED })
    }
    return tgt
  }

  #s4u2self({ tgt, request }: Proven): Issue {
    const value = findPaData(request.padata, PaType.PA_FOR_USER)
    if (value === undefined) throw new Refused({ code: Krb.KDC_ERR_PADATA_TYPE_NOSUPP })
    const { userName, userRealm, cksum } = decodePaForUser(value)
    const covered = paForUserChecksumInput(userName, userRealm)
    const { cksumtype, checksum: mac } = cksum
    if (!verifyChecksum(tgt.key, KeyUsage.KERB_NON_KERB_CKSUM, cksumtype, covered, mac)) {
      throw new Refused({ code: Krb.KRB_AP_ERR_MODIFIED })
    }
    const user = this.directory.find(userName)
    if (user === undefined) throw new Refused({ code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    if (user.refusal !== undefined) throw new Refused({ code: user.refusal })
    const requester = this.#mustFind(tgt.cname)
    const mayForward = requester.trustedToAuth === true && user.sensitive !== true
    const flags = mayForward ? flagsFrom(request) : 0
    const wanted = { client: { account: user, cname: userName }, flags }
    return {
      ...this.#issueFor('S4U2Self', { tgt, request }, wanted),
      padata: x509Reply(tgt, request),
    }
  }

  #s4u2proxy({ tgt, request }: Proven): Issue {
    const requester = this.#mustFind(tgt.cname)
    const evidence = request.body.additionalTickets?.[0]
    if (evidence === undefined) throw new Refused({ code: Krb.KDC_ERR_BADOPTION })
    const { encPart } = decodeTicket(evidence)
    const part = decodeEncTicketPart(opened(requester.key, [KeyUsage.TICKET, encPart.cipher], 41))
    if ((part.flags & TicketFlag.FORWARDABLE) === 0) {
      throw new Refused({
        code: Krb.KDC_ERR_BADOPTION,
        ntStatus: NtStatus.STATUS_ACCOUNT_RESTRICTION,
      })
    }
    this.#checkRight(requester, request)
    const account = this.#mustFind(part.cname)
    const wanted = { client: { account, cname: part.cname }, flags: flagsFrom(request) }
    return this.#issueFor('S4U2Proxy', { tgt, request }, wanted)
  }

  #checkRight(requester: Account, request: DecodedKdcReq): void {
    const target = this.#service(request.body.sname)
    const spn = (request.body.sname?.nameString ?? []).join('/').toLowerCase()
    const options = findPaData(request.padata, PaType.PA_PAC_OPTIONS)
    const rbcdBit = PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION
    const rbcd = options !== undefined && (decodePaPacOptions(options) & rbcdBit) !== 0
    const listed = (requester.allowedTo ?? []).some((allowed) => allowed.toLowerCase() === spn)
    if (listed || (rbcd && (target.delegators ?? []).includes(requester.name))) return
    const ntStatus = rbcd ? NtStatus.STATUS_NOT_FOUND : NtStatus.STATUS_NOT_SUPPORTED
    throw new Refused({ code: Krb.KDC_ERR_BADOPTION, ntStatus })
  }

  #issueFor(kind: Kind, { tgt, request }: Proven, who: Pick<Issue, 'client' | 'flags'>): Issue {
    const { key, kvno } = this.#service(request.body.sname)
    const sname = request.body.sname ?? tgt.cname
    const flags = (who.flags | TicketFlag.PRE_AUTHENT) >>> 0
    return {
      kind,
      body: request.body,
      client: who.client,
      service: { sname, key, kvno },
      flags,
      authTimeMs: tgt.authTimeMs,
      replyKey: tgt.key,
    }
  }

  #service(sname: PrincipalName | undefined): Account {
    const service = this.directory.find(sname)
    if (service === undefined) throw new Refused({ code: Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN })
    return service
  }

  #mustFind(name: PrincipalName): Account {
    const account = this.directory.find(name)
    if (account === undefined) throw new Refused({ code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    return account
  }
}

function kindOf(request: DecodedKdcReq): Kind {
  if (request.msgType === MessageType.AS_REQ) return 'AS'
  if ((request.body.kdcOptions & KdcOption.CNAME_IN_ADDL_TKT) !== 0) return 'S4U2Proxy'
  return findPaData(request.padata, PaType.PA_FOR_USER) === undefined ? 'TGS' : 'S4U2Self'
}

function flagsFrom(request: DecodedKdcReq): number {
  return request.body.kdcOptions & TicketFlag.FORWARDABLE
}

/** Decrypts, or refuses with the error code. */
function opened(
  key: EncryptionKey,
  [usage, cipher]: readonly [number, Uint8Array],
  refusal: number,
): Uint8Array {
  try {
    return decrypt(key, usage, cipher)
  } catch (error) {
    if (error instanceof KerberosError) throw new Refused({ code: refusal })
    throw error
  }
}

/** Answers PA-S4U-X509-USER as MS-SFU 3.2.5.1.2 says. */
function x509Reply(tgt: EncTicketPart, request: DecodedKdcReq): readonly PaData[] {
  const value = findPaData(request.padata, PaType.PA_S4U_X509_USER)
  if (value === undefined) return []
  const { user } = decodePaS4uX509User(value)
  const userId = encodeS4uUserId(user)
  const echoed = ((user.options ?? 0) & S4uOption.USE_REPLY_KEY_USAGE) !== 0
  const usage = echoed ? KeyUsage.PA_S4U_X509_USER_REPLY : KeyUsage.PA_S4U_X509_USER_REQUEST
  const mac = {
    cksumtype: checksumTypeOf(tgt.key.etype),
    checksum: checksum(tgt.key, usage, userId),
  }
  const padataValue = encodePaS4uX509User({ userId, checksum: mac })
  return [{ padataType: PaType.PA_S4U_X509_USER, padataValue }]
}
