/** How a real KDC is talked to: UDP beside TCP, and around KDCs that are dead, silent or late. */

import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { after, before, describe, it } from 'node:test'
import { KerberosClient, parsePrincipal } from '../../src/kerberos/index.ts'
import {
  NetworkKdcTransport,
  type NetworkKdcTransportOptions,
} from '../../src/kerberos/io/index.ts'
import { parseHostPort, type HostPort } from '../../src/kerberos/io/kdc-address.ts'
import { decodeKrbError, isKrbError } from '../../src/kerberos/messages/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { startBlackHole } from '../support/black-hole.ts'
import { deadAddress, FakeKdc, FakeUdpKdc } from '../support/fake-kdc.ts'
import { honest, KdcProxy } from '../support/kdc-proxy.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { hasMitKdc, NO_MIT_KDC, startMitRealms, type MitRealms } from '../support/mit-realms.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { MemoryLogger } from '../support/manual-clock.ts'

/** Passes datagrams to a real KDC, and its answers back. */
class UdpRelay {
  /** What the KDC sent. */
  readonly replies: Uint8Array[] = []
  readonly #outward: Socket[] = []
  readonly #kdc: HostPort
  #inward: FakeUdpKdc | undefined

  private constructor(kdc: HostPort) {
    this.#kdc = kdc
  }

  /** Listens at a port of 127.0.0.1, that of a KdcProxy or one of its own. */
  static async start(kdc: HostPort, port?: number): Promise<UdpRelay> {
    const relay = new UdpRelay(kdc)
    relay.#inward = await FakeUdpKdc.start((socket, request, from) => {
      const onward = createSocket('udp4')
      relay.#outward.push(onward)
      onward.on('message', (reply) => {
        relay.replies.push(reply)
        socket.send(reply, from.port, from.address)
      })
      onward.send(request, relay.#kdc.port, relay.#kdc.host)
    }, port)
    return relay
  }

  get address(): string {
    return this.#inward?.address ?? ''
  }

  stop(): void {
    this.#inward?.stop()
    for (const socket of this.#outward) socket.close()
  }
}

/** What is asked is asked once, however slow the KDC is: the tests count datagrams. */
const unhurried = { udpRetransmitAfterMs: 60_000, timeoutMs: 60_000, totalTimeoutMs: 60_000 }

const lab = sharedLab()
const ldap = 'ldap/dc1.corp.example'

describe('a KDC over UDP', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm, kdc, users } = lab
  let tcp: KdcProxy
  let udp: UdpRelay

  before(async () => {
    tcp = await KdcProxy.start({ realm, kdc })
    udp = await UdpRelay.start(parseHostPort(kdc, 88), parseHostPort(tcp.address, 88).port)
  })
  after(async () => {
    udp.stop()
    await tcp.stop()
  })

  const overUdp = () =>
    new NetworkKdcTransport({
      kdcs: { [realm]: [tcp.address] },
      udpPreferenceLimit: 1465,
      ...unhurried,
    })
  const userOf = (name: string, transport: NetworkKdcTransport) => {
    const keys = { password: users[name]?.password ?? '' }
    const { principal } = parsePrincipal(name)
    const identity = { principal, realm, keys }
    return new KerberosClient({ identity, transport, clock: systemClock, random: systemRandom })
  }
  const errorsSent = () =>
    udp.replies.filter(isKrbError).map((reply) => decodeKrbError(reply).errorCode)

  it('hears over UDP what fits a datagram, and asks over TCP for what does not (52)', async () => {
    const transport = overUdp()
    const ticket = await userOf('alice', transport).ownTicket(ldap)
    assert.equal(ticket.serverRealm, realm)
    // The refusal that names the salt fits; tickets with a PAC do not fit the 1400 octets that Samba sends.
    assert.deepEqual(errorsSent(), [25, 52])
    assert.deepEqual(tcp.seen, ['AS', 'TGS'])
    // The TGS-REQ holds such a ticket: it is above the limit.
    assert.equal(udp.replies.length, 2)
  })

  it('gets the ticket of a user in 600 groups, whose PAC no datagram holds', async () => {
    const viaTcp = tcp.seen.length
    udp.replies.length = 0
    const ticket = await userOf('heidi', overUdp()).ownTicket(ldap)
    assert.ok(ticket.ticket.length > 3000)
    assert.deepEqual(errorsSent(), [25, 52])
    assert.equal(tcp.seen.length, viaTcp + 2)
  })

  it('impersonates and delegates as over TCP', async () => {
    const transport = overUdp()
    const client = await connectorClient(lab, 'CONN1', { transport })
    const evidence = await client.impersonate({ name: 'heidi', realm })
    assert.ok(evidence.groupSids.length > 600)
    await client.delegate(evidence, 'HTTP/iwa.corp.example')
    const [known] = transport.statistics().kdcs
    assert.deepEqual([known?.state, known?.failed], ['well', 0])
  })
})

describe('MIT’s KDC over UDP alone', { skip: hasMitKdc() ? false : NO_MIT_KDC }, () => {
  const realm = 'ONE.TEST'
  let realms: MitRealms
  before(async () => {
    realms = await startMitRealms()
    realms.addPrincipal(realm, 'alice', 'Wonderland-1')
    realms.addPrincipal(realm, 'HTTP/web.one.test')
  })
  after(() => realms.stop())

  it('gives tickets, where nobody listens to TCP', async (t) => {
    const { host, port } = parseHostPort(realms.kdcs[realm]?.[0] ?? '', 88)
    const relay = await UdpRelay.start({ host, port })
    t.after(() => {
      relay.stop()
    })
    const transport = new NetworkKdcTransport({
      kdcs: { [realm]: [relay.address] },
      udpPreferenceLimit: 1465,
      ...unhurried,
    })
    const principal = { nameType: 1, nameString: ['alice'] }
    const identity = { principal, realm, keys: { password: 'Wonderland-1' } }
    const ports = { clock: systemClock, random: systemRandom }
    const client = new KerberosClient({ identity, transport, ...ports })
    const ticket = await client.ownTicket('HTTP/web.one.test')
    assert.equal(ticket.serverRealm, realm)
    // No pre-authentication is asked of alice.
    assert.equal(relay.replies.length, 2)
  })
})

describe('a KDC beside others that do not answer', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm, kdc } = lab
  const logger = new MemoryLogger()
  const clientOf = async (options: NetworkKdcTransportOptions) => {
    const transport = new NetworkKdcTransport({ logger, ...options })
    return { transport, client: await connectorClient(lab, 'CONN1', { transport }) }
  }

  it('gives tickets though the first one is dead, and the log says so once', async () => {
    const dead = await deadAddress()
    logger.lines.length = 0
    const { client, transport } = await clientOf({ kdcs: { [realm]: [dead, kdc] } })
    const evidence = await client.impersonate({ name: 'alice', realm })
    await client.delegate(evidence, 'HTTP/iwa.corp.example')
    assert.deepEqual(
      logger.lines.map(({ level, fields }) => [level, fields['kdc']]),
      [['warn', dead]],
    )
    const first = transport.statistics().kdcs.find((known) => known.kdc === dead)
    assert.deepEqual([first?.failed, first?.answered], [1, 0])
  })

  it('gives tickets though the first one takes connections and says nothing', async (t) => {
    const silent = await FakeKdc.start(() => undefined)
    t.after(() => silent.stop())
    const kdcs = { [realm]: [silent.address, kdc] }
    const { client, transport } = await clientOf({ kdcs, hedgeAfterMs: 20 })
    for (let i = 0; i < 3; i++) await client.impersonate({ name: 'alice', realm })
    assert.ok(transport.statistics().hedges > 0)
  })

  it('gives tickets though packets to the first one are dropped, and the log says so once', async (t) => {
    const hole = await startBlackHole()
    t.after(() => hole.stop())
    logger.lines.length = 0
    const kdcs = { [realm]: [hole.address, kdc] }
    const { client, transport } = await clientOf({ kdcs, maxInFlight: 1, timeoutMs: 500 })
    const evidence = await client.impersonate({ name: 'alice', realm })
    await client.delegate(evidence, 'HTTP/iwa.corp.example')
    const swallowed = transport.statistics().kdcs.find((known) => known.kdc === hole.address)
    assert.equal(swallowed?.answered, 0)
    const told = logger.lines.filter(({ fields }) => fields['kdc'] === hole.address)
    assert.deepEqual(
      told.map(({ level }) => level),
      ['warn'],
    )
  })

  it('gives true tickets though the first one lies, and the log says so once', async (t) => {
    const liar = await KdcProxy.start({ realm, kdc })
    t.after(() => liar.stop())
    // The protected part stands at the end: its checksum is wrong then.
    liar.wiretap = async (now) => {
      const reply = await now.ask()
      return now.exchange === 'AS' ? reply : Buffer.from(reply).fill(0, reply.length - 8)
    }
    logger.lines.length = 0
    const { client } = await clientOf({ kdcs: { [realm]: [liar.address, kdc] } })
    for (const name of ['alice', 'bob', 'alice']) {
      assert.equal((await client.impersonate({ name, realm })).accountName, name)
    }
    assert.equal(liar.count('TGS', 'S4U2Self'), 1)
    assert.deepEqual(
      logger.lines.map(({ level, fields }) => [level, fields['kdc']]),
      [['warn', liar.address]],
    )
    assert.match(String(logger.lines[0]?.fields['reason']), /not true/)
  })

  it('answers in place of one that is late, and takes its turn again when that one is quick', async (t) => {
    const late = await KdcProxy.start({ realm, kdc })
    t.after(() => late.stop())
    const kdcs = { [realm]: [late.address, kdc] }
    const { client, transport } = await clientOf({ kdcs, hedgeAfterMs: 50, probeAfterMs: 1 })
    const answers = Promise.withResolvers<undefined>()
    late.wiretap = async (now) => {
      await answers.promise
      return honest(now)
    }
    const evidence = await client.impersonate({ name: 'alice', realm })
    await client.delegate(evidence, 'HTTP/iwa.corp.example')
    const { hedges, kdcs: known } = transport.statistics()
    assert.ok(hedges > 0)
    assert.deepEqual(
      known.map(({ answered }) => answered > 0),
      known.map(({ kdc: name }) => name !== late.address),
    )
    answers.resolve(undefined)
    late.wiretap = honest
    const wellAgain = () =>
      transport
        .statistics()
        .kdcs.some(
          ({ kdc: name, state, answered }) =>
            name === late.address && state === 'well' && answered > 0,
        )
    while (!wellAgain()) await client.impersonate({ name: 'alice', realm })
  })
})
