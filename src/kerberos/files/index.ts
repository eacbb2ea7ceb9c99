/**
 * File formats of Kerberos, as octets: the keytab.
 *
 * @module
 */

export {
  decodeKeytab,
  encodeKeytab,
  keysFor,
  type KeytabEntry,
  type KeytabLimits,
} from './keytab.ts'
