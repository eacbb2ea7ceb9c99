/**
 * Sign-ins under way. Each lives in a cookie of its own, sealed under a key that only this process has: several tabs at
 * once do not disturb each other, and nobody can fill the gateway's memory with sign-ins that he never ends.
 *
 * @module
 */

import type { Clock, Random } from '../platform/index.ts'
import { clearCookie, ownCookies, setCookie, SIGN_IN_COOKIE_PREFIX } from './cookies.ts'
import type { SignInChecks, StepUp } from './oidc.ts'
import { seal, unseal } from './seal.ts'

/** A sign-in that has begun. */
export interface PendingSignIn extends SignInChecks {
  /** External host on which it began. */
  readonly host: string
  /** Path to go to when it is done. */
  readonly returnTo: string
  /** The provider was told to ask for the password. */
  readonly forced: boolean
  /** What it has been asked for in a row because the policy inside wanted more. */
  readonly askedFor?: readonly StepUp[] | undefined
  readonly startedMs: number
}

/** A sign-in and the fields that a response needs to remember or forget it. */
export interface StatedSignIn {
  readonly pending: PendingSignIn
  /** Set-Cookie fields, flat. */
  readonly cookies: readonly string[]
}

/** Time to sign in, milliseconds. */
const LIFETIME_MS = 600_000
/** Most sign-ins under way in one browser; the oldest gives way. */
const MAX_PENDING = 5
const COOKIE_NAME = /^__Host-sallyport-tx-([0-9a-z]{1,9})\.([A-Za-z0-9_-]{11})$/

/** Begins and recalls sign-ins. */
export class SignInStates {
  readonly #key: Uint8Array
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.#key = random.bytes(32)
  }

  /**
   * Begins a sign-in.
   *
   * @param host - External host.
   * @param wish - Path to go to afterwards, and whether the provider is told to ask for the password.
   * @param cookieHeader - What the browser sent: too many old sign-ins are cleared.
   * @returns The sign-in and its cookie.
   */
  begin(
    host: string,
    wish: Pick<PendingSignIn, 'returnTo' | 'forced' | 'askedFor'>,
    cookieHeader: string,
  ): StatedSignIn {
    const id = this.#text(8)
    const startedMs = this.#clock.nowMs()
    const pending = {
      state: `${id}.${this.#text(24)}`,
      nonce: this.#text(24),
      codeVerifier: this.#text(32),
      ...{ host, ...wish, startedMs },
    }
    const name = `${SIGN_IN_COOKIE_PREFIX}${Math.floor(startedMs / 1000).toString(36)}.${id}`
    const box = seal(Buffer.from(JSON.stringify(pending)), this.#sealKey(name), this.#random)
    const value = Buffer.from(box).toString('base64url')
    const fresh = ['Set-Cookie', setCookie(name, value, LIFETIME_MS / 1000)]
    return { pending, cookies: [...fresh, ...clearing(surplus(cookieHeader))] }
  }

  /**
   * Recalls the sign-in that a callback belongs to.
   *
   * @param host - External host.
   * @param state - The callback's `state`.
   * @param cookieHeader - What the browser sent.
   * @returns The sign-in, and fields that clear its cookie; undefined when this browser began none such, or too long ago.
   */
  recall(host: string, state: string, cookieHeader: string): StatedSignIn | undefined {
    const id = state.slice(0, state.indexOf('.'))
    const cookie = ownCookies(cookieHeader).find(({ name }) => COOKIE_NAME.exec(name)?.[2] === id)
    if (!cookie) return undefined
    const plaintext = unseal(Buffer.from(cookie.value, 'base64url'), this.#sealKey(cookie.name))
    if (!plaintext) return undefined
    // Only this process can have sealed it, so its shape is known.
    const pending = JSON.parse(plaintext.toString('utf8')) as PendingSignIn
    const ageMs = this.#clock.nowMs() - pending.startedMs
    if (pending.host !== host || pending.state !== state || ageMs > LIFETIME_MS) return undefined
    return { pending, cookies: clearing([cookie.name]) }
  }

  #text(octets: number): string {
    return Buffer.from(this.#random.bytes(octets)).toString('base64url')
  }

  #sealKey(name: string): { key: Uint8Array; label: string } {
    return { key: this.#key, label: `sallyport sign-in ${name}` }
  }
}

function clearing(names: readonly string[]): string[] {
  return names.flatMap((name) => ['Set-Cookie', clearCookie(name)])
}

/** The sign-in cookies that have to give way to one more, oldest first. */
function surplus(cookieHeader: string): readonly string[] {
  const started = (name: string) => parseInt(COOKIE_NAME.exec(name)?.[1] ?? '0', 36)
  const names = ownCookies(cookieHeader)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(SIGN_IN_COOKIE_PREFIX))
    .sort((one, other) => started(other) - started(one))
  return names.slice(MAX_PENDING - 1)
}
