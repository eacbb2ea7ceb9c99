import assert from 'node:assert/strict'
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { once } from 'node:events'
import { encodeKrbError } from '../../../../src/kerberos/messages/index.ts'
import { formatKdcAddress, parseKdcAddress } from '../../../../src/kerberos/io/kdc-address.ts'
import {
  TcpKdcTransport,
  type TcpKdcTransportOptions,
} from '../../../../src/kerberos/io/tcp-kdc-transport.ts'

const REALM = 'CORP.EXAMPLE'
const servers: Server[] = []
const sockets = new Set<Socket>()

after(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
})

const framed = (message: Uint8Array): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(message.length)
  return Buffer.concat([length, message])
}

interface Fake {
  readonly address: string
  /** What clients sent, by connection. */
  readonly received: Buffer[]
}

/** A KDC that does this with each connection once a request has come. */
async function fakeKdc(answer: (socket: Socket, request: Buffer) => void): Promise<Fake> {
  const received: Buffer[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (chunk: Buffer) => {
      received.push(chunk)
      answer(socket, chunk)
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  return { address: `127.0.0.1:${address.port}`, received }
}

/** An address where nothing listens. */
async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${address.port}`
}

const transport = (kdcs: readonly string[], options: Partial<TcpKdcTransportOptions> = {}) =>
  new TcpKdcTransport({ kdcs: { [REALM]: kdcs }, ...options })

const echo = (socket: Socket, request: Buffer): void => {
  socket.end(framed(Buffer.from(`reply to ${request.subarray(4).toString()}`)))
}
const text = (octets: Uint8Array): string => Buffer.from(octets).toString()
const request = Buffer.from('request')

describe('TcpKdcTransport', () => {
  it('frames request and reply, one connection each', async () => {
    const kdc = await fakeKdc(echo)
    const kdcs = transport([kdc.address])
    assert.equal(text(await kdcs.exchange(REALM, request)), 'reply to request')
    assert.equal(text(await kdcs.exchange(REALM, request)), 'reply to request')
    assert.deepEqual(kdc.received, [framed(request), framed(request)])
  })

  it('takes a reply that comes octet by octet', async () => {
    const kdc = await fakeKdc((socket) => {
      socket.setNoDelay(true)
      const octets = [...framed(Buffer.from('slow'))]
      const next = (): void => {
        const octet = octets.shift()
        if (octet === undefined) return
        socket.write(Uint8Array.of(octet), () => setImmediate(next))
      }
      next()
    })
    assert.equal(text(await transport([kdc.address]).exchange(REALM, request)), 'slow')
  })

  it('goes on to the next KDC, and asks the one that answered first the next time', async () => {
    const kdc = await fakeKdc(echo)
    const dead = await deadAddress()
    let tried: string[] = []
    const kdcs = transport([dead, kdc.address], {
      connect: (address) => {
        tried.push(formatKdcAddress(address))
        return connectTo(address)
      },
    })
    await kdcs.exchange(REALM, request)
    assert.deepEqual(tried, [dead, kdc.address])
    tried = []
    await kdcs.exchange(REALM, request)
    assert.deepEqual(tried, [kdc.address])
  })

  it('goes on when a KDC does not answer in time', async () => {
    const silent = await fakeKdc(() => undefined)
    const kdc = await fakeKdc(echo)
    const kdcs = transport([silent.address, kdc.address], { timeoutMs: 50 })
    assert.equal(text(await kdcs.exchange(REALM, request)), 'reply to request')
  })

  const unavailable = encodeKrbError({
    stimeMs: 0,
    susec: 0,
    errorCode: 29,
    realm: REALM,
    sname: { nameType: 2, nameString: ['krbtgt', REALM] },
  })

  it('goes on when a KDC says that it cannot (29), and reports that when all do', async () => {
    const busy = await fakeKdc((socket) => socket.end(framed(unavailable)))
    const kdc = await fakeKdc(echo)
    const both = transport([busy.address, kdc.address])
    assert.equal(text(await both.exchange(REALM, request)), 'reply to request')
    const only = transport([busy.address])
    assert.deepEqual(Buffer.from(await only.exchange(REALM, request)), Buffer.from(unavailable))
  })

  const faults: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
    ['closes at once', (socket) => socket.end(), /closed before the reply was whole/],
    ['cuts the reply off', (socket) => socket.end(framed(Buffer.alloc(9)).subarray(0, 8)), /whole/],
    [
      'announces too much',
      (socket) => socket.write(Buffer.from('00100000', 'hex')),
      /1048576 octets/,
    ],
    ['announces nothing', (socket) => socket.write(Buffer.alloc(4)), /0 octets/],
    [
      'sets the reserved bit',
      (socket) => socket.write(Buffer.from('80000001', 'hex')),
      /2147483649/,
    ],
    [
      'sends too much',
      (socket) => socket.write(Buffer.alloc(9).fill(1, 3, 4)),
      /more than it announced/,
    ],
    ['resets', (socket) => socket.resetAndDestroy(), /ECONNRESET|closed/],
  ]
  for (const [name, fault, says] of faults) {
    it(`says so when a KDC ${name}`, async () => {
      const kdc = await fakeKdc(fault)
      await assert.rejects(transport([kdc.address]).exchange(REALM, request), {
        code: 'ERR_KRB_KDC_UNREACHABLE',
        message: says,
      })
    })
  }

  it('names every KDC that failed', async () => {
    const [first, second] = [await deadAddress(), await deadAddress()]
    await assert.rejects(transport([first, second]).exchange(REALM, request), (error: Error) => {
      assert.match(error.message, new RegExp(`${first}: .*; ${second}: `))
      return true
    })
  })

  it('stops after the total time, whatever is left to ask', async () => {
    const silent = await fakeKdc(() => undefined)
    const many = Array.from({ length: 50 }, () => silent.address)
    const kdcs = transport(many, { timeoutMs: 60, totalTimeoutMs: 100 })
    await assert.rejects(kdcs.exchange(REALM, request), { code: 'ERR_KRB_KDC_UNREACHABLE' })
    assert.ok(silent.received.length < 10)
  })

  it('gives up with its caller', async () => {
    const controller = new AbortController()
    const silent = await fakeKdc(() => {
      controller.abort()
    })
    const kdcs = transport([silent.address, silent.address])
    await assert.rejects(kdcs.exchange(REALM, request, controller.signal), {
      code: 'ERR_KRB_ABORTED',
    })
    assert.equal(silent.received.length, 1)
    await assert.rejects(kdcs.exchange(REALM, request, controller.signal), {
      code: 'ERR_KRB_ABORTED',
    })
    assert.equal(silent.received.length, 1)
  })

  it('knows its realms only', async () => {
    await assert.rejects(transport(['127.0.0.1']).exchange('OTHER.EXAMPLE', request), {
      code: 'ERR_KRB_KDC_UNREACHABLE',
      message: /OTHER.EXAMPLE answered: no KDC is configured/,
    })
  })

  it('refuses settings that make no sense', () => {
    assert.throws(() => transport([]), RangeError)
    assert.throws(() => transport(['a:b:c']), RangeError)
    assert.throws(() => transport(['a'], { timeoutMs: 0 }), RangeError)
    assert.throws(() => transport(['a'], { maxReplyOctets: 1.5 }), RangeError)
  })
})

describe('the address of a KDC', () => {
  for (const [text, host, port] of [
    ['dc1.corp.example', 'dc1.corp.example', 88],
    ['dc1.corp.example:1088', 'dc1.corp.example', 1088],
    ['127.88.1.1', '127.88.1.1', 88],
    ['fd00::1', 'fd00::1', 88],
    ['[fd00::1]', 'fd00::1', 88],
    ['[fd00::1]:1088', 'fd00::1', 1088],
  ] as const) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseKdcAddress(text), { via: 'direct', host, port })
    })
  }
  for (const text of ['', ':88', 'a:0', 'a:65536', 'a b', 'a:x', '[fd00::1', 'kerberos://a']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseKdcAddress(text), RangeError)
    })
  }
})
