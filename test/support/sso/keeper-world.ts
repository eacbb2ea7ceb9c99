/**
 * A ticket keeper among scripted parts on a virtual clock: no sockets, no tokens, no network.
 *
 * @module
 */

import {
  KerberosError,
  type Evidence,
  type S4uUser,
  type ServiceTicket,
} from '../../../src/kerberos/index.ts'
import type { Random } from '../../../src/platform/index.ts'
import { resolveSsoLimits, type SsoLimits } from '../../../src/sso/index.ts'
import type { Identity } from '../../../src/sso/identity.ts'
import type { TicketWish } from '../../../src/sso/ticket-types.ts'
import { TicketKeeper } from '../../../src/sso/tickets.ts'
import { ManualClock, MemoryLogger } from '../manual-clock.ts'
import { FakeKerberos, policyOf } from './world.ts'

export const SPN = 'HTTP/iwa.corp.example'

/** The same octets always: jitter is half of what it may be. */
const middling: Random = { bytes: (octets) => new Uint8Array(octets).fill(0x80) }

/** What is known of a service ticket. */
export interface Issued {
  readonly user: string
  readonly spn: string
  /** Number of the exchange, from 1. */
  readonly exchange: number
  /** When it was asked for, when it came, and when its evidence was asked for. */
  readonly atMs: number
  readonly cameAtMs: number
  readonly evidenceAtMs: number
  readonly endsAtMs: number
  /** Its octets. */
  readonly ticket: Buffer
}

/** A KDC that takes its time, by the virtual clock, and may be down or refuse users. */
export class SlowKerberos extends FakeKerberos {
  /** Exchanges begun so far. */
  exchanges = 0
  /** Told how each ended. */
  onAnswer: (user: string, answer: 'granted' | 'refused' | 'silent') => void = () => undefined
  /** How long an exchange takes. */
  delayMs = 0
  down = false
  /** Version of the connector's own keys. */
  keyVersion = 1
  readonly refused: Set<string> = new Set()
  inFlight = 0
  mostInFlight = 0
  readonly #clock: ManualClock
  readonly #issues: Issued[] = []
  readonly #impersonatedMs = new WeakMap<Evidence, number>()

  constructor(clock: ManualClock) {
    super(clock)
    this.#clock = clock
  }

  /**
   * What is known of the service ticket in a token.
   *
   * @param token - A SPNEGO token.
   * @returns Undefined for a token without a ticket of this KDC.
   */
  issueOf(token: Uint8Array): Issued | undefined {
    const octets = Buffer.from(token)
    return this.#issues.find(({ ticket }) => octets.includes(ticket))
  }

  override async impersonate(user: S4uUser): Promise<Evidence> {
    this.exchanges += 1
    const atMs = this.#clock.nowMs()
    await this.#answer(user.name)
    const evidence = await super.impersonate(user)
    this.#impersonatedMs.set(evidence, atMs)
    return evidence
  }

  override async delegate(evidence: Evidence, spn: string): Promise<ServiceTicket> {
    const exchange = ++this.exchanges
    const atMs = this.#clock.nowMs()
    const user = evidence.accountName
    await this.#answer(user)
    const ticket = await super.delegate(evidence, spn)
    const [cameAtMs, endsAtMs] = [this.#clock.nowMs(), ticket.endTimeMs]
    const evidenceAtMs = this.#impersonatedMs.get(evidence) ?? 0
    this.#issues.push({
      user,
      spn,
      exchange,
      atMs,
      cameAtMs,
      evidenceAtMs,
      endsAtMs,
      ticket: Buffer.from(ticket.ticket),
    })
    return ticket
  }

  async #answer(user: string): Promise<void> {
    this.inFlight += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    try {
      if (this.delayMs > 0) {
        await new Promise<void>((resolve) => this.#clock.setTimer(this.delayMs, resolve))
      }
    } finally {
      this.inFlight -= 1
    }
    const refused = this.refused.has(user) ? 'refused' : 'granted'
    const answer = this.down ? 'silent' : refused
    this.onAnswer(user, answer)
    if (answer === 'silent') throw new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'no KDC')
    if (answer === 'refused') throw new KerberosError('ERR_KRB_CLIENT_REVOKED', 'disabled')
  }
}

/** A keeper and its world. */
export class KeeperWorld {
  readonly clock: ManualClock = new ManualClock()
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly kerberos: SlowKerberos = new SlowKerberos(this.clock)
  /** Users whom the keeper reported as refused, in order. */
  readonly reported: string[] = []
  /** Chance; assign to change. */
  random: Random = middling
  readonly keeper: TicketKeeper
  readonly #identities = new Map<string, Identity>()
  readonly #backend = policyOf([
    { origin: 'https://iwa.corp.example', servicePrincipalName: SPN, tls: { verify: 'off' } },
  ]).backends[0]

  constructor(limits: Partial<SsoLimits> = {}) {
    const { clock, logger, kerberos } = this
    const onRefused = (user: string): void => void this.reported.push(user)
    const random = { bytes: (octets: number) => this.random.bytes(octets) }
    this.keeper = new TicketKeeper(
      { clock, logger, kerberos, random, onRefused },
      resolveSsoLimits(limits),
    )
  }

  identity(name: string): Identity {
    const known = this.#identities.get(name)
    if (known !== undefined) return known
    const sid = `S-1-5-21-1-2-3-${2000 + this.#identities.size}`
    const realm = 'CORP.EXAMPLE'
    const account = {
      distinguishedName: `CN=${name},DC=corp,DC=example`,
      sAMAccountName: name,
      userPrincipalName: `${name}@corp.example`,
      ...{ sid, realm, enabled: true, sensitive: false, protectedUser: false, memberOf: [] },
    }
    const made = {
      user: sid,
      account,
      s4uUser: { name, realm, sid },
      cleared: new WeakSet<object>(),
      lastTicketKey: undefined,
      freshUntilMs: Infinity,
    }
    this.#identities.set(name, made)
    return made
  }

  wish(
    name: string,
    more: { readonly spn?: string; readonly signedInMs?: number } = {},
  ): TicketWish {
    if (this.#backend === undefined) throw new Error('no backend in the policy')
    return {
      identity: this.identity(name),
      backend: this.#backend,
      spn: SPN,
      signedInMs: 0,
      ...more,
    }
  }
}
