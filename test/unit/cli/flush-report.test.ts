import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { droppedNothing, formatFlush, formatNoMatch } from '../../../src/cli/flush-report.ts'
import type { CacheReport, FlushReport } from '../../../src/gateway/index.ts'

const WHO = { connector: 'c-1', group: 'default', version: '0.1.0' }
const NONE = { tickets: 0, evidence: 0, accounts: 0, kdcRefusals: 0, directoryRefusals: 0 }
const OLD: FlushReport = {
  ...{ connector: 'c-2', group: 'dmz' },
  problem: { code: 'ERR_GATEWAY_CONNECTOR_OLD', message: 'it is old', mend: 'Update it.' },
}

function kept(...names: readonly (readonly [string, string])[]): CacheReport {
  const times = { expiresMs: 2, lastUsedMs: 1, octets: 1500 }
  const entries = names.map(([user, servicePrincipalName]) => ({
    ...{ user, servicePrincipalName },
    ...times,
  }))
  return { ...WHO, cache: { entries, more: 0 } }
}

describe('cache flush', () => {
  it('tells what each connector dropped, and which cannot say', () => {
    const dropped = { tickets: 3, evidence: 1, accounts: 2, kdcRefusals: 0, directoryRefusals: 1 }
    assert.equal(
      formatFlush({ connectedTunnels: 2, connectors: [{ ...WHO, dropped }, OLD] }),
      `connector c-1 (group default, version 0.1.0)
  dropped 3 tickets, 1 evidence ticket, 2 accounts, 0 KDC refusals, 1 directory refusal
connector c-2 (group dmz)
  ERR_GATEWAY_CONNECTOR_OLD: it is old
    mend: Update it.
`,
    )
  })

  it('says that nobody was there, or that the gateway cannot say', () => {
    assert.match(formatFlush({ connectedTunnels: 0, connectors: [] }), /^no connector is connected/)
    assert.match(formatFlush({ connectedTunnels: 2, connectors: [] }), /gateway is of an older/)
  })

  it('knows nothing of what a connector did not say', () => {
    const empty = { ...WHO, dropped: NONE }
    const verdict = (...connectors: FlushReport[]) =>
      droppedNothing({ connectedTunnels: connectors.length, connectors })
    assert.equal(verdict(empty, empty), true)
    assert.equal(verdict(empty, { ...WHO, dropped: { ...NONE, directoryRefusals: 1 } }), false)
    assert.equal(verdict(empty, OLD), false)
    assert.equal(verdict(), false)
  })
})

describe('a flush that matched nothing', () => {
  const reports = [
    kept(['alice@CORP.EXAMPLE', 'HTTP/intranet.corp.example'], ['bob@BRANCH.EXAMPLE', 'HTTP/wiki']),
    kept(['alice@CORP.EXAMPLE', 'HTTP/intranet.corp.example']),
  ]

  it('names the users that may have been meant: spelt otherwise, of another realm, as Windows writes them', () => {
    for (const user of ['alise@corp.example', 'ALICE@other.example', 'CORP\\alice', 'alic']) {
      assert.equal(
        formatNoMatch({ user }, reports),
        `nothing matched ${user}
  it may be spelt otherwise, or be of another realm; what is kept and looks alike:
  alice@CORP.EXAMPLE  HTTP/intranet.corp.example
`,
      )
    }
    assert.match(formatNoMatch({ user: 'bob@corp.example' }, reports), /\n {2}bob@BRANCH\.EXAMPLE/)
  })

  it('names the services, too', () => {
    const names = ['http/intranet', 'HTTP/intarnet.corp.example', 'HTTP/intranet.corp.example:8080']
    for (const servicePrincipalName of names) {
      assert.match(
        formatNoMatch({ servicePrincipalName }, reports),
        /HTTP\/intranet\.corp\.example\n$/,
      )
    }
  })

  it('names only what is like all that was given', () => {
    const text = formatNoMatch({ user: 'bob', servicePrincipalName: 'HTTP/intranet' }, reports)
    assert.match(text, /^nothing matched bob for HTTP\/intranet\n {2}nothing was kept of it, or/)
  })

  it('says where to look when nothing looks alike, with no control character of the name', () => {
    for (const user of ['zoe@corp.example', 'S-1-5-21-1', 'a', 'e\u001b[2Jvil']) {
      const text = formatNoMatch({ user }, reports)
      assert.match(text, /`sallyport cache show` lists the names\n$/)
      assert.ok(!text.includes('\u001b'))
    }
  })
})
