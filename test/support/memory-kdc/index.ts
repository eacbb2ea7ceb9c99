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
  MessageType,
  NtStatus,
  PaType,
  TicketFlag,
} from '../../../src/kerberos/iana/index.ts'
import {
  decodeApReq,
  decodeAuthenticator,
  decodeEncTicketPart,
  decodeKdcReq,
  decodeMethodData,
  decodeTicket,
  encodeKerbErrorData,
  encodeKrbError,
  findPaData,
  formatPrincipal,
  parsePrincipal,
  type DecodedKdcReq,
  type EncTicketPart,
  type PaData,
  type PrincipalName,
} from '../../../src/kerberos/messages/index.ts'
import type { Clock, Random } from '../../../src/platform/index.ts'
import { armoredError, kdcChallenge, withoutArmor, type KdcArmor } from './fast.ts'
import { issue, type Issue, type Issuer } from './issue.ts'
import { Directory, type Account, type AccountSettings } from './principals.ts'
import { checkProof, etypeInfoOf, MAX_SKEW_MS, type KdcFast } from './proof.ts'
import {
  flagsFrom,
  hasRbcdBit,
  kindOf,
  opened,
  RBCD,
  Refused,
  s4uUser,
  x509Reply,
} from './requests.ts'
import { pacUser, Trusts, type MemoryRealms } from './realms.ts'
import type { Kind, Refusal, Tricks } from './tricks.ts'

export { DOMAIN_SID } from './principals.ts'
export { MemoryRealms, trust } from './realms.ts'
export type { AccountSettings } from './principals.ts'
export type { Kind, Refusal, Tricks } from './tricks.ts'

interface Proven {
  readonly tgt: EncTicketPart
  readonly request: DecodedKdcReq
  /** The authenticator's subkey, else the session key. */
  readonly key: EncryptionKey
}

const named = ({ name }: Account): PrincipalName => ({ nameType: 1, nameString: [name] })

/** The KDC. */
export class MemoryKdc implements KdcTransport {
  /** What it, or the wire, does wrong; assign to change. */
  tricks: Tricks = {}
  /** Requests so far, by exchange. */
  readonly counts: Record<Kind, number> = { AS: 0, TGS: 0, S4U2Self: 0, S4U2Proxy: 0 }
  readonly directory: Directory
  /** Whether it takes armour (FAST): not, on demand, or nothing else for proof. */
  fast: KdcFast = 'no'
  /** Requests that came in armour. */
  armored = 0
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
    const outer = decodeKdcReq(octets)
    let [request, armor]: [DecodedKdcReq, KdcArmor?] = [outer]
    try {
      if (this.fast !== 'no') {
        const inner = withoutArmor(outer, (realm) => this.#tgtKey(realm))
        ;[request, armor] = [inner.request, inner.armor]
      }
      if (armor !== undefined) this.armored += 1
      const kind = kindOf(request)
      this.counts[kind] += 1
      const refusal = this.tricks.refuse?.(kind, request)
      if (refusal !== undefined) throw new Refused(refusal)
      const wanted = kind === 'AS' ? this.#as(request, armor) : this.#tgs(kind, request, armor)
      const provenRequest = this.#provesRequests(request) ? octets : undefined
      return issue(this.#issuer(), { ...wanted, armor, provenRequest })
    } catch (error) {
      if (error instanceof Refused) return this.#refusal(request, error.refusal, armor)
      throw error
    }
  }

  #provesRequests({ padata, msgType }: DecodedKdcReq): boolean {
    const wanted = findPaData(padata, PaType.PA_REQ_ENC_PA_REP) !== undefined
    return this.fast !== 'no' && msgType === MessageType.AS_REQ && wanted
  }

  #issuer(): Issuer {
    const [clock, random, tricks] = [this.#clock, this.#random, this.tricks]
    return { realm: this.directory.realm, clock, random, tricks, kdcKey: this.#krbtgt }
  }

  #refusal(request: DecodedKdcReq, refusal: Refusal, armor?: KdcArmor): Uint8Array {
    const { code, ntStatus, eText, eData, stimeMs = this.#clock.nowMs(), crealm } = refusal
    const error = {
      crealm,
      stimeMs,
      susec: 0,
      errorCode: code,
      realm: this.directory.realm,
      sname: request.body.sname ?? { nameType: 0, nameString: ['unknown'] },
      eText,
      eData: ntStatus === undefined ? eData : encodeKerbErrorData(ntStatus),
    }
    if (armor === undefined) return encodeKrbError(error)
    const methods = code === Krb.KDC_ERR_PREAUTH_REQUIRED && eData ? decodeMethodData(eData) : []
    const { nonce } = request.body
    const bound = { armor, ports: this.#issuer() }
    return encodeKrbError({ ...error, eData: armoredError(error, { nonce, methods }, bound) })
  }

  #as(request: DecodedKdcReq, armor?: KdcArmor): Issue {
    const { cname, sname } = request.body
    const crealm = this.trusts.realmOfUser(cname)
    if (crealm !== undefined) throw new Refused({ code: Krb.KDC_ERR_WRONG_REALM, crealm })
    const account = this.directory.find(cname)
    if (account === undefined || cname === undefined) {
      throw new Refused({ code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    }
    if (account.refusal !== undefined) throw new Refused({ code: account.refusal })
    const info = this.#etypeInfo(account)
    if (account.withoutProof !== true) {
      checkProof(request, { account, info, armor }, { fast: this.fast, clock: this.#clock })
    }
    const flags = TicketFlag.INITIAL | TicketFlag.PRE_AUTHENT | flagsFrom(request)
    const proves = this.#provesRequests(request) ? TicketFlag.ENC_PA_REP : 0
    const challenge = armor && kdcChallenge(armor, account.key, this.#issuer())
    return {
      kind: 'AS',
      body: request.body,
      // As Samba and Windows do: an enterprise name is answered with the account's own.
      client: { account, cname: cname.nameType === 10 ? named(account) : cname },
      service: this.#serviceOrReferral(sname ?? cname),
      flags: (flags | proves) >>> 0,
      authTimeMs: this.#seconds(),
      replyKey: account.key,
      padata: [info, ...(challenge ? [challenge] : [])],
    }
  }

  #seconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000) * 1000
  }

  #etypeInfo(account: Account): PaData {
    return etypeInfoOf(account, this.directory.saltOf(account.name))
  }

  #tgs(kind: Kind, request: DecodedKdcReq, armor?: KdcArmor): Issue {
    const tgt = this.#openTgt(request)
    const proven = { tgt, request, key: armor?.subkey ?? tgt.key }
    const alone = findPaData(request.padata, PaType.PA_FOR_USER) === undefined
    const ignored = alone && this.tricks.withoutX509 === true
    if (kind === 'S4U2Self' && !ignored) return this.#s4u2self(proven)
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

  #s4u2self(proven: Proven): Issue {
    const { tgt, request, key } = proven
    const { userName, userRealm } = s4uUser(request, { sessionKey: tgt.key, key })
    const pacName = formatPrincipal(userName, userRealm)
    // Another realm's users are known by the PAC that their realm put into the referral.
    const known = userRealm === this.directory.realm || pacUser(tgt) === pacName
    if (!known) throw new Refused({ code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN })
    const user = this.#mustFind(userName, userRealm)
    if (user.refusal !== undefined) throw new Refused({ code: user.refusal })
    if (tgt.crealm !== this.directory.realm) {
      const client = { account: user, cname: tgt.cname, crealm: tgt.crealm, pacName }
      const referred = this.#issueFor('S4U2Self', proven, { client, flags: flagsFrom(request) })
      return { ...referred, padata: x509Reply(key, request) }
    }
    const requester = this.#mustFind(tgt.cname)
    const mayForward = requester.trustedToAuth === true && user.sensitive !== true
    const flags = mayForward ? flagsFrom(request) : 0
    const wanted = { client: { account: user, cname: userName, crealm: userRealm }, flags }
    return { ...this.#issueFor('S4U2Self', proven, wanted), padata: x509Reply(key, request) }
  }

  #s4u2proxy(proven: Proven): Issue {
    const { tgt, request } = proven
    const { cname, crealm } = tgt
    if (crealm !== this.directory.realm) return this.#s4u2proxyFromElsewhere(proven)
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
      return { ...this.#issueFor('S4U2Proxy', proven, referred), encryptedPaData }
    }
    this.#checkRight(requester, request)
    const wanted = { client: { account, cname: part.cname, crealm: part.crealm }, flags }
    return this.#issueFor('S4U2Proxy', proven, wanted)
  }

  #isElsewhere(request: DecodedKdcReq): boolean {
    return this.trusts.nextFor(request.body.sname) !== undefined
  }

  /** The evidence is a referral with the user's PAC; only the service's own list counts. */
  #s4u2proxyFromElsewhere(proven: Proven): Issue {
    const { tgt, request } = proven
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
    return this.#issueFor('S4U2Proxy', proven, { client, flags: flagsFrom(request) })
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
