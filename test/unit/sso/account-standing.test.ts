import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DirectoryAccount } from '../../../src/directory/index.ts'
import { checkStanding } from '../../../src/sso/account-standing.ts'
import { IdentityFinder } from '../../../src/sso/identity.ts'
import { resolveSsoLimits } from '../../../src/sso/limits.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { FakeDirectory } from '../../support/sso/world.ts'

const NOW = Date.UTC(2026, 0, 1)
const account = (more: Partial<DirectoryAccount>) => new FakeDirectory().add('eve', more)

function caught(work: () => void): { readonly mend?: string } {
  try {
    work()
  } catch (error) {
    return error as { readonly mend?: string }
  }
  throw new Error('nothing was thrown')
}

describe('checkStanding', () => {
  const refused: readonly (readonly [string, Partial<DirectoryAccount>])[] = [
    ['ERR_SSO_ACCOUNT_DISABLED', { enabled: false }],
    ['ERR_SSO_ACCOUNT_EXPIRED', { expiresMs: NOW }],
    ['ERR_SSO_ACCOUNT_EXPIRED', { expiresMs: NOW - 1, locked: true }],
    ['ERR_SSO_ACCOUNT_LOCKED', { locked: true }],
    ['ERR_SSO_NOT_DELEGATABLE', { sensitive: true }],
    ['ERR_SSO_NOT_DELEGATABLE', { protectedUser: true }],
  ]
  for (const [code, more] of refused) {
    it(`refuses with ${code} what has ${JSON.stringify(more)}`, () => {
      assert.throws(
        () => {
          checkStanding(account(more), NOW)
        },
        // Another domain may have an eve too.
        (error: { code?: string; message?: string; mend?: string }) =>
          error.code === code &&
          error.message?.startsWith('the account eve@CORP.EXAMPLE ') === true &&
          error.mend !== undefined,
      )
    })
  }

  it('quotes the name in the commands that mend, whoever chose it', () => {
    for (const more of [{ expiresMs: NOW }, { locked: true }]) {
      const named = account({ ...more, sAMAccountName: '$(id)' })
      const { mend } = caught(() => {
        checkStanding(named, NOW)
      })
      assert.equal(mend?.split("'$(id)'").length, 3, mend)
      assert.doesNotMatch(mend.replaceAll("'$(id)'", ''), /\$\(/)
    }
  })

  const accepted = [{}, { expiresMs: NOW + 1 }, { locked: false }, { passwordExpired: true }]
  for (const more of accepted) {
    it(`accepts what has ${JSON.stringify(more)}`, () => {
      checkStanding(account(more), NOW)
    })
  }
})

describe('an account that expires while it is in use', () => {
  it('is asked for again at its end, and refused', async () => {
    const clock = new ManualClock()
    const directory = new FakeDirectory()
    directory.add('eve', { expiresMs: clock.nowMs() + 1000 })
    const onRefused = () => undefined
    const finder = new IdentityFinder({ directory, clock, onRefused }, resolveSsoLimits())
    const key = { by: 'sAMAccountName', value: 'eve' } as const
    await finder.find(key)
    assert.ok(finder.known(key))
    await clock.advance(1000)
    assert.equal(finder.known(key), undefined)
    await assert.rejects(finder.find(key), { code: 'ERR_SSO_ACCOUNT_EXPIRED' })
  })

  it('is counted, remembered refusals by their kind', async () => {
    const clock = new ManualClock()
    const directory = new FakeDirectory()
    directory.add('eve')
    const ports = { directory, clock, onRefused: () => undefined }
    const finder = new IdentityFinder(ports, resolveSsoLimits())
    const key = (value: string) => ({ by: 'sAMAccountName', value }) as const
    await finder.find(key('eve'))
    assert.ok(finder.known(key('eve')))
    await assert.rejects(finder.find(key('nobody')))
    await assert.rejects(finder.find(key('nobody')))
    const { hits, lookups, kept, refusalHits } = finder.counters
    assert.deepEqual([hits, lookups, kept], [1, 2, 1])
    assert.deepEqual(refusalHits, { policy: 0, unknown: 1, transport: 0, other: 0 })
  })

  it('is kept apart by realm and by what is compared', async () => {
    const clock = new ManualClock()
    const directory = new FakeDirectory()
    directory.add('eve')
    const ports = { directory, clock, onRefused: () => undefined }
    const finder = new IdentityFinder(ports, resolveSsoLimits())
    await finder.find({ by: 'sAMAccountName', value: 'eve', realms: ['A.EXAMPLE'] })
    const known = (realms: readonly string[]) =>
      finder.known({ by: 'sAMAccountName', value: 'EVE', realms }) !== undefined
    assert.deepEqual([known(['a.example']), known(['B.EXAMPLE']), known([])], [true, false, false])
  })
})
