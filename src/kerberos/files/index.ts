/**
 * File formats of Kerberos, as octets and text: keytab, credential cache, krb5.conf.
 *
 * @module
 */

export {
  findTgt,
  findTicket,
  newCcache,
  type Ccache,
  type CcacheCredential,
  type CcacheSetting,
  type WantedTicket,
} from './ccache.ts'
export { decodeCcache, type CcacheLimits } from './ccache-read.ts'
export { encodeCcache } from './ccache-write.ts'
export {
  decodeKeytab,
  encodeKeytab,
  keysFor,
  type KeytabEntry,
  type KeytabLimits,
} from './keytab.ts'
export { renewKeytab, type KeytabRenewal } from './keytab-renewal.ts'
export {
  decodePendingPassword,
  encodePendingPassword,
  type PendingPassword,
} from './pending-password.ts'
export {
  parseKrb5Conf,
  parseKrb5ConfText,
  type ConfInclude,
  type ConfSource,
  type Krb5ConfLimits,
  type Krb5ConfParser,
} from './krb5-conf.ts'
export {
  capathOf,
  httpAnchorsOf,
  kdcsOf,
  libdefaultsOf,
  parseHttpAnchor,
  passwordServersOf,
  realmOfHost,
  type HttpAnchor,
  type Libdefaults,
} from './krb5-conf-queries.ts'
export { confError, Krb5Conf, type ConfNode, type ConfValue } from './krb5-conf-tree.ts'
export { parseBoolean, parseDurationMs, parseEtypes } from './krb5-conf-values.ts'
export type { ServiceTicket } from './service-ticket.ts'
