import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DirectoryError } from '../../../src/directory/index.ts'
import { KdcReplyError, KerberosError } from '../../../src/kerberos/index.ts'
import { refusalKind, rememberedMs } from '../../../src/sso/refusal-kind.ts'
import { RefusalMemory } from '../../../src/sso/refusals.ts'
import { resolveSsoLimits, SsoError } from '../../../src/sso/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const limits = resolveSsoLimits({ refusalCount: 3 })

function kdcReply(krbErrorCode: number): KdcReplyError {
  const details = { krbErrorCode, realm: 'CORP.EXAMPLE' }
  return new KdcReplyError('ERR_KRB_KDC_REPLY', 'refused', { details })
}

describe('refusals', () => {
  const cases: readonly (readonly [string, unknown, number])[] = [
    ['no delegation', new KerberosError('ERR_KRB_DELEGATION_REFUSED', ''), 60_000],
    ['not forwardable', new KerberosError('ERR_KRB_NOT_FORWARDABLE', ''), 60_000],
    ['KDC policy (12)', kdcReply(12), 60_000],
    ['a disabled account', new SsoError('ERR_SSO_ACCOUNT_DISABLED', ''), 60_000],
    ['an unknown client', new KerberosError('ERR_KRB_CLIENT_UNKNOWN', ''), 30_000],
    ['an unknown service', new KerberosError('ERR_KRB_SPN_UNKNOWN', ''), 30_000],
    ['an unknown login', new SsoError('ERR_SSO_ACCOUNT_UNKNOWN', ''), 30_000],
    ['no KDC', new KerberosError('ERR_KRB_KDC_UNREACHABLE', ''), 2000],
    ['a KDC that cannot answer now (29)', kdcReply(29), 2000],
    ['no directory', new DirectoryError('ERR_DIRECTORY_UNREACHABLE', ''), 2000],
    ['any other reply', kdcReply(60), 2000],
    ['a full queue', new SsoError('ERR_SSO_KDC_QUEUE_FULL', ''), 0],
    ['one row of the policy', new SsoError('ERR_SSO_NEVER_IMPERSONATE', ''), 0],
  ]
  for (const [what, error, ms] of cases) {
    it(`remembers ${what} for ${ms} ms`, () => {
      assert.equal(rememberedMs(error, limits), ms)
    })
  }

  it('has a setting for each kind', () => {
    for (const [, error] of cases) assert.ok(refusalKind(error) in limits)
  })

  const refuse = () =>
    Promise.reject(new KerberosError('ERR_KRB_DELEGATION_REFUSED', 'not on the list'))
  const code = { code: 'ERR_KRB_DELEGATION_REFUSED' }
  const ask = () => Promise.resolve('granted')

  it('asks again when the time is over', async () => {
    const clock = new ManualClock()
    const memory = new RefusalMemory<object>(clock, limits)
    await assert.rejects(memory.guard('a', {}, refuse), code)
    await clock.advance(59_999)
    await assert.rejects(memory.guard('a', {}, ask), code)
    assert.deepEqual(memory.hits, { policy: 1, unknown: 0, transport: 0, other: 0 })
    await clock.advance(1)
    assert.equal(await memory.guard('a', {}, ask), 'granted')
  })

  it('is bounded', async () => {
    const memory = new RefusalMemory<object>(new ManualClock(), limits)
    for (const key of ['a', 'b', 'c', 'd']) await assert.rejects(memory.guard(key, {}, refuse))
    assert.equal(memory.size, 3)
    assert.equal(await memory.guard('a', {}, ask), 'granted')
  })

  it('tells how many of each kind are remembered at the moment', async () => {
    const clock = new ManualClock()
    const memory = new RefusalMemory<object>(clock, limits)
    const errors = [
      new KerberosError('ERR_KRB_DELEGATION_REFUSED', ''),
      new SsoError('ERR_SSO_ACCOUNT_UNKNOWN', ''),
      new KerberosError('ERR_KRB_KDC_UNREACHABLE', ''),
    ]
    for (const [key, error] of errors.entries()) {
      await assert.rejects(memory.guard(String(key), {}, () => Promise.reject(error)))
    }
    assert.deepEqual(memory.remembered(), { policy: 1, unknown: 1, transport: 1, other: 0 })
    await clock.advance(2000)
    assert.deepEqual(memory.remembered(), { policy: 1, unknown: 1, transport: 0, other: 0 })
    assert.deepEqual(memory.hits, { policy: 0, unknown: 0, transport: 0, other: 0 })
    // What was over is no refusal that went.
    assert.equal(
      memory.drop(() => true),
      2,
    )
  })

  it('forgets what a flush names, also what was under way then', async () => {
    const memory = new RefusalMemory<{ user: string }>(new ManualClock(), limits)
    await assert.rejects(memory.guard('a', { user: 'alice' }, refuse))
    await assert.rejects(memory.guard('b', { user: 'bob' }, refuse))
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const late = memory.guard('c', { user: 'alice' }, async () => {
      await gate
      return refuse()
    })
    assert.equal(
      memory.drop(({ user }) => user === 'alice'),
      1,
    )
    open()
    await assert.rejects(late, code)
    assert.equal(await memory.guard('a', { user: 'alice' }, ask), 'granted')
    assert.equal(await memory.guard('c', { user: 'alice' }, ask), 'granted')
    await assert.rejects(memory.guard('b', { user: 'bob' }, ask), code)
  })
})
