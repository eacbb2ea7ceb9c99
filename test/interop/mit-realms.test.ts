/** The Kerberos client between two realms of MIT KDCs. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { formatPrincipal, KerberosClient } from '../../src/kerberos/index.ts'
import { NetworkKdcTransport } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { hasMitKdc, NO_MIT_KDC, startMitRealms, type MitRealms } from '../support/mit-realms.ts'

describe(
  'services of another realm, at MIT KDCs',
  { skip: hasMitKdc() ? false : NO_MIT_KDC },
  () => {
    let realms: MitRealms
    before(async () => {
      realms = await startMitRealms()
      realms.addPrincipal('ONE.TEST', 'alice', 'Wonderland-1')
      realms.addPrincipal('TWO.TEST', 'HTTP/web.two.test')
    })
    after(() => realms.stop())

    const client = (): KerberosClient =>
      new KerberosClient({
        identity: {
          principal: { nameType: 1, nameString: ['alice'] },
          realm: 'ONE.TEST',
          keys: { password: 'Wonderland-1' },
        },
        transport: new NetworkKdcTransport({ kdcs: realms.kdcs }),
        clock: systemClock,
        random: systemRandom,
      })

    for (const spn of ['HTTP/web.two.test', 'HTTP/web.two.test@TWO.TEST']) {
      it(`gets a ticket to ${spn}`, async () => {
        const ticket = await client().ownTicket(spn)
        const server = formatPrincipal(ticket.server, ticket.serverRealm)
        assert.equal(server, 'HTTP/web.two.test@TWO.TEST')
        assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), 'alice@ONE.TEST')
      })
    }

    it('says which realm does not know a service', async () => {
      await assert.rejects(client().ownTicket('HTTP/other.two.test'), {
        code: 'ERR_KRB_SPN_UNKNOWN',
        realm: 'TWO.TEST',
      })
    })
  },
)
