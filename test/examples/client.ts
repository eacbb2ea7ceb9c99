/** A client for a realm of krb5.conf: what the other examples begin with. */
import {
  capathOf,
  KerberosClient,
  libdefaultsOf,
  parsePrincipal,
  realmOfHost,
  type ClientIdentity,
} from 'sallyport/kerberos'
import {
  keytabIdentity,
  loadKrb5Conf,
  openKdcAccess,
  systemClock as clock,
  systemRandom as random,
} from 'sallyport/kerberos/node'

const conf = await loadKrb5Conf((process.env['KRB5_CONFIG'] ?? '/etc/krb5.conf').split(':'))

/** Whose client it is, for instance `CONN1$` or `alice@CORP.EXAMPLE`. */
export function owner(name: string): Pick<ClientIdentity, 'principal' | 'realm'> {
  const { principal, realm = libdefaultsOf(conf).defaultRealm ?? '' } = parsePrincipal(name)
  return { principal, realm }
}

/** A client with this identity. KDCs come from krb5.conf, of realms that it does not list from the DNS. */
export function clientOf(identity: ClientIdentity): KerberosClient {
  return new KerberosClient({
    identity,
    transport: openKdcAccess({ krb5Conf: conf }),
    clock,
    random,
    realmOfHost: (host) => realmOfHost(conf, host),
    capaths: (from, to) => capathOf(conf, from, to) ?? [],
  })
}

/** A service's or a computer's client: its keys are read from a keytab, and anew when the file changes. */
export async function keytabClient(name: string, keytab: string): Promise<KerberosClient> {
  return clientOf(await keytabIdentity(keytab, owner(name)))
}
