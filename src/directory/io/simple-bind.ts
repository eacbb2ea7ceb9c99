/**
 * A simple bind (RFC 4513 section 5.1.3) with a name and a password, over LDAPS alone; never anonymous, never without a password.
 *
 * @module
 */

import type { Clock } from '../../platform/index.ts'
import { DirectoryError } from '../index.ts'

/** The server says that name and password do not belong together. */
export class WrongPassword extends DirectoryError {}

/** Who binds. */
export interface SimpleBindOptions {
  /** A distinguished name; Active Directory also takes a user principal name. */
  readonly name: string
  /** Reads the password when a connection is made. */
  readonly readPassword: () => Promise<string>
  /** How long a refused password is not sent again, milliseconds: each time could count towards a lockout. Default 300 000. */
  readonly wrongPasswordMs?: number
}

/** Binds with a password. A password that was refused is not sent again for a while, another is at once. */
export class SimpleBinder {
  readonly name: string
  readonly #options: SimpleBindOptions
  readonly #clock: Clock
  #refused: { readonly password: string; readonly atMs: number } | undefined

  constructor(options: SimpleBindOptions, clock: Clock) {
    this.name = options.name
    this.#options = options
    this.#clock = clock
  }

  /**
   * The password now.
   *
   * @returns It.
   * @throws WrongPassword when the server has refused this one not long ago, DirectoryError with ERR_DIRECTORY_REFUSED when it is
   *   empty (RFC 4513 section 5.1.2: that would be nobody's bind, and succeed); what reading throws.
   */
  async password(): Promise<string> {
    const password = await this.#options.readPassword()
    if (password === '') {
      throw new DirectoryError('ERR_DIRECTORY_REFUSED', `the password of ${this.name} is empty`, {
        mend: 'Write it into passwordFile.',
      })
    }
    const { wrongPasswordMs = 300_000 } = this.#options
    const refused = this.#refused
    if (refused?.password !== password) return password
    if (this.#clock.monotonicMs() - refused.atMs >= wrongPasswordMs) return password
    throw this.wrong('the same password as before, not sent again for a while')
  }

  /** Remembers that the server refused a password. */
  onRefused(password: string): void {
    this.#refused = { password, atMs: this.#clock.monotonicMs() }
  }

  /**
   * The error for a refused password.
   *
   * @param why - The server's words.
   * @returns The error.
   */
  wrong(why: string): WrongPassword {
    return new WrongPassword(
      'ERR_DIRECTORY_REFUSED',
      `the directory refused the simple bind of ${this.name}: ${why}`,
      { mend: 'Correct bindDn or passwordFile; a new password is tried at once.' },
    )
  }
}
