import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  actingSids,
  actingVerdict,
  decodeSecurityDescriptor,
  EVERYONES_SIDS,
} from '../../../src/directory/index.ts'
import { keptDescriptor } from '../../support/descriptors.ts'

const CONNECTOR = 'S-1-5-21-1-2-3-1104'
const own = new Set([CONNECTOR, ...EVERYONES_SIDS])

function verdictOn(name: string, sids: ReadonlySet<string> = own) {
  return actingVerdict(decodeSecurityDescriptor(keptDescriptor(name)), sids)
}

describe('who may act on behalf of users', () => {
  it('is who samba-tool has added', () => {
    const descriptor = decodeSecurityDescriptor(keptDescriptor('rbcd'))
    const sids = actingSids(descriptor)
    assert.equal(sids.length, 2)
    assert.ok(sids.every((sid) => /^S-1-5-21-.*-112[45]$/.test(sid)))
    assert.ok(actingVerdict(descriptor, new Set(sids.slice(1))).granted)
    assert.ok(!actingVerdict(descriptor, own).granted)
  })

  const cases = [
    { name: 'generic-all', granted: false, because: 'generic-right' },
    { name: 'read-alone', granted: false, because: 'without-control-access' },
    { name: 'inherit-only', granted: false, because: 'inherit-only' },
    { name: 'object', granted: false, because: 'object-entry' },
    { name: 'conditional', granted: false, because: 'conditional' },
    { name: 'deny-first', granted: false, by: 1 },
    { name: 'everyone', granted: true, by: 0 },
  ] as const
  for (const { name, granted, ...why } of cases) {
    it(`judges ${name}`, () => {
      const verdict = verdictOn(name)
      assert.equal(verdict.granted, granted)
      assert.equal(verdict.by?.type, 'by' in why ? why.by : undefined)
      assert.deepEqual(
        verdict.ignored.map(({ because }) => because),
        'because' in why ? [why.because] : [],
      )
    })
  }

  it('is nobody where there is no descriptor, everyone where its list is NULL', () => {
    assert.ok(!actingVerdict(undefined, own).granted)
    assert.ok(!actingVerdict({ control: 0x8000 }, own).granted)
    const verdict = actingVerdict({ control: 0x8004 }, own)
    assert.ok(verdict.granted && verdict.unlimited)
  })

  it('counts an entry for a group of the account', () => {
    const granted = { type: 0, flags: 0, mask: 0x100, sid: 'S-1-5-21-1-2-3-2000' }
    const descriptor = { control: 0x8004, dacl: { revision: 2, aces: [granted] } }
    assert.ok(!actingVerdict(descriptor, own).granted)
    assert.ok(actingVerdict(descriptor, new Set([...own, granted.sid])).granted)
  })
})
