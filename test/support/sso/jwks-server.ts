/**
 * A provider's key set behind TLS, whose answer a test changes as it likes.
 *
 * @module
 */

import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAuthority, issueServerCertificate } from '../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { compilePolicy, policySchema, type KeySource, type Policy } from '../../../src/sso/index.ts'
import { createKeySource, type KeySourceOptions } from '../../../src/sso/io/index.ts'
import { MemoryLogger } from '../manual-clock.ts'
import { ISSUER } from './world.ts'

const ports = { clock: systemClock, random: systemRandom }

/** What it answers. */
export interface JwksAnswer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body: string
}

/** The server. */
export class JwksServer {
  answer: JwksAnswer = { status: 404, body: '' }
  fetches = 0
  readonly #authority = createAuthority(ports)
  readonly #server: Server

  constructor() {
    const { certificatePem: cert, privateKeyPem: key } = issueServerCertificate(
      this.#authority,
      { names: ['idp.example'] },
      ports,
    )
    this.#server = createServer({ cert, key }, (_request, response) => {
      this.fetches++
      response.writeHead(this.answer.status, this.answer.headers).end(this.answer.body)
    })
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  /**
   * Answers with these keys from now on.
   *
   * @param keys - JSON Web Keys.
   */
  show(...keys: readonly object[]): void {
    this.answer = { status: 200, body: JSON.stringify({ keys }) }
  }

  /** How it is found. */
  readonly options: KeySourceOptions = {
    logger: new MemoryLogger(),
    resolve: () => Promise.resolve(['127.0.0.1']),
    retryMs: 0,
  }

  /**
   * A policy with the issuer whose keys are here.
   *
   * @param ca - Trusted for the server's certificate.
   * @returns The policy.
   */
  policy(ca: string = this.#authority.certificatePem): Policy {
    const { port } = this.#server.address() as AddressInfo
    const row = {
      ...{ issuer: ISSUER, audience: 'a', loginClaim: 'upn', ca: 'ca.pem', upnSuffixes: ['x'] },
      jwksUrl: `https://idp.example:${port}/jwks`,
    }
    return compilePolicy(policySchema.parse({ issuers: [row], backends: [] }), () => ca)
  }

  /**
   * A key source of its own for it.
   *
   * @param more - What differs.
   * @param ca - Trusted for the server's certificate.
   * @returns The source.
   */
  source(more: Partial<KeySourceOptions> = {}, ca?: string): KeySource {
    return createKeySource(this.policy(ca), { ...this.options, ...more })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
