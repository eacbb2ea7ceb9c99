/**
 * Proof of sign-in: an ID token signed by an issuer that the connector's own policy lists (OpenID Connect Core 1.0
 * sections 2 and 3.1.3.7, RFC 7519, RFC 8725). What the gateway says about a user counts for nothing.
 *
 * @module
 */

import { decodeJwt, errors as jose, jwtVerify, type JWTPayload } from 'jose'
import { LRUCache } from 'lru-cache'
import { counted, errorCode, errorText, SallyportError, type Clock } from '../platform/index.ts'
import type { AcceptedSignIn } from './accepted-sign-ins.ts'
import { unknownAssertion } from './assertion.ts'
import { SsoError } from './errors.ts'
import type { SsoLimits } from './limits.ts'
import type { IssuerPolicy, Policy } from './policy.ts'
import type { KeySource, Proof } from './ports.ts'

/** A proof that was found good. It is good until `validUntilMs`, and not checked again until then. */
export interface Verdict {
  readonly proofId: string
  /** The very token that was checked: another token under the same id is another proof. */
  readonly idToken: string
  readonly issuer: IssuerPolicy
  readonly subject: string
  readonly claims: Readonly<JWTPayload>
  /** When the user signed in (auth_time), else when the token was made (iat). */
  readonly signedInMs: number
  /** SIDs of the accounts that were used on this proof. */
  readonly users: Set<string>
  /** The earlier of exp and the longest age of a sign-in, clock tolerance included; 0 once the issuer has withdrawn its key. */
  validUntilMs: number
  /** Why it stands no more, where that is not its age. */
  refusal?: SsoError | undefined
  /** For an assertion: the sign-in with Kerberos behind it. */
  readonly accepted?: AcceptedSignIn | undefined
}

/** Judges assertions, and ends the sign-ins behind them. */
export interface AssertionJudge {
  verdictOn(proof: Proof): Verdict
  readonly signIns: { drop(id: string): void }
}

/** jose's own errors hold the claims: they are not kept as causes. */
function invalid(reason: string): SsoError {
  return new SsoError('ERR_SSO_PROOF_INVALID', `the ID token is refused: ${reason}`, {
    mend: "Compare the token's claims with the issuer's row in the connector's policy.",
  })
}

/** The claim is another one than the row says: both can be compared without seeing the token. */
function otherAudience(claim: string): SsoError {
  const reason = `the ID token is refused: claim ${claim} names another audience`
  return new SsoError('ERR_SSO_PROOF_AUDIENCE', reason, {
    mend: "Set audience (and authorizedParty, where azp is another) of the issuer in the connector's policy to the client id that the gateway has at the provider.",
  })
}

function early(claim: string): SsoError {
  const reason = `the ID token is refused: claim ${claim} is in the future`
  return new SsoError('ERR_SSO_PROOF_EARLY', reason, {
    mend: 'Set the clocks of this host and of the provider, for instance with chrony.',
  })
}

function expired(reason: string): SsoError {
  return new SsoError('ERR_SSO_PROOF_EXPIRED', `the proof of sign-in has expired: ${reason}`, {
    mend: 'Sign in again.',
  })
}

function withdrawn(): SsoError {
  return new SsoError(
    'ERR_SSO_PROOF_WITHDRAWN',
    'the issuer has withdrawn the key that signed the proof of sign-in',
    { mend: 'Sign in again.' },
  )
}

function unknownIssuer(): SsoError {
  return new SsoError('ERR_SSO_ISSUER_UNKNOWN', "the ID token's issuer is not in the policy", {
    mend: "Compare the provider's issuer with issuers in the connector's policy, letter by letter, a final / included.",
  })
}

function unverifiedIssuer(idToken: string): unknown {
  try {
    return decodeJwt(idToken).iss
  } catch {
    // jose's message may quote the token.
    throw invalid('it is not a signed JWT')
  }
}

function wrongClaim({ claim, reason }: jose.JWTClaimValidationFailed): SsoError {
  if (reason === 'check_failed' && claim === 'aud') return otherAudience('aud')
  if (reason === 'check_failed' && claim === 'nbf') return early('nbf')
  return invalid(`claim ${claim} (${reason})`)
}

/** What went wrong, in words that hold nothing of the token but names of claims. */
function translate(error: unknown): SallyportError {
  if (error instanceof SallyportError) return error
  if (error instanceof jose.JWTExpired) return expired(`claim ${error.claim}`)
  if (error instanceof jose.JWTClaimValidationFailed) return wrongClaim(error)
  if (error instanceof jose.JOSEAlgNotAllowed)
    return invalid('its algorithm is not one that the policy lists')
  if (error instanceof jose.JWKSNoMatchingKey)
    return invalid('the issuer has no such key (kid, alg)')
  if (error instanceof jose.JWSSignatureVerificationFailed) return invalid('its signature is wrong')
  if (error instanceof jose.JOSEError) return invalid(error.code)
  return new SsoError(
    'ERR_SSO_KEYS_UNREACHABLE',
    `the issuer's keys cannot be had: ${errorText(error)}`,
    {
      cause: error,
    },
  )
}

/** OpenID Connect Core 3.1.3.7 points 4 and 5: azp must be there for several audiences, and be ours where it is. */
function checkParty(claims: JWTPayload, issuer: IssuerPolicy): void {
  const party = claims['azp']
  const audiences = Array.isArray(claims.aud) ? claims.aud.length : 1
  if (party === undefined && audiences === 1) return
  if (party === undefined) throw invalid('several audiences and no azp')
  if (party !== (issuer.authorizedParty ?? issuer.audience)) throw otherAudience('azp')
}

function numberClaim(claims: JWTPayload, name: string): number | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw invalid(`claim ${name} (not a number)`)
  return value
}

function requiredNumber(claims: JWTPayload, name: string): number {
  const value = numberClaim(claims, name)
  if (value === undefined) throw invalid(`claim ${name} (missing)`)
  return value
}

/** An access token or a logout token of the same issuer is signed alike, but says so in its header (RFC 9068, RFC 8725 3.11). */
function checkType(type: string | undefined): void {
  if (type !== undefined && !/^(application\/)?jwt$/i.test(type))
    throw invalid('header typ (not an ID token)')
}

function pendingKey({ id, idToken }: Proof): string {
  return `${id}\n${idToken}`
}

/** Checks proofs and remembers what it found, by proof id. */
export class ProofVerifier {
  readonly #policy: Policy
  readonly #keys: KeySource
  readonly #clock: Clock
  readonly #limits: SsoLimits
  readonly #verdicts: LRUCache<string, Verdict>
  readonly #pending = new Map<string, Promise<Verdict>>()
  #verified = 0

  /** Without one no assertion is good. */
  assertions: AssertionJudge | undefined
  /** Told when an ID token was found good. */
  onVerified: (() => void) | undefined

  constructor(ports: { policy: Policy; keys: KeySource; clock: Clock }, limits: SsoLimits) {
    this.#policy = ports.policy
    this.#keys = ports.keys
    this.#clock = ports.clock
    this.#limits = limits
    this.#verdicts = new LRUCache({ max: limits.proofCount })
  }

  /** How many ID tokens were found good. */
  get verified(): number {
    return this.#verified
  }

  /**
   * The verdict on a proof that was checked before.
   *
   * @param proof - What the request came with.
   * @returns The verdict, or undefined when the proof must be checked first.
   * @throws SsoError ERR_SSO_PROOF_EXPIRED or ERR_SSO_PROOF_WITHDRAWN when it was good once.
   */
  known(proof: Proof): Verdict | undefined {
    const verdict = this.#verdicts.get(proof.id)
    if (verdict?.idToken !== proof.idToken) return undefined
    if (verdict.accepted?.live === false) throw unknownAssertion()
    if (this.#clock.nowMs() < verdict.validUntilMs) return verdict
    throw verdict.refusal ?? expired('it was good when it was first used')
  }

  /**
   * Checks a proof. Concurrent calls for one proof check it once.
   *
   * @param proof - What the request came with.
   * @returns The verdict.
   * @throws SsoError ERR_SSO_PROOF_INVALID, _AUDIENCE, _EARLY, _EXPIRED, ERR_SSO_ISSUER_UNKNOWN or ERR_SSO_KEYS_UNREACHABLE.
   */
  verify(proof: Proof): Promise<Verdict> {
    const key = pendingKey(proof)
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const check: Promise<Verdict> = this.#check(proof, () => this.#pending.get(key) === check)
    this.#pending.set(key, check)
    return check
  }

  /** Forgotten while it was checked, the answer stands for nobody, though the same be checked once more by then. */
  async #check(proof: Proof, isWanted: () => boolean): Promise<Verdict> {
    try {
      const verdict = await this.#judge(proof)
      if (isWanted()) this.#verdicts.set(proof.id, verdict)
      this.#verified++
      this.onVerified?.()
      return verdict
    } finally {
      if (isWanted()) this.#pending.delete(pendingKey(proof))
    }
  }

  async #judge(proof: Proof): Promise<Verdict> {
    if (proof.kind === 'assertion') return this.#judgeAssertion(proof)
    if (proof.idToken.length > this.#limits.idTokenLength) {
      throw invalid(`longer than idTokenLength (${this.#limits.idTokenLength})`)
    }
    const name = unverifiedIssuer(proof.idToken)
    const issuer = typeof name === 'string' ? this.#policy.issuers.get(name) : undefined
    if (issuer === undefined) throw unknownIssuer()
    const claims = await this.#signedClaims(proof.idToken, issuer)
    checkParty(claims, issuer)
    return {
      proofId: proof.id,
      idToken: proof.idToken,
      issuer,
      claims,
      users: new Set(),
      ...this.#times(claims, issuer),
    }
  }

  #judgeAssertion(proof: Proof): Verdict {
    if (this.assertions === undefined) throw unknownAssertion()
    return this.assertions.verdictOn(proof)
  }

  async #signedClaims(idToken: string, issuer: IssuerPolicy): Promise<JWTPayload> {
    try {
      const { payload, protectedHeader } = await jwtVerify(
        idToken,
        this.#keys.keysOf(issuer.issuer),
        {
          issuer: issuer.issuer,
          audience: issuer.audience,
          algorithms: issuer.algorithms,
          clockTolerance: this.#limits.clockToleranceSeconds,
          currentDate: new Date(this.#clock.nowMs()),
          requiredClaims: ['exp', 'iat', 'sub'],
        },
      )
      checkType(protectedHeader.typ)
      return payload
    } catch (error) {
      throw translate(error)
    }
  }

  #times(
    claims: JWTPayload,
    issuer: IssuerPolicy,
  ): Pick<Verdict, 'subject' | 'signedInMs' | 'validUntilMs'> {
    const toleranceMs = this.#limits.clockToleranceSeconds * 1000
    const issuedMs = requiredNumber(claims, 'iat') * 1000
    const signedInMs = (numberClaim(claims, 'auth_time') ?? issuedMs / 1000) * 1000
    const now = this.#clock.nowMs()
    if (Math.max(issuedMs, signedInMs) > now + toleranceMs) throw early('iat or auth_time')
    const oldestMs = signedInMs + issuer.maxAgeMinutes * 60_000
    const validUntilMs = Math.min(requiredNumber(claims, 'exp') * 1000, oldestMs) + toleranceMs
    if (now >= validUntilMs)
      throw expired(`the sign-in is older than ${counted(issuer.maxAgeMinutes, 'minute')}`)
    if (typeof claims.sub !== 'string' || claims.sub === '') throw invalid('claim sub (missing)')
    return { subject: claims.sub, signedInMs, validUntilMs }
  }

  #signed(): Verdict[] {
    const now = this.#clock.nowMs()
    const isSigned = ({ accepted, validUntilMs }: Verdict): boolean =>
      accepted === undefined && now < validUntilMs
    return [...this.#verdicts.values()].filter(isSigned)
  }

  /** The issuers of sign-ins that are good now. */
  issuers(): readonly string[] {
    return [...new Set(this.#signed().map(({ issuer }) => issuer.issuer))]
  }

  /**
   * Judges what was found good once more, by the keys that the issuer has now.
   *
   * @param issuer - Which.
   * @returns Those that stand no more: they are refused from now on.
   * @throws SsoError ERR_SSO_KEYS_UNREACHABLE; the rest has to be judged later.
   */
  async judgeAgain(issuer: string): Promise<readonly Verdict[]> {
    // What is being checked right now may still be by the former keys.
    await Promise.allSettled([...this.#pending.values()])
    const fallen: Verdict[] = []
    for (const verdict of this.#signed()) {
      if (verdict.issuer.issuer !== issuer || (await this.#stands(verdict))) continue
      verdict.validUntilMs = 0
      verdict.refusal = withdrawn()
      fallen.push(verdict)
    }
    return fallen
  }

  async #stands({ idToken, issuer }: Verdict): Promise<boolean> {
    try {
      await this.#signedClaims(idToken, issuer)
    } catch (error) {
      if (errorCode(error) === 'ERR_SSO_KEYS_UNREACHABLE') throw error
      return errorCode(error) !== 'ERR_SSO_PROOF_INVALID'
    }
    return true
  }

  /**
   * Says whether the user of a proof has another one that is good now.
   *
   * @param verdict - A proof that has expired, or is not good enough any more.
   * @param isEnough - Whether another one is.
   * @returns True after a refresh or another sign-in.
   */
  isLive(verdict: Verdict, isEnough: (other: Verdict) => boolean = () => true): boolean {
    const now = this.#clock.nowMs()
    for (const other of this.#verdicts.values()) {
      const same = other.subject === verdict.subject && other.issuer === verdict.issuer
      if (other.accepted?.live === false) continue
      if (same && now < other.validUntilMs && isEnough(other)) return true
    }
    return false
  }

  /**
   * Drops a proof and what was found.
   *
   * @param proofId - Which.
   * @returns SIDs of the accounts that were used on it.
   */
  forget(proofId: string): Iterable<string> {
    const { users = [], accepted } = this.#verdicts.peek(proofId) ?? {}
    if (accepted !== undefined) this.assertions?.signIns.drop(accepted.facts.id)
    this.#verdicts.delete(proofId)
    for (const key of [...this.#pending.keys()]) {
      if (key.startsWith(`${proofId}\n`)) this.#pending.delete(key)
    }
    return users
  }
}
