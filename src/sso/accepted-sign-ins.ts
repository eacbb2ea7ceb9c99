/**
 * Sign-ins with Kerberos that this connector accepted, each with the ticket that the user presented: the proof, and the evidence
 * for S4U2Proxy. Kept in memory alone, bounded by count and octets, and by a share for each user; what is pushed out has to sign in again.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { AppSettings } from '../tunnel/index.ts'
import { SsoError } from './errors.ts'
import type { SsoLimits } from './limits.ts'
import { UserIndex } from './user-index.ts'

/** What an accepted sign-in is made of. */
export interface SignInFacts {
  /** Named so by the assertion. */
  readonly id: string
  /** SID of the account. */
  readonly user: string
  /** DER of the Ticket to us that the user presented. */
  readonly ticket: Uint8Array
  /** What the gateway said of the app for which the user signed in; its parts, or what it is a part of, behind it. */
  readonly apps: readonly [AppSettings, ...AppSettings[]]
  /** Milliseconds since 1970. */
  readonly signedInMs: number
  readonly endMs: number
}

/** Names, flags and times beside the ticket's own octets. */
const OVERHEAD_OCTETS = 1024

/** One of them. Once it is gone its ticket is gone too, whoever still holds the object. */
export class AcceptedSignIn {
  readonly facts: Omit<SignInFacts, 'ticket'>
  #ticket: Uint8Array | undefined
  /** The same object for all requests of one revision of an app. */
  readonly #checked = new WeakSet<AppSettings>()

  constructor({ ticket, ...facts }: SignInFacts) {
    this.facts = facts
    this.#ticket = ticket
  }

  /** DER of the user's ticket; undefined when the sign-in is gone. */
  get ticket(): Uint8Array | undefined {
    return this.#ticket
  }

  /** Whether it may still be used. */
  get live(): boolean {
    return this.#ticket !== undefined
  }

  /** Nothing is done in its name from now on. */
  end(): void {
    this.#ticket = undefined
  }

  /**
   * Sees that a request is for the app that the user signed in to or a part of it, and that this is still what it was then.
   *
   * @param app - Of the request.
   * @throws SsoError ERR_SSO_ASSERTION_INVALID.
   */
  checkApp(app: AppSettings): void {
    if (this.#checked.has(app)) return
    const { apps } = this.facts
    if (!apps.some((then) => isUnchanged(then, app))) {
      throw new SsoError(
        'ERR_SSO_ASSERTION_INVALID',
        `the sign-in with Kerberos was for app ${apps[0].id} as it was then, and the request is for app ${app.id}`,
        { mend: 'Sign in again, where the app was changed.' },
      )
    }
    this.#checked.add(app)
  }
}

/** In what says where requests go, and with which name. */
function isUnchanged(then: AppSettings, now: AppSettings): boolean {
  return (
    now.id === then.id &&
    now.externalUrl === then.externalUrl &&
    now.internalUrl === then.internalUrl &&
    now.servicePrincipalName === then.servicePrincipalName
  )
}

/** All of them. */
export class AcceptedSignIns {
  readonly #kept: LRUCache<string, AcceptedSignIn>
  /** Ids of each user, the oldest first. */
  readonly #idsOf = new UserIndex<string>()
  readonly #perUser: number

  constructor(limits: Pick<SsoLimits, 'acceptedCount' | 'acceptedPerUser' | 'acceptedOctets'>) {
    this.#perUser = limits.acceptedPerUser
    this.#kept = new LRUCache<string, AcceptedSignIn>({
      max: limits.acceptedCount,
      maxSize: limits.acceptedOctets,
      sizeCalculation: ({ ticket }) => (ticket?.length ?? 0) + OVERHEAD_OCTETS,
      dispose: (signIn) => {
        signIn.end()
        this.#idsOf.delete(signIn.facts.user, signIn.facts.id)
      },
    })
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size
  }

  /**
   * Keeps one.
   *
   * @param facts - What it is made of.
   * @returns The sign-in; gone already where its ticket is larger than the room for all.
   */
  add(facts: SignInFacts): AcceptedSignIn {
    const signIn = new AcceptedSignIn(facts)
    this.#kept.set(facts.id, signIn)
    if (!this.#kept.has(facts.id)) {
      signIn.end()
      return signIn
    }
    this.#idsOf.add(facts.user, facts.id)
    const own = this.#idsOf.of(facts.user)
    const [oldest] = own
    if (own.length > this.#perUser && oldest !== undefined) this.#kept.delete(oldest)
    return signIn
  }

  /**
   * Finds one.
   *
   * @param id - As the assertion names it.
   * @returns The sign-in; undefined when it is gone.
   */
  get(id: string): AcceptedSignIn | undefined {
    return this.#kept.get(id)
  }

  /**
   * Ends one: sign-out, revocation.
   *
   * @param id - Which.
   */
  drop(id: string): void {
    this.#kept.delete(id)
  }

  /**
   * Ends every sign-in of a user.
   *
   * @param user - SID.
   */
  dropUser(user: string): void {
    for (const id of this.#idsOf.of(user)) this.#kept.delete(id)
  }
}
