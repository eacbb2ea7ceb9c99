/** A way to KDCs of one's own: own-transport.ts CONN1$ /etc/krb5.keytab dc1.corp.example:88 ldap/dc1.corp.example */
import { KerberosClient, type KdcTransport } from 'sallyport/kerberos'
import {
  keytabIdentity,
  NetworkKdcTransport,
  systemClock as clock,
  systemRandom as random,
} from 'sallyport/kerberos/node'
import { owner } from './client.ts'

const [, , name = '', keytab = '', kdc = '', service = ''] = process.argv
const { principal, realm } = owner(name)
const network = new NetworkKdcTransport({ kdcs: { [realm]: [kdc] } })

/** Any object with this one function is a transport: one that counts, as here, or a KDC in memory for a test. */
const counting: KdcTransport = {
  async exchange(realm, request, signal) {
    const began = clock.monotonicMs()
    const reply = await network.exchange(realm, request, signal)
    const ms = clock.monotonicMs() - began
    console.log(`${request.length} octets to ${realm}, ${reply.length} back in ${ms.toFixed(0)} ms`)
    return reply
  },
}

const identity = await keytabIdentity(keytab, { principal, realm })
const client = new KerberosClient({ identity, transport: counting, clock, random })
await client.ownTicket(service)
await client.ownTicket(service) // kept: nobody is asked
