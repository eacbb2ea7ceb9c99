import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseKrb5ConfText } from '../../../../src/kerberos/index.ts'
import { openKdcAccess } from '../../../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import { AS_REQ, asRep, datagram, FakeUdpKdc } from '../../../support/fake-kdc.ts'
import { NameServer } from '../../../support/name-server.ts'

const ports = { clock: systemClock, random: systemRandom }
const REQUEST = Buffer.of(1)
const krb5Conf = parseKrb5ConfText(
  '[realms]\nB = {\nkdc = 127.0.0.1:1\n}\nC = {\nkdc = https://127.0.0.1:1/KdcProxy\n}\n',
)

describe('the way to KDCs', () => {
  it('leads to those that are listed, then to those of krb5.conf, then to those of the DNS', async () => {
    const server = await NameServer.start()
    const dns = { servers: [server.address], timeoutMs: 20_000 }
    const access = openKdcAccess({ ...ports, krb5Conf, dns, kdcs: { A: ['127.0.0.1:2'] } })
    try {
      for (const [realm, message] of [
        ['A', /127\.0\.0\.1:2: .*ECONNREFUSED/],
        ['B', /127\.0\.0\.1:1: .*ECONNREFUSED/],
        ['C', /https:\/\/127\.0\.0\.1:1\/KdcProxy: .*ECONNREFUSED/],
        ['D', /none is listed or found in the DNS/],
      ] as const) {
        const refused = { code: 'ERR_KRB_KDC_UNREACHABLE', message }
        await assert.rejects(access.exchange(realm, REQUEST), refused)
      }
    } finally {
      await server.stop()
    }
  })

  it('may go through a forward proxy, and without the DNS', async () => {
    const forwardProxy = { url: 'http://127.0.0.1:3' }
    const options = { ...ports, krb5Conf, dns: false, kdcProxies: { forwardProxy } } as const
    const access = openKdcAccess(options)
    await assert.rejects(access.exchange('C', REQUEST), {
      message: /forward proxy 127\.0\.0\.1:3: /,
    })
    await assert.rejects(access.exchange('D', REQUEST), { message: /none is listed/ })
  })

  it('goes over UDP where krb5.conf prefers it and nobody says otherwise', async (t) => {
    const kdc = await FakeUdpKdc.start(datagram(asRep()))
    t.after(() => {
      kdc.stop()
    })
    const conf = parseKrb5ConfText('[libdefaults]\nudp_preference_limit = 1465\n')
    const options = { ...ports, krb5Conf: conf, dns: false, kdcs: { A: [kdc.address] } } as const
    assert.deepEqual(await openKdcAccess(options).exchange('A', AS_REQ), asRep())
    const tcpAlone = openKdcAccess({ ...options, udpPreferenceLimit: 0 })
    await assert.rejects(tcpAlone.exchange('A', AS_REQ), { message: /ECONNREFUSED/ })
    assert.equal(kdc.received.length, 1)
  })

  it('is refused where there is none, or with limits that are none', () => {
    assert.throws(() => openKdcAccess({ ...ports, dns: false }), RangeError)
    assert.throws(() => openKdcAccess({ ...ports, timeoutMs: 0 }), RangeError)
    assert.throws(() => openKdcAccess({ ...ports, kdcProxies: { keepAliveMs: 0 } }), RangeError)
  })
})
