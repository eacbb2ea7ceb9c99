/** A rotation of CONN1$'s password with everything around it in memory; it can be killed at every step. */

import assert from 'node:assert/strict'
import {
  KerberosClient,
  rotatePassword,
  type KeyOwner,
  type KeytabEntry,
  type OwnSecrets,
  type PrincipalName,
  type RotatedPassword,
  type RotationOptions,
  type RotationStore,
} from '../../src/kerberos/index.ts'
import { newWorld, random, REALM, type World } from './kerberos-world.ts'
import { MemoryLogger } from './manual-clock.ts'
import { MemoryPasswordServer } from './memory-password-server.ts'

/** The account. */
export const CONN1: KeyOwner = { principal: { nameType: 1, nameString: ['CONN1$'] }, realm: REALM }
/** Another name of it. */
export const HOST: PrincipalName = { nameType: 3, nameString: ['host', 'conn1.corp.example'] }
const alice = { name: 'alice', realm: REALM }

/** The power fails. */
class Killed extends Error {}

type Step = keyof RotationStore

/** Keytab and pending password in memory; can be killed before or after any step. */
class MemoryStore implements RotationStore {
  keytab: readonly KeytabEntry[]
  pending: string | undefined
  readonly steps: string[] = []
  killAt: string | undefined

  constructor(keytab: readonly KeytabEntry[]) {
    this.keytab = keytab
  }

  readKeytab(): Promise<readonly KeytabEntry[]> {
    return this.#step('readKeytab', () => this.keytab)
  }
  writeKeytab(entries: readonly KeytabEntry[]): Promise<void> {
    return this.#step('writeKeytab', () => {
      this.keytab = entries
    })
  }
  readPending(): Promise<string | undefined> {
    return this.#step('readPending', () => this.pending)
  }
  writePending(_principal: string, password: string): Promise<void> {
    return this.#step('writePending', () => {
      this.pending = password
    })
  }
  removePending(): Promise<void> {
    return this.#step('removePending', () => {
      this.pending = undefined
    })
  }

  /** What an identity made of these files proves itself with. */
  get secrets(): OwnSecrets {
    if (this.pending === undefined) return this.keytab
    return { inOrder: [this.keytab, { password: this.pending }] }
  }

  async #step<T>(step: Step, run: () => T): Promise<T> {
    this.check(`before ${step}`)
    const value = run()
    this.check(`after ${step}`)
    return Promise.resolve(value)
  }

  check(moment: string): void {
    this.steps.push(moment)
    // Who is dead does nothing more: nothing is tidied up.
    const dead = this.killAt !== undefined && this.steps.includes(this.killAt)
    if (dead) throw new Killed(moment)
  }
}

/** What a test turns, and what rotates. */
export interface RotationWorld extends World {
  readonly server: MemoryPasswordServer
  /** Whether another server may have had the request too. */
  readonly others: { asked: boolean }
  /** How the next requests fail before they are sent, and what happens then. */
  readonly unsent: { fault?: Error; meanwhile?: () => void }
  readonly store: MemoryStore
  readonly logger: MemoryLogger
  /** Logs in with what is in the files. */
  readonly login: () => Promise<void>
  readonly rotate: () => Promise<RotatedPassword>
}

/**
 * A KDC, a password server, and the account's files.
 *
 * @returns All of them.
 */
export function startRotation(): RotationWorld {
  const world = newWorld()
  const server = new MemoryPasswordServer(world.kdc)
  const store = new MemoryStore(world.kdc.keytab('CONN1$'))
  const logger = new MemoryLogger()
  const others = { asked: false }
  const unsent: RotationWorld['unsent'] = {}
  const passwordServer = {
    isUnsent: (error: unknown) => error === unsent.fault,
    isAlone: () => !others.asked,
    exchange: async (realm: string, request: Uint8Array) => {
      store.check('before the request')
      unsent.meanwhile?.()
      if (unsent.fault !== undefined) throw unsent.fault
      const reply = await server.exchange(realm, request)
      store.check('after the request')
      return reply
    },
  }
  const options: RotationOptions = {
    transport: world.kdc,
    clock: world.clock,
    random,
    logger,
    passwordServer,
    store,
    pause: (delayMs) => world.clock.advance(delayMs),
  }
  const login = async (): Promise<void> => {
    const identity = { ...CONN1, keys: store.secrets }
    const ports = { transport: world.kdc, clock: world.clock, random }
    const client = new KerberosClient({ identity, ...ports })
    assert.equal((await client.impersonate(alice)).accountName, 'alice')
  }
  return {
    ...world,
    server,
    others,
    unsent,
    store,
    logger,
    login,
    rotate: () => rotatePassword(CONN1, options),
  }
}
