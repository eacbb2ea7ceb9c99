/** A realm in memory with a connector account, users and a service, for tests of the Kerberos client. */

import { randomFillSync } from 'node:crypto'
import { KerberosClient, type KerberosClientOptions } from '../../src/kerberos/index.ts'
import type { Random } from '../../src/platform/index.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryKdc } from './memory-kdc/index.ts'

export const REALM = 'CORP.EXAMPLE'
export const SPN = 'HTTP/iwa.corp.example'

export const random: Random = { bytes: (octets) => randomFillSync(new Uint8Array(octets)) }

/** A KDC with its clock. */
export interface World {
  readonly clock: ManualClock
  readonly kdc: MemoryKdc
  /** A client of one of the accounts. */
  readonly client: (name?: string, options?: Partial<KerberosClientOptions>) => KerberosClient
}

/** Builds the realm, with keys of one type (default 18). CONN1$ may delegate to SPN by list; CONN2$ lacks protocol transition; CONN3$ has RBCD only. */
export function newWorld(etype?: number): World {
  const clock = new ManualClock()
  const kdc = new MemoryKdc(REALM, { clock, random, etype })
    .add({ name: 'krbtgt', spns: [`krbtgt/${REALM}`] })
    .add({ name: 'CONN1$', trustedToAuth: true, allowedTo: [SPN] })
    .add({ name: 'CONN2$', allowedTo: [SPN] })
    .add({ name: 'CONN3$', trustedToAuth: true })
    .add({ name: 'svc-iwa', spns: [SPN] })
    .add({ name: 'svc-rbcd', spns: ['HTTP/rbcd.corp.example'], delegators: ['CONN3$'] })
    .add({ name: 'alice', password: 'Wonderland-1' })
    .add({ name: 'bob', upn: 'robert@contoso.test' })
    .add({ name: 'carol', sensitive: true })
    .add({ name: 'erin', refusal: 18 })
  return {
    clock,
    kdc,
    client: (name = 'CONN1$', options = {}) =>
      new KerberosClient({
        identity: {
          principal: { nameType: 1, nameString: [name] },
          realm: REALM,
          keys: kdc.keytab(name),
        },
        transport: kdc,
        clock,
        random,
        ...options,
      }),
  }
}
