/**
 * Changes the password of our own account and renews its keytab, so that no moment of being stopped locks us out.
 *
 * 1. A new password is drawn and kept in a file beside the keytab.
 * 2. The password server is told (RFC 3244), proven to by the keytab's keys.
 * 3. An AS exchange with the new password shows that the change is made, and which version, types and salt its keys have.
 * 4. The keytab is replaced: the new keys, and the version before for tickets that are still around.
 * 5. The file is removed.
 *
 * Stopped before 2, the keytab is good; between 2 and 4 the file is: an identity made of the keytab's file tries both, and the
 * next rotation goes on where this one was stopped. Two things take step 1 back. A refusal that the server has proven to be its own,
 * where no other server can have had the request: that one may have made the change. And a request that was never sent, where the
 * keytab still lets us in: no login with a password that cannot be the account's is spent on it.
 *
 * @module
 */

import { errorText, type Clock, type Random } from '../platform/index.ts'
import { drive } from './client-drive.ts'
import {
  resolveClientSettings,
  type KdcTransport,
  type KerberosClientOptions,
} from './client-options.ts'
import { ClockSkews } from './client-skew.ts'
import { KerberosError, ownMend, type KerberosErrorCode } from './errors.ts'
import {
  asExchange,
  changePassword,
  newKeysExchange,
  ownKeys,
  PASSWORD_SERVICE,
  type Exchange,
  type ExchangePorts,
  type KeyOwner,
  type NewKeys,
  type PasswordChange,
  type PasswordServerWord,
} from './exchange/index.ts'
import { keysFor, renewKeytab, type KeytabEntry } from './files/index.ts'
import { ChangePasswordResult, formatPrincipal } from './messages/index.ts'

/** Where keytab and pending password are kept. Every change is on the disk when its promise resolves. */
export interface RotationStore {
  /** The keytab's entries. */
  readKeytab(): Promise<readonly KeytabEntry[]>
  /** Replaces the keytab in one step. */
  writeKeytab(entries: readonly KeytabEntry[]): Promise<void>
  /** The pending password of an account; undefined when there is none. */
  readPending(principal: string): Promise<string | undefined>
  /** Keeps a pending password; rejects when there is one already. */
  writePending(principal: string, password: string): Promise<void>
  /** Forgets the pending password. */
  removePending(): Promise<void>
}

/** Reaches a realm's password servers. */
export interface PasswordServers extends KdcTransport {
  /**
   * Whether nobody but the server that gave a reply can have had the request: then its refusal is the whole outcome.
   *
   * @param reply - The very octets that `exchange` returned.
   * @returns False where another server may have made the change.
   */
  isAlone?(reply: Uint8Array): boolean
  /**
   * Whether an exchange failed before anything was sent: then nothing can have changed.
   *
   * @param error - The very error that `exchange` threw.
   * @returns False where a server may have made the change.
   */
  isUnsent?(error: unknown): boolean
}

/** What a rotation works through; settings as those of a client. */
export interface RotationOptions extends Omit<KerberosClientOptions, 'identity' | 'armor'> {
  /** Reaches the realm's password servers: port 464, or KDC proxies. */
  readonly passwordServer: PasswordServers
  /** Keytab and pending password. */
  readonly store: RotationStore
  /** How many key versions before the new one the keytab keeps. Default 1. */
  readonly keptVersions?: number | undefined
  /**
   * How often the new password is tried before it counts as not known to the KDC. Default 6: domain controllers replicate. Two
   * at most where the password server has not said that the change is made.
   */
  readonly confirmAttempts?: number | undefined
  /** Time between two such tries, milliseconds. Default 5000. */
  readonly confirmDelayMs?: number | undefined
  /** Waits. Default by the clock, whose timers do not keep a process alive that waits for nothing else. */
  readonly pause?: ((delayMs: number) => Promise<void>) | undefined
}

/** What a rotation has done. */
export interface RotatedPassword {
  /** The keys' new version in the keytab. */
  readonly kvno: number
  /** True where it went on with a rotation that was stopped. */
  readonly resumed: boolean
}

/** Where the server has not said that the change is made: each try may be a wrong password, which locks an account after some. */
const DOUBTFUL_TRIES = 2

interface Told {
  readonly fault: unknown
  /** Nobody else can have made the change, whether here or in another process. */
  readonly alone: boolean
  /** No server was told here. */
  readonly unsent: boolean
}

/** 90 octets are 120 characters of base64url: upper and lower case, digits, no blanks; as long as Windows makes them. */
const PASSWORD_OCTETS = 90

/**
 * Changes the password of the account whose keytab this is.
 *
 * @param owner - The account; a computer or a user, not a group managed service account.
 * @param options - Ports and settings.
 * @returns What was done.
 * @throws KerberosError ERR_KRB_KDC_UNREACHABLE when nothing could be sent: nothing has changed;
 *   ERR_KRB_PASSWORD_REFUSED when the server refuses, with its reason: nothing has changed, unless
 *   another one made the change, which the next run finds out;
 *   ERR_KRB_PASSWORD_UNCONFIRMED when it is not known whether the change was made: run it again; or as the AS exchange
 *   and the store do.
 */
export async function rotatePassword(
  owner: KeyOwner,
  options: RotationOptions,
): Promise<RotatedPassword> {
  return new Rotation(owner, options).run()
}

class Rotation {
  readonly #owner: KeyOwner
  readonly #name: string
  readonly #options: RotationOptions
  readonly #ports: ExchangePorts

  constructor(owner: KeyOwner, options: RotationOptions) {
    const { clock, random, logger } = options
    const settings = resolveClientSettings({ ...options, identity: { ...owner, keys: [] } })
    this.#owner = owner
    this.#name = formatPrincipal(owner.principal, owner.realm)
    this.#options = options
    const clocks = new ClockSkews({ clock, logger }, settings)
    this.#ports = { clock, clocks, random, ...settings }
  }

  async run(): Promise<RotatedPassword> {
    const { store, clock, keptVersions = 1 } = this.#options
    const keytab = await store.readKeytab()
    const pending = await store.readPending(this.#name)
    const resumed = pending !== undefined
    const made = resumed ? await this.#resume(pending, keytab) : await this.#begin(keytab)
    const nowMs = clock.nowMs()
    const renewed = renewKeytab(keytab, { ...this.#owner, ...made, nowMs, keptVersions })
    await store.writeKeytab(renewed)
    await store.removePending()
    const kvno = renewed[0]?.kvno ?? 0
    this.#options.logger?.info('The account has a new password, the keytab its keys.', {
      principal: this.#name,
      kvno,
    })
    return { kvno, resumed }
  }

  async #begin(keytab: readonly KeytabEntry[]): Promise<NewKeys> {
    const { store, random } = this.#options
    // Without a key that does, nothing is written.
    ownKeys({ ...this.#owner, keys: keytab })
    const password = newPassword(random)
    await store.writePending(this.#name, password)
    return this.#change(password, keytab, () => store.removePending())
  }

  async #resume(password: string, keytab: readonly KeytabEntry[]): Promise<NewKeys> {
    const made = await this.#keysOf(password, keytab)
    if (made !== undefined) return made
    // It may be the password all the same, at a domain controller that we did not ask: it stays.
    return this.#change(password, keytab, () => Promise.resolve()).catch((error: unknown) => {
      throw isRefusedProof(error) ? this.#lockedOut(error) : error
    })
  }

  #lockedOut(cause: unknown): KerberosError {
    const what = `the KDC accepts neither the keytab’s keys of ${this.#name} nor the pending password`
    return new KerberosError('ERR_KRB_PREAUTH_FAILED', what, {
      cause,
      mend: 'Somebody else has changed the password, or domain controllers do not replicate: wait and run again, or write the keytab anew and remove the pending password beside it.',
    })
  }

  /** Steps 2 and 3; `takeBack` where it is certain that nothing has changed. */
  async #change(
    password: string,
    keytab: readonly KeytabEntry[],
    takeBack: () => Promise<void>,
  ): Promise<NewKeys> {
    const { fault, alone, unsent } = await this.#attempt(password, keytab)
    const refused = isCode(fault, 'ERR_KRB_PASSWORD_REFUSED')
    if (!unsent && !refused) return this.#confirm(password, keytab, fault)
    // Either refusal may be for the sake of another process that went on with this very password and was quicker.
    const overtaken = refused || isRefusedProof(fault)
    const made = overtaken ? await this.#keysOf(password, keytab).catch(() => undefined) : undefined
    if (made !== undefined) return made
    if (alone) await takeBack()
    throw fault
  }

  /** Step 2, for which the keytab's keys get the ticket. */
  async #attempt(password: string, keytab: readonly KeytabEntry[]): Promise<Told> {
    const asked = await this.#prepare(password, keytab).then(
      (change) => this.#tell(change),
      (fault: unknown) => ({ fault, alone: true, unsent: true }),
    )
    if (!asked.unsent || asked.alone) return asked
    // Another process may meanwhile have gone on with this very password: then the keytab does not let us in any more.
    return this.#prepare(password, keytab).then(
      () => ({ ...asked, alone: true }),
      (fault: unknown) => (isRefusedProof(fault) ? { ...asked, fault } : asked),
    )
  }

  /** What went wrong, if anything, and who can have had the request. */
  async #tell(change: PasswordChange): Promise<Told> {
    const { passwordServer } = this.#options
    try {
      const reply = await passwordServer.exchange(this.#owner.realm, change.request)
      const alone = passwordServer.isAlone?.(reply) ?? true
      return { fault: this.#faultIn(change.open(reply)), alone, unsent: false }
    } catch (fault) {
      return { fault, alone: false, unsent: passwordServer.isUnsent?.(fault) ?? false }
    }
  }

  async #prepare(password: string, keytab: readonly KeytabEntry[]) {
    const keys = ownKeys({ ...this.#owner, keys: keytab })
    const requester = { identity: this.#owner, keys, sname: PASSWORD_SERVICE }
    const ticket = await this.#drive(asExchange(requester, this.#ports))
    const clock = this.#ports.clocks?.of(this.#owner.realm) ?? this.#options.clock
    return changePassword(ticket, password, { clock, random: this.#options.random })
  }

  #faultIn({ answer, proven }: PasswordServerWord): KerberosError | undefined {
    if (proven && answer.code === ChangePasswordResult.SUCCESS) return undefined
    const says = answer === undefined ? 'a KRB-ERROR' : `${resultName(answer.code)}: ${answer.text}`
    return new KerberosError(
      proven ? 'ERR_KRB_PASSWORD_REFUSED' : 'ERR_KRB_PASSWORD_UNCONFIRMED',
      `the password server of ${this.#owner.realm} does not change the password of ${this.#name}: ${says}`,
      { mend: mendOf(answer?.code) },
    )
  }

  /** The proof of the pudding: a ticket by the new password. */
  async #confirm(
    password: string,
    keytab: readonly KeytabEntry[],
    fault: unknown,
  ): Promise<NewKeys> {
    const { confirmAttempts = 6, confirmDelayMs = 5000 } = this.#options
    const most = fault === undefined ? confirmAttempts : Math.min(confirmAttempts, DOUBTFUL_TRIES)
    for (let attempt = 1; ; attempt += 1) {
      const made = await this.#keysOf(password, keytab).catch((error: unknown) => {
        fault ??= error
        return undefined
      })
      if (made !== undefined) return made
      if (attempt >= most) throw this.#unconfirmed(fault)
      await this.#pause(confirmDelayMs)
    }
  }

  async #pause(delayMs: number): Promise<void> {
    const { pause, clock } = this.#options
    if (pause !== undefined) return pause(delayMs)
    return new Promise((resolve) => {
      clock.setTimer(delayMs, resolve)
    })
  }

  #unconfirmed(cause: unknown): KerberosError {
    const why = cause === undefined ? 'the KDC does not accept it yet' : errorText(cause)
    const mend = `${ownMend(cause) ?? ''} `.trimStart()
    return new KerberosError(
      'ERR_KRB_PASSWORD_UNCONFIRMED',
      `${this.#name} may or may not have its new password: ${why}`,
      {
        cause,
        mend: `${mend}Run the rotation again: it goes on with the same password, which is kept beside the keytab until then.`,
      },
    )
  }

  /** The keys of a password, of all types that the keytab has; undefined when the KDC does not accept it. */
  async #keysOf(password: string, keytab: readonly KeytabEntry[]): Promise<NewKeys | undefined> {
    try {
      const wanted = { password, etypes: keytab.map(({ key }) => key.etype) }
      return await this.#drive(newKeysExchange(this.#owner, wanted, this.#ports))
    } catch (error) {
      if (isRefusedProof(error)) return undefined
      throw error
    }
  }

  #drive<T>(exchange: Exchange<T>): Promise<T> {
    return drive(exchange, this.#options.transport)
  }
}

function isCode(error: unknown, code: KerberosErrorCode): boolean {
  return error instanceof KerberosError && error.code === code
}

function isRefusedProof(error: unknown): boolean {
  return isCode(error, 'ERR_KRB_PREAUTH_FAILED')
}

function newPassword(random: Random): string {
  return Buffer.from(random.bytes(PASSWORD_OCTETS)).toString('base64url')
}

const NAMES = new Map<number, string>(
  Object.entries(ChangePasswordResult).map(([name, code]) => [code, name]),
)

function resultName(code: number): string {
  return NAMES.get(code) ?? `result ${code}`
}

function mendOf(code: number | undefined): string {
  if (code === ChangePasswordResult.SOFTERROR) {
    return 'The domain’s password policy stands against it, often the least age of a password: wait, or except the account.'
  }
  if (code === ChangePasswordResult.ACCESSDENIED) {
    return 'Let the account change its own password (right "Change Password" of SELF).'
  }
  return 'See the log of the domain controller.'
}

/** When a password was changed last, and whether it is time. */
export interface PasswordAge {
  /** When the newest keys of the keytab were written, milliseconds since the epoch. */
  readonly changedAtMs: number
  /** True when that is longer ago than wanted. */
  readonly due: boolean
}

/**
 * Tells from a keytab whether its password should be changed.
 *
 * @param keytab - The entries.
 * @param owner - Whose.
 * @param wanted - How old it may get, milliseconds, and the time.
 * @returns Its age. Keytabs made by hand may say 1970: due.
 */
export function passwordAge(
  keytab: readonly KeytabEntry[],
  owner: KeyOwner,
  { maxAgeMs, clock }: { readonly maxAgeMs: number; readonly clock: Clock },
): PasswordAge {
  const { realm, principal } = owner
  const newest = keysFor(keytab, realm, principal)[0]
  const changedAtMs = newest?.timestampMs ?? 0
  return { changedAtMs, due: clock.nowMs() - changedAtMs >= maxAgeMs }
}
