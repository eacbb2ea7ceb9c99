/** How S4U2Self tells the user: by both kinds of padata, or by the one that needs no MD5. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PaType } from '../../../src/kerberos/iana/index.ts'
import { newWorld, REALM, type World } from '../../support/kerberos-world.ts'

const alice = { name: 'alice', realm: REALM }

/** The padata of each S4U2Self. */
function watch({ kdc }: World): number[][] {
  const seen: number[][] = []
  kdc.tricks = {
    ...kdc.tricks,
    refuse: (kind, { padata = [] }) => {
      const types = padata.map(({ padataType }) => padataType)
      if (kind === 'S4U2Self') seen.push(types.filter((type) => type !== PaType.PA_TGS_REQ))
      return undefined
    },
  }
  return seen
}

describe('S4U2Self', () => {
  for (const fast of ['no', 'yes'] as const) {
    it(`tells the user both ways or one, as the setting says; armour: ${fast}`, async () => {
      const world = newWorld()
      world.kdc.fast = fast
      const seen = watch(world)
      for (const s4uUserPadata of ['both', 'x509Only'] as const) {
        const connector = world.client('CONN1$', { s4uUserPadata })
        assert.equal((await connector.impersonate(alice)).accountName, 'alice')
      }
      assert.deepEqual(seen, [
        [PaType.PA_FOR_USER, PaType.PA_S4U_X509_USER],
        [PaType.PA_S4U_X509_USER],
      ])
    })
  }

  it('says what to do where the KDC does not know the one way, as Samba does not', async () => {
    const world = newWorld()
    world.kdc.tricks = { withoutX509: true }
    const connector = world.client('CONN1$', { s4uUserPadata: 'x509Only' })
    await assert.rejects(connector.impersonate(alice), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /a ticket for CONN1\$@CORP.EXAMPLE, not for alice@CORP.EXAMPLE/,
      mend: /PA-S4U-X509-USER alone.*s4uUserPadata/,
    })
    assert.equal((await world.client().impersonate(alice)).accountName, 'alice')
  })

  it('passes other refusals on as they are', async () => {
    const world = newWorld()
    const connector = world.client('CONN1$', { s4uUserPadata: 'x509Only' })
    await assert.rejects(connector.impersonate({ name: 'nobody', realm: REALM }), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
    })
  })

  it('refuses settings that are no words of ours', () => {
    const { client } = newWorld()
    assert.throws(() => client('CONN1$', { s4uUserPadata: 'none' as 'both' }), RangeError)
    assert.throws(() => client('CONN1$', { fast: 'maybe' as 'off' }), RangeError)
  })
})
