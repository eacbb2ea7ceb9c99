/**
 * Header-based single sign-on: what a backend is told of a user, made once per sign-in and kept with it.
 *
 * @module
 */

import type { JWTPayload } from 'jose'
import type { Clock, Random } from '../../platform/index.ts'
import type { DirectoryAccount } from '../../directory/index.ts'
import { USER_CLAIMS } from '../assertion.ts'
import { SsoError } from '../errors.ts'
import {
  namedKey,
  readSigningKey,
  signAssertion,
  type NamedSigningKey,
  type SigningKey,
} from './assertion.ts'
import type { AssertionRow, HeaderSignOnRow } from './row.ts'
import { TemplateFault, type TemplateValues } from './template.ts'

/** A sign-in that was found good; its Verdict. */
export interface SignedIn {
  readonly subject: string
  readonly issuer: { readonly issuer: string }
  readonly claims: Readonly<JWTPayload>
  readonly validUntilMs: number
  /** There for a sign-in with Kerberos. */
  readonly accepted?: unknown
}

/** The account that it leads to; its Identity. */
export interface SignedInAccount {
  readonly account: DirectoryAccount
}

/** What assertions are made with. */
export interface HeaderSignOnPorts {
  readonly clock: Clock
  readonly random: Random
}

/** Fields for one user, and until when they are good. */
interface Made {
  readonly identity: SignedInAccount | undefined
  readonly fields: readonly string[]
  readonly untilMs: number
}

/** The sign-on of one backend row. */
export class HeaderSignOn {
  /** Whether the templates need the account, not the ID token alone. */
  readonly wantsAccount: boolean
  /** The fields that are ours to say. */
  readonly names: readonly string[]
  readonly #row: HeaderSignOnRow
  readonly #origin: string
  readonly #assertion: AssertionSource | undefined
  readonly #made = new WeakMap<SignedIn, Made>()

  /**
   * Makes a row ready for use.
   *
   * @param row - As the policy has it.
   * @param origin - The backend's.
   * @param keyPem - The text of the assertion's keyFile, where there is one.
   * @throws SsoError ERR_SSO_SIGNING_KEY when that is no key for it.
   */
  constructor(row: HeaderSignOnRow, origin: string, keyPem: string | undefined) {
    const { headers, assertion } = row
    this.#row = row
    this.#origin = origin
    this.wantsAccount = Object.values(headers).some((template) => template.wantsAccount)
    this.names = [...Object.keys(headers), ...(assertion === undefined ? [] : [assertion.header])]
    this.#assertion =
      assertion && keyPem !== undefined ? new AssertionSource(assertion, origin, keyPem) : undefined
  }

  /** The public key of the assertions, undefined without them. */
  async signingKey(): Promise<NamedSigningKey | undefined> {
    return this.#assertion?.key()
  }

  /**
   * What is at hand for a user.
   *
   * @param verdict - Their sign-in.
   * @param identity - Their account, where the templates want it.
   * @param nowMs - The time.
   * @returns Flat fields; undefined when they must be made first.
   */
  known(
    verdict: SignedIn,
    identity: SignedInAccount | undefined,
    nowMs: number,
  ): readonly string[] | undefined {
    const made = this.#made.get(verdict)
    if (made === undefined || made.identity !== identity || nowMs >= made.untilMs) return undefined
    return made.fields
  }

  /**
   * Makes what the backend is told.
   *
   * @param verdict - The user's sign-in.
   * @param identity - Their account, where the templates want it.
   * @param ports - Time and chance.
   * @returns Flat fields: name, value and so on. Values are UTF-8 as latin1 text, as HTTP carries octets.
   * @throws SsoError ERR_SSO_HEADER_CLAIM when a claim is missing or fits no field.
   */
  async make(
    verdict: SignedIn,
    identity: SignedInAccount | undefined,
    ports: HeaderSignOnPorts,
  ): Promise<readonly string[]> {
    const fields = this.#fields({ claims: verdict.claims, account: identity?.account }, verdict)
    const signed = await this.#assertion?.sign({ verdict, identity }, ports)
    if (signed !== undefined) fields.push(signed.header, signed.jwt)
    const untilMs = signed?.freshUntilMs ?? verdict.validUntilMs
    this.#made.set(verdict, { identity, fields, untilMs })
    return fields
  }

  #fields(values: TemplateValues, signedIn: SignedIn): string[] {
    const { headers, separator } = this.#row
    const fields: string[] = []
    for (const [name, template] of Object.entries(headers)) {
      try {
        const value = template.fill(values, separator)
        if (value !== undefined) fields.push(name, Buffer.from(value, 'utf8').toString('latin1'))
      } catch (error) {
        if (!(error instanceof TemplateFault)) throw error
        throw new SsoError(
          'ERR_SSO_HEADER_CLAIM',
          `${name} for ${this.#origin} cannot be filled in: ${error.message}`,
          { mend: mendFor(signedIn) },
        )
      }
    }
    return fields
  }
}

/** No provider was asked for claims where a ticket was the proof. */
function mendFor({ issuer, accepted }: SignedIn): string {
  if (accepted === undefined) {
    return `Have ${issuer.issuer} put the claim into ID tokens, or mark it as optional in the policy: {claim?}.`
  }
  return `A sign-in with Kerberos gives the claims ${USER_CLAIMS.join(', ')} alone. Use one of them, or an attribute such as {account.sAMAccountName}; or mark the claim as optional in the policy: {claim?}; or take frontEndKerberos off the app, so that its users come by the provider.`
}

/** Makes the assertions of one row. */
class AssertionSource {
  readonly #row: AssertionRow & { readonly audience: string }
  readonly #signing: SigningKey
  #named: Promise<NamedSigningKey> | undefined

  constructor(row: AssertionRow, origin: string, pem: string) {
    this.#row = { ...row, audience: row.audience ?? origin }
    this.#signing = readSigningKey(pem, row.keyFile)
  }

  key(): Promise<NamedSigningKey> {
    this.#named ??= namedKey(this.#signing)
    return this.#named
  }

  async sign(
    {
      verdict,
      identity,
    }: { readonly verdict: SignedIn; readonly identity: SignedInAccount | undefined },
    { clock, random }: HeaderSignOnPorts,
  ): Promise<{ readonly header: string; readonly jwt: string; readonly freshUntilMs: number }> {
    const { subject, claims, issuer } = verdict
    const accountName = identity?.account.sAMAccountName
    const signer = await this.key()
    const whom = { subject, claims, issuer: issuer.issuer, accountName }
    const jwt = await signAssertion(whom, this.#row, { signer, clock, random })
    // The backend has at least half of its lifetime left to look at it.
    const halfMs = this.#row.lifetimeSeconds * 500
    const freshUntilMs = Math.min(clock.nowMs() + halfMs, verdict.validUntilMs)
    return { header: this.#row.header, jwt, freshUntilMs }
  }
}
