/**
 * File formats of Kerberos, as octets and text: keytab, credential cache.
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
