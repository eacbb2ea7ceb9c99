/** Armour (FAST, RFC 6113): what goes under it, and when it is used. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PaType } from '../../../../src/kerberos/iana/index.ts'
import { decodeKdcReq } from '../../../../src/kerberos/messages/index.ts'
import { newWorld, REALM, SPN } from '../../../support/kerberos-world.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'
import { alice, armoredWorld, byPassword, machineOf } from './armored-world.ts'

describe('armour', () => {
  for (const etype of [17, 18, 19, 20]) {
    it(`goes around all that the KDC offers it for, with keys of etype ${etype}`, async () => {
      const world = armoredWorld('yes', etype)
      const armor = await machineOf(world)
      const user = byPassword(world, 'Wonderland-1', { armor })
      assert.equal((await user.ownTicket(SPN)).client.nameString[0], 'alice')
      // The machine's own ticket comes in the open, all of alice's under armour.
      assert.deepEqual([world.kdc.counts.AS, world.kdc.counts.TGS, world.kdc.armored], [4, 1, 3])
    })
  }

  it('goes around both steps of a delegation', async () => {
    const world = armoredWorld()
    const connector = world.client()
    const evidence = await connector.impersonate({ ...alice, sid: world.kdc.sidOf('alice') })
    const ticket = await connector.delegate(evidence, SPN)
    assert.deepEqual(ticket.client.nameString, ['alice'])
    assert.equal(world.kdc.armored, 2)
  })

  it('hides what is asked from who listens, and padata stand nowhere else', async () => {
    const world = armoredWorld()
    const outer: number[][] = []
    world.kdc.tricks = {
      request: (octets) => {
        outer.push((decodeKdcReq(octets).padata ?? []).map(({ padataType }) => padataType))
        return octets
      },
    }
    const armor = await machineOf(world)
    outer.length = 0
    await byPassword(world, 'Wonderland-1', { armor }).ownTicket(SPN)
    assert.deepEqual(outer, [
      [PaType.PA_FX_FAST],
      [PaType.PA_FX_FAST],
      [PaType.PA_TGS_REQ, PaType.PA_FX_FAST],
    ])
  })

  it('is left out where the setting says so', async () => {
    const world = armoredWorld()
    const armor = await machineOf(world, 'off')
    await byPassword(world, 'Wonderland-1', { armor, fast: 'off' }).ownTicket(SPN)
    assert.equal(world.kdc.armored, 0)
  })

  it('is left out where the KDC does not offer it', async () => {
    const world = newWorld()
    const armor = await machineOf(world)
    await byPassword(world, 'Wonderland-1', { armor }).ownTicket(SPN)
    assert.equal(world.kdc.counts.AS, 4)
  })

  it('is put on our own next ticket-granting ticket by the last', async () => {
    const world = armoredWorld()
    const connector = world.client()
    await connector.impersonate(alice)
    const before = world.kdc.armored
    await world.clock.advance(9.9 * 3_600_000)
    await connector.armorTicket()
    await world.clock.advance(1)
    assert.equal(world.kdc.counts.AS, 4)
    assert.equal(world.kdc.armored, before + 2)
  })

  it('is all that a KDC takes proof under, if it says so', async () => {
    const world = armoredWorld('only')
    world.kdc.add({ name: 'open$', withoutProof: true })
    const armor = world.client('open$')
    const user = byPassword(world, 'Wonderland-1', { armor })
    assert.ok(await user.ownTicket(SPN))
    for (const options of [{}, { armor, fast: 'off' as const }]) {
      await assert.rejects(byPassword(world, 'Wonderland-1', options).armorTicket(), {
        code: 'ERR_KRB_FAST',
        message: /takes proof of alice@CORP.EXAMPLE under armour alone/,
      })
    }
  })

  it('carries refusals, which then are the KDC’s own word', async () => {
    const world = armoredWorld()
    const armor = await machineOf(world)
    await assert.rejects(byPassword(world, 'wrong', { armor }).armorTicket(), {
      code: 'ERR_KRB_PREAUTH_FAILED',
      armored: true,
    })
    await assert.rejects(byPassword(world, 'wrong').armorTicket(), {
      code: 'ERR_KRB_PREAUTH_FAILED',
      armored: false,
    })
    world.kdc.tricks = { refuse: (kind) => (kind === 'S4U2Self' ? { code: 6 } : undefined) }
    await assert.rejects(world.client().impersonate(alice), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      armored: true,
    })
  })

  it('is made anew when the KDC refuses its time', async () => {
    const world = armoredWorld()
    const armor = await machineOf(world)
    let refused = false
    world.kdc.tricks = {
      refuse: (kind) => {
        const first = kind === 'AS' && !refused
        refused = true
        return first ? { code: 37, stimeMs: world.clock.nowMs() + 200_000 } : undefined
      },
    }
    await byPassword(world, 'Wonderland-1', { armor }).armorTicket()
    assert.equal(refused, true)
    assert.equal(world.kdc.armored, 3)
  })

  it('by a ticket that the KDC cannot read is gone without, unless it is required', async () => {
    const world = armoredWorld()
    const armor = await machineOf(world)
    world.kdc.changeKrbtgtKey()
    assert.ok(await byPassword(world, 'Wonderland-1', { armor }).armorTicket())
    const strict = byPassword(world, 'Wonderland-1', { armor, fast: 'required' })
    await assert.rejects(strict.armorTicket(), {
      code: 'ERR_KRB_FAST',
      message: /KRB_AP_ERR_BAD_INTEGRITY/,
    })
  })

  it('that is not to be had is gone without, or not, as the setting says', async () => {
    const world = armoredWorld()
    const failing = { armorTicket: () => Promise.reject(new Error('no machine account')) }
    const logger = new MemoryLogger()
    const user = byPassword(world, 'Wonderland-1', { armor: failing, logger })
    assert.ok(await user.armorTicket())
    assert.match(logger.lines[0]?.message ?? '', /No ticket to armour/)
    const strict = byPassword(world, 'Wonderland-1', { armor: failing, fast: 'required' })
    await assert.rejects(strict.armorTicket(), /no machine account/)
  })

  it('of another realm does not do', async () => {
    const world = armoredWorld()
    const machine = await machineOf(world)
    const ticket = await machine.armorTicket()
    const server = { nameType: 2, nameString: ['krbtgt', 'FAR.EXAMPLE'] }
    const armor = { armorTicket: () => Promise.resolve({ ...ticket, server }) }
    await byPassword(world, 'Wonderland-1', { armor }).armorTicket()
    assert.equal(world.kdc.armored, 0)
    const strict = byPassword(world, 'Wonderland-1', { armor, fast: 'required' })
    await assert.rejects(strict.armorTicket(), {
      code: 'ERR_KRB_FAST',
      message: /for the KDC of FAR.EXAMPLE, not of CORP.EXAMPLE/,
    })
  })

  it('lets the KDC name us otherwise, for nobody else can have', async () => {
    const world = armoredWorld()
    world.kdc.add({ name: 'bob2', password: 'Builder-2', upn: 'bob-the-second' })
    const armor = await machineOf(world)
    const principal = { nameType: 1, nameString: ['bob-the-second'] }
    const identity = { principal, realm: REALM, keys: { password: 'Builder-2' } }
    const cname = { nameType: 1, nameString: ['bob2'] }
    world.kdc.tricks = {
      fast: (response) =>
        response.finished ? { ...response, finished: { ...response.finished, cname } } : response,
    }
    const ticket = await world.client('CONN1$', { identity, armor }).armorTicket()
    assert.deepEqual(ticket.client, cname)
    const exact = world.client('CONN1$', { identity, armor, canonicalize: false })
    await assert.rejects(exact.armorTicket(), { code: 'ERR_KRB_REPLY_MISMATCH' })
  })
})

describe('armour that is required', () => {
  it('but not offered is an error', async () => {
    const world = newWorld()
    const armor = await machineOf(world, 'off')
    const user = byPassword(world, 'Wonderland-1', { armor, fast: 'required' })
    await assert.rejects(user.armorTicket(), {
      code: 'ERR_KRB_FAST',
      message: /answers without armour: .*KDC_ERR_PREAUTH_REQUIRED/,
    })
    await assert.rejects(world.client('CONN1$', { fast: 'required' }).ownTicket(SPN), {
      code: 'ERR_KRB_FAST',
      message: /TGS: the KDC answered an armoured request without armour/,
    })
  })

  it('and offered, does it', async () => {
    const world = armoredWorld()
    const connector = world.client('CONN1$', { fast: 'required' })
    await connector.delegate(await connector.impersonate(alice), SPN)
    assert.equal(world.kdc.armored, 2)
  })
})
