/** What a KDC's refusal becomes, by exchange, error code and NTSTATUS. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KdcReplyError, type KerberosErrorCode } from '../../../../src/kerberos/errors.ts'
import { NtStatus } from '../../../../src/kerberos/iana/index.ts'
import { newWorld, REALM, SPN } from '../../../support/kerberos-world.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import type { Kind, Refusal } from '../../../support/memory-kdc/index.ts'

type Case = readonly [Kind, Refusal, KerberosErrorCode, mend?: RegExp]

const CASES: readonly Case[] = [
  ['AS', { code: 6 }, 'ERR_KRB_CLIENT_UNKNOWN'],
  ['AS', { code: 68 }, 'ERR_KRB_CLIENT_UNKNOWN'],
  ['AS', { code: 18 }, 'ERR_KRB_CLIENT_REVOKED'],
  ['AS', { code: 12 }, 'ERR_KRB_KDC_REPLY'],
  ['AS', { code: 23 }, 'ERR_KRB_CLIENT_KEY_EXPIRED'],
  ['AS', { code: 24 }, 'ERR_KRB_PREAUTH_FAILED', /export it again/],
  ['AS', { code: 37 }, 'ERR_KRB_SKEW', /clock/],
  ['AS', { code: 14 }, 'ERR_KRB_ETYPE', /msDS-SupportedEncryptionTypes/],
  ['AS', { code: 60, ntStatus: 0xc0000001 }, 'ERR_KRB_KDC_REPLY'],
  ['TGS', { code: 7 }, 'ERR_KRB_SPN_UNKNOWN', /setspn|spn list/],
  ['S4U2Self', { code: 6 }, 'ERR_KRB_CLIENT_UNKNOWN', /Windows Authorization Access Group/],
  ['S4U2Self', { code: 18 }, 'ERR_KRB_CLIENT_REVOKED'],
  ['S4U2Self', { code: 12 }, 'ERR_KRB_CLIENT_REVOKED'],
  ['S4U2Self', { code: 1 }, 'ERR_KRB_CLIENT_REVOKED'],
  ['S4U2Self', { code: 7 }, 'ERR_KRB_SPN_UNKNOWN', /needs a service principal name/],
  ['S4U2Self', { code: 60, ntStatus: NtStatus.STATUS_ACCOUNT_DISABLED }, 'ERR_KRB_CLIENT_REVOKED'],
  ['S4U2Proxy', { code: 7 }, 'ERR_KRB_SPN_UNKNOWN'],
  ['S4U2Proxy', { code: 12 }, 'ERR_KRB_KDC_REPLY'],
  ['S4U2Proxy', { code: 13 }, 'ERR_KRB_DELEGATION_REFUSED', /delegation list/],
  [
    'S4U2Proxy',
    { code: 13, ntStatus: NtStatus.STATUS_NOT_SUPPORTED },
    'ERR_KRB_DELEGATION_REFUSED',
    /has no delegation list/,
  ],
  [
    'S4U2Proxy',
    { code: 13, ntStatus: NtStatus.STATUS_NO_MATCH },
    'ERR_KRB_DELEGATION_REFUSED',
    /msDS-AllowedToDelegateTo/,
  ],
  [
    'S4U2Proxy',
    { code: 13, ntStatus: NtStatus.STATUS_NOT_FOUND },
    'ERR_KRB_DELEGATION_REFUSED',
    /PrincipalsAllowedToDelegateToAccount/,
  ],
  [
    'S4U2Proxy',
    { code: 13, ntStatus: NtStatus.STATUS_ACCOUNT_RESTRICTION },
    'ERR_KRB_DELEGATION_REFUSED',
    /sensitive/,
  ],
  ['S4U2Proxy', { code: 23 }, 'ERR_KRB_CLIENT_KEY_EXPIRED'],
  ['S4U2Proxy', { code: 29 }, 'ERR_KRB_KDC_REPLY'],
]

async function ask(kind: Kind, refusal: Refusal): Promise<unknown> {
  const { kdc, client } = newWorld()
  const connector = client()
  kdc.tricks = { refuse: (asked) => (asked === kind ? refusal : undefined) }
  if (kind === 'AS' || kind === 'TGS') return connector.ownTicket(SPN)
  const evidence = await connector.impersonate({ name: 'alice', realm: REALM })
  return connector.delegate(evidence, SPN)
}

describe('a refusal of the KDC', () => {
  for (const [kind, refusal, code, mend] of CASES) {
    const status =
      refusal.ntStatus === undefined ? '' : ` with NTSTATUS ${refusal.ntStatus.toString(16)}`
    it(`${refusal.code}${status} to ${kind} is ${code}`, async () => {
      await assert.rejects(ask(kind, refusal), (error) => {
        assert.ok(error instanceof KdcReplyError)
        assert.equal(error.code, code)
        assert.equal(error.krbErrorCode, refusal.code)
        assert.equal(error.ntStatus, refusal.ntStatus)
        assert.equal(error.realm, REALM)
        assert.match(error.message, new RegExp(`refused ${kind} `))
        if (mend) assert.match(error.mend, mend)
        return true
      })
    })
  }

  it('says by how much clocks differ', async () => {
    const world = newWorld()
    const ours = new ManualClock(world.clock.nowMs() - 400_000)
    const connector = world.client('CONN1$', { clock: ours, maxClockCorrectionMs: 0 })
    await assert.rejects(connector.ownTicket(SPN), {
      code: 'ERR_KRB_SKEW',
      message: /its clock is 400 s ahead of ours/,
    })
  })

  it('keeps control characters of e-text out of the message', async () => {
    await assert.rejects(ask('TGS', { code: 60, eText: 'x\nlevel=error \u001b[31m' }), {
      message: /: KRB_ERR_GENERIC \(60\), "xlevel=error \[31m"$/,
    })
  })

  it('of our own scripted accounts: revoked users, unlisted and unknown services', async () => {
    const { client } = newWorld()
    const connector = client()
    const evidence = await connector.impersonate({ name: 'alice', realm: REALM })
    const expectations: [Promise<unknown>, KerberosErrorCode][] = [
      [connector.impersonate({ name: 'erin', realm: REALM }), 'ERR_KRB_CLIENT_REVOKED'],
      [connector.impersonate({ name: 'nobody', realm: REALM }), 'ERR_KRB_CLIENT_UNKNOWN'],
      [connector.delegate(evidence, 'HTTP/rbcd.corp.example'), 'ERR_KRB_DELEGATION_REFUSED'],
      [connector.delegate(evidence, 'HTTP/nowhere.corp.example'), 'ERR_KRB_SPN_UNKNOWN'],
    ]
    for (const [asked, code] of expectations) await assert.rejects(asked, { code })
  })
})
