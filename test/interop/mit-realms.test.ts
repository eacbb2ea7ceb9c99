/** The Kerberos client between two realms of MIT KDCs. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { MessageType, PaType } from '../../src/kerberos/iana/index.ts'
import {
  formatPrincipal,
  KerberosClient,
  type KdcTransport,
  type KerberosClientOptions,
} from '../../src/kerberos/index.ts'
import { NetworkKdcTransport } from '../../src/kerberos/io/index.ts'
import { decodeKdcReq } from '../../src/kerberos/messages/index.ts'
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

    /** Realms in the order in which they were asked for tickets, and whether under armour. */
    const watched = () => {
      const asked: string[] = []
      const inner = new NetworkKdcTransport({ kdcs: realms.kdcs })
      const transport: KdcTransport = {
        exchange(realm, octets, signal) {
          const { msgType, padata = [] } = decodeKdcReq(octets)
          const armored = padata.some(({ padataType }) => padataType === PaType.PA_FX_FAST)
          if (msgType === MessageType.TGS_REQ) asked.push(`${realm} ${armored ? 'armour' : 'open'}`)
          return inner.exchange(realm, octets, signal)
        },
      }
      return { asked, transport }
    }

    const client = (options: Partial<KerberosClientOptions> = {}): KerberosClient =>
      new KerberosClient({
        identity: {
          principal: { nameType: 1, nameString: ['alice'] },
          realm: 'ONE.TEST',
          keys: { password: 'Wonderland-1' },
        },
        transport: new NetworkKdcTransport({ kdcs: realms.kdcs }),
        clock: systemClock,
        random: systemRandom,
        ...options,
      })

    for (const [fast, elsewhere] of [
      ['required', 'armour'],
      // No KDC says, where nobody could change it, what another realm's offers.
      ['whenOffered', 'open'],
    ] as const) {
      it(`asks the KDC of the other realm under ${elsewhere} where it is ${fast}`, async () => {
        const { asked, transport } = watched()
        const ticket = await client({ fast, transport }).ownTicket('HTTP/web.two.test')
        assert.equal(ticket.serverRealm, 'TWO.TEST')
        assert.deepEqual(asked, ['ONE.TEST armour', `TWO.TEST ${elsewhere}`])
      })
    }

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
