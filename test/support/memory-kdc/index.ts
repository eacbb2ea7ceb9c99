/**
 * A KDC of Active Directory's kind, in memory, behind the KdcTransport port: AS with pre-authentication, TGS, S4U2Self
 * with a signed PAC, S4U2Proxy by list and by RBCD. It exists for the faults that a real KDC will not produce.
 */

import {
  generateKey,
  verifyChecksum,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import type { KdcTransport } from '../../../src/kerberos/client-options.ts'
import type { KeytabEntry } from '../../../src/kerberos/files/index.ts'
import {
  EncryptionType,
  KeyUsage,
  KrbErrorCode as Krb,
  NtStatus,
  PaType,
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
  decodeTicket,
  encodeEtypeInfo2,
  encodeKerbErrorData,
  encodeKrbError,
  encodeMethodData,
  findPaData,
  formatPrincipal,
  paForUserChecksumInput,
  parsePrincipal,
  type DecodedKdcReq,
  type EncTicketPart,
  type PaData,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.ts'
import type { Clock, Random } from '../../../src/platform/index.ts'
import { issue, type Issue, type Issuer } from './issue.ts'
import { Directory, type Account, type AccountSettings } from './principals.ts'
import { flagsFrom, hasRbcdBit, kindOf, opened, RBCD, Refused, x509Reply } from './requests.ts'
import { pacUser, Trusts, type MemoryRealms } from './realms.ts'
import type { Kind, Refusal, Tricks } from './tricks.ts'

export { DOMAIN_SID } from './principals.ts'
export { MemoryRealms, trust } from './realms.ts'
export type { AccountSettings } from './principals.ts'
export type { Kind, Refusal, Tricks } from './tricks.ts'

const MAX_SKEW_MS = 300_000

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
  /** What it knows of other realms. */
  readonly trusts: Trusts = new Trusts()
  /** Where other realms' accounts are looked up, as a PAC would tell. */
  realms: MemoryRealms | undefined
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
    return `${this.directory.domainSid}-${account?.rid ?? 0}`
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
    const { cname, crealm } = proven.tgt
    const pacName = pacUser(proven.tgt)
    const account = pacName === undefined ? this.#mustFind(cname, crealm) : this.#named(pacName)
    const client = { account, cname, crealm, pacName }
    return this.#issueFor(kind, proven, { client, flags: flagsFrom(request) })
  }

  #openTgt(request: DecodedKdcReq): EncTicketPart {
    const value = findPaData(request.padata, PaType.PA_TGS_REQ)
    if (value === undefined) throw new Refused({ code: Krb.KDC_ERR_PADATA_TYPE_NOSUPP })
    const { ticket, authenticator } = decodeApReq(value)
    const { realm, encPart } = decodeTicket(ticket)
    const tgt = decodeEncTicketPart(
      opened(this.#tgtKey(realm), [KeyUsage.TICKET, encPart.cipher], 31),
    )
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

  /** The key of ticket-granting tickets that a realm issues for us. */
  #tgtKey(issuer: string): EncryptionKey {
    const key = issuer === this.directory.realm ? this.#krbtgt : this.trusts.keyWith(issuer)
    if (key === undefined) throw new Refused({ code: Krb.KRB_AP_ERR_NOT_US })
    return key
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
    const pacName = formatPrincipal(userName, userRealm)
    // Another realm's users are known by the PAC that their realm put into the referral.
    const known = userRealm === this.directory.realm || pacUser(tgt) === pacName
    if (!known) throw new Refused({ code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    const user = this.#mustFind(userName, userRealm)
    if (user.refusal !== undefined) throw new Refused({ code: user.refusal })
    if (tgt.crealm !== this.directory.realm) {
      const client = { account: user, cname: tgt.cname, crealm: tgt.crealm, pacName }
      const referred = this.#issueFor(
        'S4U2Self',
        { tgt, request },
        { client, flags: flagsFrom(request) },
      )
      return { ...referred, padata: x509Reply(tgt, request) }
    }
    const requester = this.#mustFind(tgt.cname)
    const mayForward = requester.trustedToAuth === true && user.sensitive !== true
    const flags = mayForward ? flagsFrom(request) : 0
    const wanted = { client: { account: user, cname: userName, crealm: userRealm }, flags }
    return {
      ...this.#issueFor('S4U2Self', { tgt, request }, wanted),
      padata: x509Reply(tgt, request),
    }
  }

  #s4u2proxy({ tgt, request }: Proven): Issue {
    const { cname, crealm } = tgt
    if (crealm !== this.directory.realm) return this.#s4u2proxyFromElsewhere({ tgt, request })
    const requester = this.#mustFind(cname)
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
    const account = this.#mustFind(part.cname, part.crealm)
    const flags = flagsFrom(request)
    if (this.directory.find(request.body.sname) === undefined && this.#isElsewhere(request)) {
      if (!hasRbcdBit(request)) throw new Refused({ code: Krb.KDC_ERR_BADOPTION })
      const pacName = formatPrincipal(part.cname, part.crealm)
      const referred = { client: { account, cname, crealm, pacName }, flags }
      const encryptedPaData = this.tricks.withoutProxyReferrals === true ? undefined : [RBCD]
      return { ...this.#issueFor('S4U2Proxy', { tgt, request }, referred), encryptedPaData }
    }
    this.#checkRight(requester, request)
    const wanted = { client: { account, cname: part.cname, crealm: part.crealm }, flags }
    return this.#issueFor('S4U2Proxy', { tgt, request }, wanted)
  }

  #isElsewhere(request: DecodedKdcReq): boolean {
    return this.trusts.nextFor(request.body.sname) !== undefined
  }

  /** The evidence is a referral with the user's PAC; only the service's own list counts. */
  #s4u2proxyFromElsewhere({ tgt, request }: Proven): Issue {
    const [evidence] = request.body.additionalTickets ?? []
    if (evidence === undefined) throw new Refused({ code: Krb.KDC_ERR_BADOPTION })
    const { realm, encPart } = decodeTicket(evidence)
    const key = this.#tgtKey(realm)
    const part = decodeEncTicketPart(opened(key, [KeyUsage.TICKET, encPart.cipher], 41))
    const requester = formatPrincipal(tgt.cname, tgt.crealm)
    const pacName = pacUser(part)
    const granted = this.#service(request.body.sname).delegators?.includes(requester)
    if (pacName === undefined || granted !== true || !hasRbcdBit(request)) {
      throw new Refused({ code: Krb.KDC_ERR_BADOPTION, ntStatus: NtStatus.STATUS_NOT_FOUND })
    }
    const { principal: cname, realm: crealm } = parsePrincipal(pacName)
    const client = { account: this.#named(pacName), cname, crealm }
    return this.#issueFor('S4U2Proxy', { tgt, request }, { client, flags: flagsFrom(request) })
  }

  #checkRight(requester: Account, request: DecodedKdcReq): void {
    const target = this.#service(request.body.sname)
    const spn = (request.body.sname?.nameString ?? []).join('/').toLowerCase()
    const rbcd = hasRbcdBit(request)
    const listed = (requester.allowedTo ?? []).some((allowed) => allowed.toLowerCase() === spn)
    if (listed || (rbcd && (target.delegators ?? []).includes(requester.name))) return
    const hasList = (requester.allowedTo ?? []).length > 0
    const without = hasList ? NtStatus.STATUS_NO_MATCH : NtStatus.STATUS_NOT_SUPPORTED
    const ntStatus = rbcd ? NtStatus.STATUS_NOT_FOUND : without
    throw new Refused({ code: Krb.KDC_ERR_BADOPTION, ntStatus })
  }

  #issueFor(kind: Kind, { tgt, request }: Proven, who: Pick<Issue, 'client' | 'flags'>): Issue {
    const service = this.#serviceOrReferral(request.body.sname ?? tgt.cname)
    const flags = (who.flags | TicketFlag.PRE_AUTHENT) >>> 0
    return {
      kind,
      body: request.body,
      client: who.client,
      service,
      flags,
      authTimeMs: tgt.authTimeMs,
      replyKey: tgt.key,
    }
  }

  #serviceOrReferral(sname: PrincipalName): Issue['service'] {
    if (sname.nameString.join('/') === `krbtgt/${this.directory.realm}`) {
      return { sname, key: this.#krbtgt, kvno: 1 }
    }
    const next = this.trusts.nextFor(sname)
    const key = next === undefined ? undefined : this.trusts.keyWith(next)
    if (next === undefined || key === undefined || this.directory.find(sname) !== undefined) {
      const account = this.#service(sname)
      return { sname, key: account.key, kvno: account.kvno }
    }
    return { sname: { nameType: 2, nameString: ['krbtgt', next] }, key, kvno: 1 }
  }

  #service(sname: PrincipalName | undefined): Account {
    const service = this.directory.find(sname)
    if (service === undefined) throw new Refused({ code: Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN })
    return service
  }

  /** The account of a name like `user@REALM`. */
  #named(text: string): Account {
    const { principal, realm } = parsePrincipal(text)
    return this.#mustFind(principal, realm)
  }

  #mustFind(name: PrincipalName, realm: string = this.directory.realm): Account {
    const kdc = realm === this.directory.realm ? this : this.realms?.of(realm)
    const account = kdc?.directory.find(name)
    if (account === undefined) throw new Refused({ code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    return account
  }
}
