/** Three kinds of silence, which look alike from above, and what the log says of each. */

import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { KkdcpClient, NetworkKdcTransport } from '../../../../src/kerberos/io/index.ts'
import { startBlackHole } from '../../../support/black-hole.ts'
import { AS_REQ, asRep, FakeKdc } from '../../../support/fake-kdc.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const REALM = 'CORP.EXAMPLE'
const never: LookupFunction = () => undefined

interface Silence {
  readonly what: string
  /** The KDC. */
  readonly start: (t: TestContext) => Promise<string>
  readonly lookup?: LookupFunction
  readonly reason: string
}

const silences: readonly Silence[] = [
  {
    what: 'a DNS that is silent',
    start: () => Promise.resolve('kdc.example'),
    lookup: never,
    reason: 'its name was not resolved: no answer within 100 ms',
  },
  {
    what: 'a firewall that drops',
    start: async (t) => {
      const hole = await startBlackHole()
      t.after(() => hole.stop())
      return hole.address
    },
    reason: 'no connection: no answer within 100 ms',
  },
  {
    what: 'a KDC that hangs',
    start: async (t) => {
      const kdc = await FakeKdc.start(() => undefined)
      t.after(() => kdc.stop())
      return kdc.address
    },
    reason: 'no answer within 100 ms',
  },
]

describe('silence on the way to a KDC proxy', () => {
  /** What the transport says of a KDC proxy, reached directly or through a forward proxy. */
  const said = async (url: string, forwardProxy?: { url: string }): Promise<string> => {
    const client = new KkdcpClient({ forwardProxy, connectTimeoutMs: 2000 })
    const logger = new MemoryLogger()
    const transport = new NetworkKdcTransport({
      ...{ kdcs: { [REALM]: [url] }, https: client.ask, logger },
      ...{ timeoutMs: 100, totalTimeoutMs: 60_000 },
    })
    await assert.rejects(transport.exchange(REALM, AS_REQ), { code: 'ERR_KRB_KDC_UNREACHABLE' })
    await client.close()
    return logger.lines.map(({ fields }) => String(fields['reason'])).join()
  }

  it('is told apart: a firewall before it, one before the forward proxy, a proxy that hangs', async (t) => {
    const hole = await startBlackHole()
    t.after(() => hole.stop())
    const mute = await FakeKdc.start(() => undefined)
    t.after(() => mute.stop())
    const late = 'no answer within 100 ms'
    assert.equal(await said(`https://${hole.address}/`), `no connection: ${late}`)
    const far = 'https://kdcproxy.example/'
    for (const { address } of [hole, mute]) {
      const reason = `forward proxy ${address}: no tunnel: ${late}`
      assert.equal(await said(far, { url: `http://${address}` }), reason)
    }
    assert.equal(await said(`https://${mute.address}/`), `no TLS: ${late}`)
  })
})

describe('a KDC proxy to which no connection is made', () => {
  it('is left when its own time is over, and not when that of the connection is', async (t) => {
    const hole = await startBlackHole()
    t.after(() => hole.stop())
    const good = await FakeKdc.start()
    t.after(() => good.stop())
    const client = new KkdcpClient({ connectTimeoutMs: 5000 })
    const transport = new NetworkKdcTransport({
      ...{ kdcs: { [REALM]: [`https://${hole.address}/`, good.address] }, https: client.ask },
      ...{ maxInFlight: 1, timeoutMs: 100, totalTimeoutMs: 3000 },
    })
    assert.deepEqual(await transport.exchange(REALM, AS_REQ), asRep())
    await client.close()
  })
})

describe('silence', () => {
  for (const { what, start, lookup, reason } of silences) {
    for (const [way, udpPreferenceLimit] of [
      ['TCP', 0],
      ['UDP, then TCP', 1465],
    ] as const) {
      it(`of ${what} costs what is set for one KDC, and one line that says so (${way})`, async (t) => {
        const kdc = await start(t)
        const logger = new MemoryLogger()
        const limits = { timeoutMs: 100, totalTimeoutMs: 60_000, udpPreferenceLimit }
        const transport = new NetworkKdcTransport({
          ...{ kdcs: { [REALM]: [kdc] }, lookup, logger },
          ...limits,
        })
        const fault = { code: 'ERR_KRB_KDC_UNREACHABLE', message: new RegExp(`${reason}$`) }
        await assert.rejects(transport.exchange(REALM, AS_REQ), fault)
        await assert.rejects(transport.exchange(REALM, AS_REQ), fault)
        assert.deepEqual(
          logger.lines.map(({ level, fields }) => [level, fields['reason']]),
          [['warn', reason]],
        )
      })
    }
  }
})
