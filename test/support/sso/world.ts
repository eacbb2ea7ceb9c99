/**
 * What a pipeline lives among, in one process: an issuer with its own key, a directory, a KDC that hands out made-up
 * tickets, and the policy that ties them together.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import {
  DirectoryError,
  type AccountDirectory,
  type AccountKey,
  type DirectoryAccount,
} from '../../../src/directory/index.ts'
import type { EncryptionKey } from '../../../src/kerberos/crypto/index.ts'
import type { Evidence, S4uUser, ServiceTicket } from '../../../src/kerberos/index.ts'
import type { Clock } from '../../../src/platform/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { encodeNegTokenResp, frameToken, makeApRep, readAuthenticator } from '../gss-acceptor.ts'
import {
  compilePolicy,
  policySchema,
  type KeySource,
  type Policy,
  type ReadText,
} from '../../../src/sso/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'

export const ISSUER = 'https://idp.example'
export const AUDIENCE = 'sallyport'
export const DOMAIN_SID = 'S-1-5-21-1-2-3'

/** An OpenID provider that signs what it is told to. */
export interface Issuer {
  readonly keys: KeySource
  /** PEM of the public key: what an attacker has. */
  readonly publicJwk: object
  /** Signs claims; iss, aud, sub, iat, exp and auth_time are filled in. */
  token(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>
}

/**
 * Makes an issuer with a new ES256 key.
 *
 * @param clock - For iat and exp.
 * @returns The issuer.
 */
export async function createIssuer(clock: Clock): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const keys = createLocalJWKSet({ keys: [publicJwk] })
  return {
    publicJwk,
    keys: { keysOf: () => keys },
    token(claims, header = {}) {
      const now = Math.floor(clock.nowMs() / 1000)
      const times = { iat: now, exp: now + 600, auth_time: now }
      const base = { iss: ISSUER, aud: AUDIENCE, sub: JSON.stringify(claims['upn']), ...times }
      return new SignJWT({ ...base, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
        .sign(privateKey)
    },
  }
}

/** A directory that knows who it is told of. */
export class FakeDirectory implements AccountDirectory {
  readonly accounts: DirectoryAccount[] = []
  /** What else an account has, for keys by filter. */
  readonly attributes: Map<DirectoryAccount, Readonly<Record<string, readonly string[]>>> =
    new Map()
  lookups = 0
  failure: Error | undefined

  /** Adds a user of CORP.EXAMPLE; the relative id grows with every user. */
  add(name: string, more: Partial<DirectoryAccount> = {}): DirectoryAccount {
    const account = {
      distinguishedName: `CN=${name},CN=Users,DC=corp,DC=example`,
      sAMAccountName: name,
      userPrincipalName: `${name}@corp.example`,
      sid: `${DOMAIN_SID}-${1100 + this.accounts.length}`,
      realm: 'CORP.EXAMPLE',
      enabled: true,
      sensitive: false,
      protectedUser: false,
      memberOf: [],
      ...more,
    }
    this.accounts.push(account)
    return account
  }

  /** Changes what an account has. */
  change(name: string, more: Partial<DirectoryAccount>): void {
    const at = this.accounts.findIndex(({ sAMAccountName }) => sAMAccountName === name)
    const account = this.accounts[at]
    if (account === undefined) throw new Error(`no account ${name}`)
    this.accounts[at] = { ...account, ...more }
  }

  #isNamed(account: DirectoryAccount, key: AccountKey): boolean {
    if (key.by !== 'filter') return account[key.by]?.toLowerCase() === key.value.toLowerCase()
    const attributes = this.attributes.get(account)
    return key.template.matches(key.value, (name) => attributes?.[name] ?? [])
  }

  async findAccount(key: AccountKey): Promise<DirectoryAccount> {
    this.lookups++
    await Promise.resolve()
    if (this.failure !== undefined) throw this.failure
    const found = this.accounts.filter((account) => this.#isNamed(account, key))
    const [account] = found
    if (account === undefined)
      throw new DirectoryError('ERR_DIRECTORY_NOT_FOUND', 'no such account')
    if (found.length > 1) throw new DirectoryError('ERR_DIRECTORY_AMBIGUOUS', 'several accounts')
    return account
  }
}

/** Who a made-up ticket is for. */
export interface TicketHolder {
  readonly user: string
  readonly spn: string
  readonly sessionKey: EncryptionKey
}

/** A KDC's answers, made up: tickets are random octets, and it remembers whose they are. */
export class FakeKerberos {
  readonly name = 'CONN1$@CORP.EXAMPLE'
  impersonations = 0
  delegations = 0
  failImpersonate: Error | undefined
  failDelegate: Error | undefined
  lifetimeMs: number = 10 * 3_600_000
  groupSids: readonly string[] = [`${DOMAIN_SID}-513`]
  /** Holds every exchange up until it is resolved. */
  gate: Promise<void> | undefined
  readonly #clock: Clock
  readonly #issued: (TicketHolder & { readonly octets: Buffer })[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  #ticket(user: string, spn: string): ServiceTicket {
    const random = randomBytes(60)
    const octets = Buffer.concat([Buffer.from([0x61, random.length]), random])
    const sessionKey = { etype: 18, value: randomBytes(32) }
    this.#issued.push({ user, spn, octets, sessionKey })
    const now = this.#clock.nowMs()
    return {
      client: { nameType: 1, nameString: [user] },
      clientRealm: 'CORP.EXAMPLE',
      server: { nameType: 2, nameString: spn.split('/') },
      serverRealm: 'CORP.EXAMPLE',
      ticket: octets,
      sessionKey,
      flags: 0,
      authTimeMs: now,
      startTimeMs: now,
      endTimeMs: now + this.lifetimeMs,
    }
  }

  async impersonate(user: S4uUser): Promise<Evidence> {
    this.impersonations++
    await this.gate
    if (this.failImpersonate !== undefined) throw this.failImpersonate
    return {
      ...this.#ticket(user.name, this.name),
      forwardable: true,
      sid: user.sid ?? '',
      groupSids: this.groupSids,
      accountName: user.name,
    }
  }

  async delegate(evidence: Evidence, spn: string): Promise<ServiceTicket> {
    this.delegations++
    await this.gate
    if (this.failDelegate !== undefined) throw this.failDelegate
    return this.#ticket(evidence.client.nameString.join('/'), spn)
  }

  /**
   * Whose ticket is in a token, as the service that can decrypt it would find out.
   *
   * @param token - A SPNEGO token.
   * @returns User and SPN, or undefined for a token without a ticket of this KDC.
   */
  holderOf(token: Uint8Array): TicketHolder | undefined {
    const octets = Buffer.from(token)
    return this.#issued.find((ticket) => octets.includes(ticket.octets))
  }

  /**
   * The proof of the service that holds the ticket of a token.
   *
   * @param token - SPNEGO or Kerberos alone.
   * @returns What it answers in the same form; undefined for a token without a ticket of this KDC.
   */
  proofFor(token: Uint8Array): Uint8Array | undefined {
    const holder = this.holderOf(token)
    if (holder === undefined) return undefined
    const { authenticator, spnego } = readAuthenticator(token, holder.sessionKey)
    const reply = makeApRep({ authenticator, sessionKey: holder.sessionKey }, systemRandom)
    const framed = frameToken(0x0200, reply)
    return spnego ? encodeNegTokenResp({ negState: 0, responseToken: framed }) : framed
  }
}

/** Fields of a policy file, as YAML would give them. */
export type RawPolicy = Record<string, unknown>

/**
 * A policy with the test's issuer and the given backends.
 *
 * @param backends - Rows.
 * @param issuer - Fields of the issuer that differ.
 * @param readText - What the files are that it names.
 * @returns The policy.
 */
export function policyOf(
  backends: readonly RawPolicy[],
  issuer: RawPolicy = {},
  readText: ReadText = (path) => `text of ${path}`,
): Policy {
  const row = {
    issuer: ISSUER,
    audience: AUDIENCE,
    loginClaim: 'upn',
    keysFile: 'keys.json',
    upnSuffixes: ['corp.example'],
    realms: ['CORP.EXAMPLE'],
    algorithms: ['ES256'],
    ...issuer,
  }
  return compilePolicy(policySchema.parse({ issuers: [row], backends }), readText)
}

/**
 * Settings of an app.
 *
 * @param internalUrl - Where its backend is.
 * @param more - What differs from a Kerberos app with sign-in.
 * @returns The settings.
 */
export function appOf(internalUrl: string, more: Partial<AppSettings> = {}): AppSettings {
  return {
    id: 'intranet',
    externalUrl: 'https://intranet.example/',
    internalUrl,
    preAuthentication: 'oidc',
    singleSignOn: 'kerberos',
    servicePrincipalName: 'HTTP/iwa.corp.example',
    delegatedLoginIdentity: 'userPrincipalName',
    hostHeader: 'internal',
    timeouts: { connectMs: 5000, firstOctetMs: 5000, idleMs: 5000 },
    ...more,
  }
}
