import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatCaches } from '../../../src/cli/cache-report.ts'
import type { CacheContents } from '../../../src/tunnel/index.ts'

const NOW = Date.parse('2026-11-30T12:00:00Z')
const REFUSALS = { policy: 1, unknown: 2, transport: 3, other: 4 }
const CACHE: CacheContents = {
  tickets: {
    ...{ hits: 10, misses: 2, refreshes: 5, refreshFailures: 1, standIns: 6 },
    evicted: { refused: 1, flushed: 2, ended: 3, expired: 4, pushedOut: 5 },
    ...{ kept: 3, octets: 4096, evidenceKept: 1, evidenceOctets: 1 },
    ...{ refusals: REFUSALS, refusalHits: REFUSALS, queue: { running: 7, waiting: 8 } },
  },
  accounts: {
    ...{ hits: 9, lookups: 2, standIns: 0, kept: 1 },
    ...{ refusals: REFUSALS, refusalHits: REFUSALS, queue: { running: 0, waiting: 0 } },
  },
  entries: [
    {
      ...{ user: 'alice@CORP.EXAMPLE', servicePrincipalName: 'HTTP/x.corp.example' },
      ...{ expiresMs: NOW + 3_600_000, refreshFromMs: NOW + 60_500, lastUsedMs: NOW - 1000 },
      octets: 1500,
    },
    {
      ...{ user: 'evil\u001b[2J@CORP.EXAMPLE', servicePrincipalName: 'HTTP/y' },
      ...{ expiresMs: NOW, lastUsedMs: NOW - 2000, octets: 20 },
    },
  ],
  more: 12,
}
const WHO = { connector: 'c-1', group: 'default', version: '0.1.0' }

describe('cache show', () => {
  it('tells every counter, then the tickets, then how many more there are', () => {
    assert.equal(
      formatCaches([{ ...WHO, cache: CACHE }], NOW),
      `connector c-1 (group default, version 0.1.0)
  tickets             3 tickets of 4096 bytes, 1 evidence ticket of 1 byte
  requests            hits 10, misses 2, used while no KDC answered 6
  renewals            refreshes 5, failed 1
  evicted             refused 1, flushed 2, ended 3, expired 4, pushed out 5
  KDC refusals        policy 1, unknown 2, transport 3, other 4 remembered; policy 1, unknown 2, transport 3, other 4 repeated
  KDC exchanges       under way 7, waiting 8
  accounts            1 account; hits 9, look-ups 2, used while no server answered 0
  directory refusals  policy 1, unknown 2, transport 3, other 4 remembered; policy 1, unknown 2, transport 3, other 4 repeated
  directory look-ups  under way 0, waiting 0

  USER                   SPN                  EXPIRES               REFRESH DUE           LAST USED             BYTES
  alice@CORP.EXAMPLE     HTTP/x.corp.example  2026-11-30T13:00:00Z  2026-11-30T12:01:00Z  2026-11-30T11:59:59Z  1500
  evil?[2J@CORP.EXAMPLE  HTTP/y               expired               -                     2026-11-30T11:59:58Z  20
  and 12 more: choose with --user or --spn, or raise sso.cacheShowEntries of the connector
`,
    )
  })

  it('says so where there is nothing to list, and where there is no Kerberos', () => {
    const none = { ...CACHE, entries: [], more: 0 }
    assert.match(formatCaches([{ ...WHO, cache: none }], NOW), /\n {2}no tickets to list\n$/)
    const hidden = formatCaches([{ ...WHO, cache: { ...none, more: 2 } }], NOW)
    assert.match(hidden, /\n {2}and 2 more: /)
    const bare = { entries: [], more: 0 }
    const lines = formatCaches([{ ...WHO, cache: bare }], NOW).split('\n')
    assert.equal(lines[1], '  a connector without Kerberos keeps no tickets')
  })

  it('tells which connector did not answer, why, and what to do', () => {
    const problem = { code: 'ERR_X', message: 'it is old', mend: 'Update it.' }
    const text = formatCaches(
      [
        { connector: 'c1', group: 'g', problem },
        { ...WHO, cache: CACHE },
      ],
      NOW,
    )
    assert.ok(text.startsWith('connector c1 (group g)\n  ERR_X: it is old\n    mend: Update it.\n'))
    assert.match(text, /\n\nconnector c-1 /)
  })
})
