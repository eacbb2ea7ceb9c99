/** Three kinds of silence, which look alike from above, and what the log says of each. */

import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { NetworkKdcTransport } from '../../../../src/kerberos/io/index.ts'
import { startBlackHole } from '../../../support/black-hole.ts'
import { AS_REQ, FakeKdc } from '../../../support/fake-kdc.ts'
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
