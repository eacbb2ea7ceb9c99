/**
 * Registers connectors: one-time tokens are made, and redeemed for a certificate.
 *
 * @module
 */

import { z } from 'zod'
import { withDefaults, type Clock, type Logger, type Random } from '../platform/index.ts'
import {
  createRegistrationSecret,
  encodeRegistrationToken,
  hashRegistrationSecret,
  issueConnectorCertificate,
  publicKeyPin,
  type Authority,
} from '../pki/index.ts'
import { RegistrationError } from './registration-errors.ts'
import {
  DEFAULT_REGISTRATION_RATE,
  RegistrationCounter,
  type RegistrationRate,
} from './registration-rate.ts'
import type { RedemptionOutcome, RegistrationTokenRepository } from './store.ts'

/** Expired tokens are forgotten after this: until then their holder hears that they expired, not that they never were. */
const REMEMBER_EXPIRED_MS = 30 * 86_400_000

/** What a connector sends; nothing else is taken. */
const requestSchema = z.strictObject({
  secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  csr: z.string().min(1).max(4096),
  name: z.string().regex(/^[\p{L}\p{N}\p{P} ]{1,64}$/u),
})

/** What a registered connector gets. */
export interface RegistrationReply {
  /** UUID. */
  readonly id: string
  readonly group: string
  /** PEM. */
  readonly certificate: string
}

/** How registration behaves. */
export interface RegistrationOptions {
  /** Lifetime of connector certificates. Default 30. */
  readonly certificateDays?: number
  readonly rate?: Partial<RegistrationRate>
}

/** What registration needs of the outside. */
export interface RegistrationPorts {
  readonly authority: Authority
  readonly tokens: RegistrationTokenRepository
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Where a new token leads, and for whom it is. */
export interface TokenOrder {
  /** The group that whoever redeems it joins. */
  readonly group: string
  readonly lifetimeMinutes: number
  /** `host:port` of the tunnel listener as connectors reach it. */
  readonly address: string
  /** The name in the tunnel listener's certificate. */
  readonly serverName: string
}

/** A token that was made; it exists nowhere else. */
export interface CreatedToken {
  readonly token: string
  readonly expiresMs: number
}

/** A version 4 UUID (RFC 9562 section 5.4) from the Random port. */
function newUuid(random: Random): string {
  const octets = Buffer.from(random.bytes(16))
  octets[6] = ((octets[6] ?? 0) & 0x0f) | 0x40
  octets[8] = ((octets[8] ?? 0) & 0x3f) | 0x80
  return octets.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function refusedToken(outcome: 'unknown' | 'used' | 'expired'): RegistrationError {
  const mend = 'Make a new token at the gateway: `sallyport tokens create`.'
  switch (outcome) {
    case 'unknown':
      return new RegistrationError(
        'ERR_GATEWAY_TOKEN_UNKNOWN',
        'the gateway does not know this registration token',
        { mend },
      )
    case 'used':
      return new RegistrationError(
        'ERR_GATEWAY_TOKEN_USED',
        'this registration token has already been used',
        { mend: `${mend} If it was not you who used it, revoke the connector that did.` },
      )
    case 'expired':
      return new RegistrationError(
        'ERR_GATEWAY_TOKEN_EXPIRED',
        'this registration token has expired',
        { mend },
      )
  }
}

/**
 * Makes a registration token. Only the hash of its secret is kept.
 *
 * @param order - Group, lifetime and where it leads.
 * @param ports - The CA, the tokens, clock and chance.
 * @returns The token.
 */
export async function createRegistrationToken(
  order: TokenOrder,
  ports: Omit<RegistrationPorts, 'logger'>,
): Promise<CreatedToken> {
  const { authority, tokens, clock, random } = ports
  const createdMs = clock.nowMs()
  const expiresMs = createdMs + order.lifetimeMinutes * 60_000
  const secret = createRegistrationSecret(random)
  const pin = publicKeyPin(authority.certificatePem)
  const { address, serverName, group } = order
  const token = encodeRegistrationToken({ address, serverName, pin, secret })
  await tokens.deleteExpired(createdMs - REMEMBER_EXPIRED_MS)
  const secretHash = hashRegistrationSecret(secret)
  await tokens.insert({ secretHash, group, createdMs, expiresMs })
  return { token, expiresMs }
}

/** Answers registration requests. */
export class Registration {
  readonly #ports: RegistrationPorts
  readonly #certificateDays: number
  readonly #counter: RegistrationCounter

  constructor(ports: RegistrationPorts, options: RegistrationOptions = {}) {
    this.#ports = ports
    this.#certificateDays = options.certificateDays ?? 30
    const rate = withDefaults(DEFAULT_REGISTRATION_RATE, options.rate ?? {})
    this.#counter = new RegistrationCounter(rate, ports.clock)
  }

  /**
   * Takes a registration request.
   *
   * @param body - The parsed body, whatever it is.
   * @param address - Where it comes from, for the rate limit and the log.
   * @returns The connector's identity.
   * @throws RegistrationError, PkiError ERR_PKI_REQUEST and ERR_PKI_KEY; each may be told to the sender.
   */
  async register(body: unknown, address: string): Promise<RegistrationReply> {
    if (!this.#counter.take(address)) {
      throw new RegistrationError(
        'ERR_GATEWAY_REGISTRATION_RATE',
        'too many registrations within a minute',
        { mend: 'Wait a minute and try again.' },
      )
    }
    const request = requestSchema.safeParse(body)
    if (!request.success) {
      const fields = request.error.issues.map((issue) => issue.path.join('.')).join(', ')
      throw new RegistrationError(
        'ERR_GATEWAY_REGISTRATION_BODY',
        `not a registration: fault in ${fields === '' ? 'the body' : fields}`,
        { mend: 'Use the `sallyport connector register` of a version that fits the gateway.' },
      )
    }
    return this.#redeem(request.data, address)
  }

  /** The token is looked at first, so that nothing is signed for strangers, and marked used last, so that a bad request does not spend it. */
  async #redeem(
    request: z.infer<typeof requestSchema>,
    address: string,
  ): Promise<RegistrationReply> {
    const { authority, tokens, clock, random, logger } = this.#ports
    const nowMs = clock.nowMs()
    const secretHash = hashRegistrationSecret(request.secret)
    await this.#requireUsable(secretHash, nowMs)
    const connectorId = newUuid(random)
    const order = { csrPem: request.csr, connectorId, lifetimeDays: this.#certificateDays }
    const { certificatePem, ...certificate } = issueConnectorCertificate(
      authority,
      order,
      this.#ports,
    )
    const connector = { id: connectorId, name: request.name }
    const result = await tokens.redeem(secretHash, { nowMs, connector, certificate })
    const { id, group } = requireRedeemed(result)
    logger.info('connector registered', { connector: id, name: request.name, group, address })
    return { id, group, certificate: certificatePem }
  }

  async #requireUsable(secretHash: string, nowMs: number): Promise<void> {
    const token = await this.#ports.tokens.find(secretHash)
    if (token === undefined) throw refusedToken('unknown')
    if (token.usedMs !== undefined) throw refusedToken('used')
    if (nowMs >= token.expiresMs) throw refusedToken('expired')
  }
}

function requireRedeemed(result: RedemptionOutcome) {
  if (result.outcome !== 'redeemed') throw refusedToken(result.outcome)
  return result.connector
}
