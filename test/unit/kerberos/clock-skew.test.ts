/** A client whose clock is not the KDC's. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KdcTransport, KerberosClientOptions } from '../../../src/kerberos/index.ts'
import { decodeKdcReq, encodeKrbError } from '../../../src/kerberos/messages/index.ts'
import { newWorld, REALM, SPN } from '../../support/kerberos-world.ts'
import { ManualClock, MemoryLogger } from '../../support/manual-clock.ts'

const HOUR_MS = 3_600_000
const alice = { name: 'alice', realm: REALM }

function offBy(byMs: number, options: Partial<KerberosClientOptions> = {}) {
  const { kdc, clock: kdcClock, client } = newWorld()
  const clock = new ManualClock(kdcClock.nowMs() + byMs)
  const logger = new MemoryLogger()
  const connector = client('CONN1$', { clock, logger, ...options })
  const warnings = () => logger.lines.filter((line) => line.level === 'warn')
  return { kdc, kdcClock, clock, connector, warnings }
}

/** Someone on the wire answers the first request himself: your clock is wrong by an hour. */
function forging(honest: KdcTransport, stimeMs: number): KdcTransport {
  let forged = false
  return {
    exchange: (realm, octets) => {
      const isAs = decodeKdcReq(octets).body.cname !== undefined
      if (forged || !isAs || decodeKdcReq(octets).padata?.length === 1) {
        return honest.exchange(realm, octets)
      }
      forged = true
      const sname = { nameType: 2, nameString: ['krbtgt', REALM] }
      return Promise.resolve(encodeKrbError({ stimeMs, susec: 0, errorCode: 37, realm, sname }))
    },
  }
}

describe('a clock that differs from the KDC’s', () => {
  for (const byMs of [HOUR_MS, -HOUR_MS]) {
    it(`by ${byMs} ms is made up for, with one repeat, one warning and the seconds`, async () => {
      const { kdc, kdcClock, connector, warnings } = offBy(byMs)
      assert.equal(connector.clockSkewMs, undefined)
      await connector.delegate(await connector.impersonate(alice), SPN)
      assert.equal(kdc.counts.AS, 3)
      assert.equal(kdc.counts.S4U2Self, 1)
      assert.equal(connector.clockSkewMs, -byMs)
      assert.equal(connector.tokenClock().nowMs(), kdcClock.nowMs())
      const fields = { realm: REALM, kdcAheadBySeconds: -byMs / 1000, corrected: true }
      assert.deepEqual(
        warnings().map((line) => line.fields),
        [fields],
      )
    })
  }

  it('by less than the KDC minds is warned about from 60 s on, and moves nothing', async () => {
    const { connector, clock, warnings } = offBy(-60_000)
    await connector.ownTicket(SPN)
    assert.equal(connector.clockSkewMs, 60_000)
    assert.equal(connector.tokenClock().nowMs(), clock.nowMs())
    const fields = { realm: REALM, kdcAheadBySeconds: 60, corrected: false }
    assert.deepEqual(
      warnings().map((line) => line.fields),
      [fields],
    )
  })

  it('by less than a minute is not warned about', async () => {
    const { connector, warnings } = offBy(-59_000)
    await connector.ownTicket(SPN)
    assert.deepEqual(warnings(), [])
  })

  it('by more than the setting allows is an error that says so', async () => {
    const { connector, kdc, warnings } = offBy(-HOUR_MS, { maxClockCorrectionMs: HOUR_MS - 1 })
    await assert.rejects(connector.ownTicket(SPN), {
      code: 'ERR_KRB_SKEW',
      message: /its clock is 3600 s ahead of ours/,
    })
    assert.equal(kdc.counts.AS, 2)
    assert.equal(warnings()[0]?.fields['corrected'], false)
  })

  it('since the ticket-granting ticket was got is made up for, and forgotten once it is mended', async () => {
    const { connector, kdc, kdcClock, clock } = offBy(0)
    await connector.impersonate(alice)
    await clock.advance(-HOUR_MS)
    await connector.impersonate(alice)
    assert.equal(kdc.counts.S4U2Self, 3)
    assert.equal(connector.tokenClock().nowMs(), kdcClock.nowMs())
    await clock.advance(HOUR_MS)
    await connector.impersonate(alice)
    assert.equal(kdc.counts.S4U2Self, 5)
    assert.equal(connector.tokenClock().nowMs(), clock.nowMs())
    await connector.impersonate(alice)
    assert.equal(kdc.counts.S4U2Self, 6)
  })

  it('follows the KDC while it drifts', async () => {
    const { connector, clock, kdcClock, warnings } = offBy(-HOUR_MS)
    await connector.impersonate(alice)
    await clock.advance(-30_000)
    await connector.impersonate(alice)
    assert.equal(connector.tokenClock().nowMs(), kdcClock.nowMs())
    assert.equal(warnings().length, 1)
  })

  it('is asked for one repeat, not for two', async () => {
    const { connector, kdc, kdcClock } = offBy(-HOUR_MS)
    let stimeMs = kdcClock.nowMs()
    kdc.tricks = {
      refuse: (kind) =>
        kind === 'S4U2Self' ? { code: 37, stimeMs: (stimeMs += 600_000) } : undefined,
    }
    await assert.rejects(connector.impersonate(alice), { code: 'ERR_KRB_SKEW' })
    assert.equal(kdc.counts.S4U2Self, 2)
  })

  it('as someone on the wire invents it never moves the time in tokens', async () => {
    const world = newWorld()
    const transport = forging(world.kdc, world.clock.nowMs() + HOUR_MS)
    const connector = world.client('CONN1$', { transport })
    await assert.rejects(connector.ownTicket(SPN), { code: 'ERR_KRB_SKEW' })
    assert.equal(connector.tokenClock().nowMs(), world.clock.nowMs())
    assert.ok(await connector.ownTicket(SPN))
    assert.equal(connector.clockSkewMs, 0)
    assert.equal(connector.tokenClock().nowMs(), world.clock.nowMs())
  })
})
