import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { LookupOptions } from 'node:dns'
import { createNameResolver } from '../../../../src/connector/io/index.ts'
import { toLookupFunction } from '../../../../src/connector/io/name-resolver.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { NameServer } from '../../../support/name-server.ts'

const servers: NameServer[] = []

async function resolver(options: { cacheSeconds?: number; cachedNames?: number } = {}) {
  const server = await NameServer.start()
  servers.push(server)
  const clock = new ManualClock()
  const config = {
    servers: [server.address],
    timeoutMs: 2000,
    cacheSeconds: 300,
    cachedNames: 100,
    ...options,
  }
  return { server, clock, resolve: createNameResolver(config, clock) }
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

describe('names by name servers', () => {
  it('are asked for once at a time, and kept for their time to live', async () => {
    const { server, clock, resolve } = await resolver()
    server.records.set('iwa.corp.example', [
      { address: '10.0.0.1', ttl: 60 },
      { address: '10.0.0.2', ttl: 30 },
    ])
    const answers = await Promise.all([resolve('iwa.corp.example'), resolve('iwa.corp.example')])
    assert.deepEqual(answers[0].toSorted(), ['10.0.0.1', '10.0.0.2'])
    assert.deepEqual(answers[1], answers[0])
    await clock.advance(29_000)
    await resolve('iwa.corp.example')
    assert.equal(server.asked.length, 1)
    await clock.advance(2000)
    server.records.set('iwa.corp.example', [{ address: '10.0.0.9', ttl: 30 }])
    assert.deepEqual(await resolve('iwa.corp.example'), ['10.0.0.9'])
    assert.equal(server.asked.length, 2)
  })

  it('are not kept longer than the setting says', async () => {
    const { server, clock, resolve } = await resolver({ cacheSeconds: 5 })
    server.records.set('a.test', [{ address: '10.0.0.1', ttl: 86_400 }])
    await resolve('a.test')
    await clock.advance(6000)
    await resolve('a.test')
    assert.equal(server.asked.length, 2)
  })

  it('may be asked for each time', async () => {
    const { server, resolve } = await resolver({ cacheSeconds: 0 })
    server.records.set('a.test', [{ address: '10.0.0.1', ttl: 60 }])
    await resolve('a.test')
    await resolve('a.test')
    assert.equal(server.asked.length, 2)
  })

  it('are refused with the reason, and asked for again', async () => {
    const { server, resolve } = await resolver()
    const fault = {
      code: 'ERR_CONNECTOR_NAME',
      message: /^late\.test has no address: .*ENOTFOUND$/,
    }
    await assert.rejects(resolve('late.test'), fault)
    server.records.set('late.test', [{ address: '10.0.0.1', ttl: 60 }])
    assert.deepEqual(await resolve('late.test'), ['10.0.0.1'])
  })

  it('are not said not to be there where nobody answers', async () => {
    const { server, resolve } = await resolver()
    servers.splice(servers.indexOf(server), 1)
    await server.stop()
    await assert.rejects(resolve('late.test'), {
      code: 'ERR_CONNECTOR_NAME',
      message: /^nobody tells the address of late\.test: no answer from .* \(E/,
      mend: /port 53/,
    })
  })

  it('are not needed for an address', async () => {
    const { server, resolve } = await resolver()
    assert.deepEqual(await resolve('10.1.2.3'), ['10.1.2.3'])
    assert.deepEqual(await resolve('fd00::1'), ['fd00::1'])
    assert.equal(server.asked.length, 0)
  })
})

describe('names for sockets', () => {
  const lookup = toLookupFunction((name) => {
    if (name === 'none.test') return Promise.reject(new Error('no such name'))
    return Promise.resolve(['fd00::1', '10.0.0.1'])
  })
  const ask = (name: string, options: LookupOptions) => {
    return new Promise<unknown>((resolve, reject) => {
      lookup(name, options, (error, address, family) => {
        if (error) reject(error)
        else resolve(family === undefined ? address : [address, family])
      })
    })
  }

  it('come all at once, or the first', async () => {
    const both = [
      { address: 'fd00::1', family: 6 },
      { address: '10.0.0.1', family: 4 },
    ]
    assert.deepEqual(await ask('a.test', { all: true }), both)
    assert.deepEqual(await ask('a.test', {}), ['fd00::1', 6])
  })

  it('are of the family that is asked for', async () => {
    assert.deepEqual(await ask('a.test', { family: 4 }), ['10.0.0.1', 4])
    assert.deepEqual(await ask('a.test', { family: 'IPv4' }), ['10.0.0.1', 4])
  })

  it('may be missing', async () => {
    await assert.rejects(ask('none.test', {}), /no such name/)
    const only = toLookupFunction(() => Promise.resolve(['10.0.0.1']))
    const asked = new Promise((_resolve, reject) => {
      only('a.test', { family: 6 }, (error) => {
        reject(error ?? new Error('an address was found'))
      })
    })
    await assert.rejects(asked, { code: 'ERR_CONNECTOR_NAME' })
  })
})

describe('names by the host', () => {
  it('are what the host says', async () => {
    const resolve = createNameResolver(undefined, new ManualClock())
    const addresses = await resolve('localhost')
    assert.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'))
  })
})
