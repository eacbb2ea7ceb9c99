/** Worlds whose KDC armours (FAST), and clients of them. */

import type {
  FastMode,
  KerberosClient,
  KerberosClientOptions,
} from '../../../../src/kerberos/index.ts'
import { newWorld, REALM, type World } from '../../../support/kerberos-world.ts'

export const alice: { readonly name: string; readonly realm: string } = {
  name: 'alice',
  realm: REALM,
}

/** A world whose KDC takes armour, or takes proof under nothing else. */
export function armoredWorld(fast: 'yes' | 'only' = 'yes', etype?: number): World {
  const world = newWorld(etype)
  world.kdc.fast = fast
  return world
}

/** A client of alice. */
export function byPassword(
  world: World,
  password: string,
  options: Partial<KerberosClientOptions> = {},
): KerberosClient {
  const principal = { nameType: 1, nameString: ['alice'] }
  const identity = { principal, realm: REALM, keys: { password } }
  return world.client('CONN1$', { identity, ...options })
}

/** The machine has its ticket before tricks begin. */
export async function machineOf(
  world: World,
  fast: FastMode = 'whenOffered',
): Promise<KerberosClient> {
  const machine = world.client('CONN2$', { fast })
  await machine.armorTicket()
  return machine
}
