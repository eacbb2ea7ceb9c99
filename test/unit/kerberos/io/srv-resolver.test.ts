import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { dnsSrvResolver } from '../../../../src/kerberos/io/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import { NameServer } from '../../../support/name-server.ts'

describe('dnsSrvResolver', () => {
  it('tells no records from a DNS that cannot be asked', async () => {
    const server = await NameServer.start()
    const { address } = server
    const ask = (timeoutMs: number) =>
      dnsSrvResolver({ servers: [address], random: systemRandom, timeoutMs, tries: 1 })(
        '_kerberos._tcp.nowhere.example',
      )
    try {
      assert.deepEqual(await ask(20_000), [])
    } finally {
      await server.stop()
    }
    await assert.rejects(ask(200))
  })

  it('asks first whoever answered last: a silent name server costs its time once', async () => {
    const server = await NameServer.start()
    const deaf = createSocket('udp4').bind(0, '127.0.0.1')
    await once(deaf, 'listening')
    let heard = 0
    deaf.on('message', () => (heard += 1))
    const servers = [`127.0.0.1:${deaf.address().port}`, server.address]
    const ask = dnsSrvResolver({ servers, random: systemRandom, timeoutMs: 1000, tries: 5 })
    try {
      for (let times = 0; times < 3; times += 1) {
        assert.deepEqual(await ask('_kerberos._tcp.nowhere.example'), [])
      }
      assert.equal(heard, 1)
    } finally {
      deaf.close()
      await server.stop()
    }
  })

  // The kernel refuses to send there, as it does where the network is down or has no IPv6.
  it('goes on to the next name server when there is no way to one', async () => {
    const server = await NameServer.start()
    const servers = ['255.255.255.255', server.address]
    const options = { servers, random: systemRandom, timeoutMs: 20_000, tries: 1 }
    const name = '_kerberos._tcp.nowhere.example'
    try {
      assert.deepEqual(await dnsSrvResolver(options)(name), [])
    } finally {
      await server.stop()
    }
    const none = dnsSrvResolver({ ...options, servers: ['255.255.255.255'] })
    await assert.rejects(none(name), { message: /255\.255\.255\.255:53: .*EACCES/ })
  })
})
