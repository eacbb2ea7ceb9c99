/**
 * Secrets that are looked at from time to time: a file that is written anew, a password that a directory changes.
 *
 * Pure: how one looks arrives as a port. There are no timers: the client asks before each use, so nothing has to be closed,
 * and after a night without requests the first one sees what is new.
 *
 * @module
 */

import { errorCode, errorText, type Clock, type Logger } from '../platform/index.ts'
import type { OwnKeysSource, OwnSecrets } from './exchange/index.ts'

/** What was seen. */
export interface SecretsLook {
  /** Other secrets than before; absent when nothing has changed. */
  readonly secrets?: OwnSecrets | undefined
  /** When to look again, milliseconds from now. */
  readonly againAfterMs: number
}

/** What secrets are looked at through. */
export interface RefreshedSecretsPorts {
  /** Time. */
  readonly clock: Clock
  /** Told once of each way in which looking fails, and of new secrets. */
  readonly logger?: Logger | undefined
  /** What is looked at, for log lines: a path, an account. */
  readonly what: string
  /**
   * Looks.
   *
   * @throws SallyportError when nothing usable is there; the secrets that are held stay.
   */
  look(): Promise<SecretsLook>
}

/** How often is looked. */
export interface RefreshedSecretsOptions {
  /** How long after a look that failed the next is taken, milliseconds. */
  readonly retryAfterMs: number
  /** How soon after a look a refusal by the KDC brings about another, milliseconds: each may cost a search or a file. */
  readonly refusedAfterMs: number
  /** True where a look may take long and present secrets do meanwhile: nobody waits for one that is merely due. */
  readonly inBackground?: boolean | undefined
  /** Whether to do without secrets at first when looking fails so: they are then looked for when they are needed. Default no. */
  readonly mayBeLate?: ((error: unknown) => boolean) | undefined
}

/** Secrets that are kept until newer ones have been seen. */
export class RefreshedSecrets implements OwnKeysSource {
  readonly #ports: RefreshedSecretsPorts
  readonly #options: RefreshedSecretsOptions
  #secrets: OwnSecrets
  #looking: Promise<void> | undefined
  #lookedAtMs: number
  #dueAtMs: number
  #complaint: string | undefined

  private constructor(
    first: OwnSecrets,
    ports: RefreshedSecretsPorts,
    timing: RefreshedSecretsOptions & { readonly againAfterMs: number },
  ) {
    this.#ports = ports
    this.#options = timing
    this.#secrets = first
    this.#lookedAtMs = ports.clock.monotonicMs()
    this.#dueAtMs = this.#lookedAtMs + timing.againAfterMs
  }

  /**
   * Looks for the first time.
   *
   * @param ports - How.
   * @param options - How often.
   * @returns The secrets, from now on looked after.
   * @throws SallyportError as `look` does; TypeError when it sees nothing.
   */
  static async open(
    ports: RefreshedSecretsPorts,
    options: RefreshedSecretsOptions,
  ): Promise<RefreshedSecrets> {
    try {
      const { secrets, againAfterMs } = await ports.look()
      if (secrets === undefined) throw new TypeError('the first look must see secrets')
      return new RefreshedSecrets(secrets, ports, { ...options, againAfterMs })
    } catch (error) {
      if (options.mayBeLate?.(error) !== true) throw error
      const timing = { ...options, againAfterMs: options.retryAfterMs }
      const later = new RefreshedSecrets({ inOrder: [] }, ports, timing)
      later.#complain(error)
      return later
    }
  }

  /** The secrets as they were last seen. */
  get secrets(): OwnSecrets {
    return this.#secrets
  }

  /**
   * Looks when it is time; see OwnKeysSource.
   *
   * @param why - Whether it is a matter of time or of need.
   * @returns Undefined when there is nothing to wait for.
   */
  refresh(why: 'due' | 'refused'): Promise<void> | undefined {
    const now = this.#ports.clock.monotonicMs()
    const atMs = why === 'due' ? this.#dueAtMs : this.#lookedAtMs + this.#options.refusedAfterMs
    if (this.#looking === undefined && now >= atMs) this.#start(now)
    return why === 'due' && this.#options.inBackground === true ? undefined : this.#looking
  }

  #start(now: number): void {
    this.#lookedAtMs = now
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
    })
  }

  async #look(): Promise<void> {
    const { clock, what, logger } = this.#ports
    let againAfterMs = this.#options.retryAfterMs
    try {
      const seen = await this.#ports.look()
      againAfterMs = seen.againAfterMs
      this.#complaint = undefined
      if (seen.secrets !== undefined) {
        this.#secrets = seen.secrets
        logger?.info('New keys of our own were read.', { from: what })
      }
    } catch (error) {
      this.#complain(error)
    }
    this.#dueAtMs = clock.monotonicMs() + againAfterMs
  }

  /** One line for each way to fail, not one for each look. */
  #complain(error: unknown): void {
    const reason = errorText(error)
    if (reason === this.#complaint) return
    this.#complaint = reason
    const fields = { from: this.#ports.what, code: errorCode(error), reason }
    this.#ports.logger?.warn('Keys of our own could not be read; those read before stay.', fields)
  }
}
