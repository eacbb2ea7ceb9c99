/**
 * How long a SPNEGO token takes from a ticket at hand: `node test/bench/token.ts`.
 *
 * @module
 */

import { generateKey } from '../../src/kerberos/crypto/index.ts'
import { Initiator } from '../../src/kerberos/gss/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { makeServiceTicket } from '../support/service-ticket.ts'

const WARM_UP = 20_000
const BATCH = 2_000
const BATCHES = 25

/** A ticket as large as one of a user in some thirty groups: about 1.3 KB. */
const AUTHORIZATION_DATA = [{ adType: 1, adData: new Uint8Array(1000) }]

/**
 * Measures the making of channel-bound SPNEGO tokens with AES-256, one after the other on one thread.
 *
 * @returns Microseconds of one token: the median of 25 batches of 2000.
 */
export function measureTokenUs(): Promise<number> {
  const ticket = makeServiceTicket(
    {
      client: 'alice@CORP.EXAMPLE',
      server: 'HTTP/iwa.corp.example@CORP.EXAMPLE',
      serviceKey: generateKey(18, systemRandom),
      kvno: 1,
      startTimeMs: Date.now(),
      authorizationData: AUTHORIZATION_DATA,
    },
    systemRandom,
  )
  const initiator = new Initiator(ticket, { clock: systemClock, random: systemRandom })
  const channelBinding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 1)])
  for (let i = 0; i < WARM_UP; i++) initiator.createToken({ channelBinding })
  const batches = Array.from({ length: BATCHES }, () => {
    const start = performance.now()
    for (let i = 0; i < BATCH; i++) initiator.createToken({ channelBinding })
    return ((performance.now() - start) * 1000) / BATCH
  })
  const median = batches.toSorted((a, b) => a - b)[BATCHES >>> 1] ?? Number.NaN
  return Promise.resolve(median)
}

if (import.meta.main) {
  console.log(`SPNEGO token from a ticket at hand: ${(await measureTokenUs()).toFixed(1)} µs`)
}
