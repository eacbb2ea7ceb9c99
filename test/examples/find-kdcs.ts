/** Finds the KDCs of a realm, in krb5.conf or the DNS: find-kdcs.ts CORP.EXAMPLE [name server] */
import { kdcsOf, KerberosError } from 'sallyport/kerberos'
import {
  DnsKdcLocator,
  dnsSrvResolver,
  loadKrb5Conf,
  systemClock as clock,
  systemRandom as random,
} from 'sallyport/kerberos/node'

const [, , realm = '', nameServer] = process.argv

try {
  const conf = await loadKrb5Conf(process.env['KRB5_CONFIG'] ?? '/etc/krb5.conf')
  console.log('krb5.conf:', ...kdcsOf(conf, realm))
} catch (error) {
  // File and line are named where it is not what it should be.
  if (!(error instanceof KerberosError)) throw error
  console.log(error.code, error.message, error.mend)
}

// SRV records: priority first, then drawn by weight; kept as long as the DNS allows.
const servers = nameServer === undefined ? undefined : [nameServer]
const resolve = dnsSrvResolver({ random, servers })
const locator = new DnsKdcLocator({ resolve, clock, random })
for (const kdc of await locator.locate(realm)) {
  console.log('DNS:', kdc.via === 'direct' ? `${kdc.host}:${kdc.port}` : kdc.url)
}
