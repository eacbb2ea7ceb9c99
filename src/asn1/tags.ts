/**
 * Identifier octets (X.690 section 8.1.2). Only tag numbers below 31, which need one octet.
 *
 * @module
 */

/** Universal tags with their constructed bit, as one octet. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  SEQUENCE: 0x30,
  SET: 0x31,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  T61_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  GENERAL_STRING: 0x1b,
  BMP_STRING: 0x1e,
} as const

/**
 * The identifier octet of `[n]`.
 *
 * @param tagNumber - 0 to 30.
 * @param constructed - False for an implicitly tagged primitive. Default true.
 * @returns One octet.
 */
export function contextTag(tagNumber: number, constructed: boolean = true): number {
  return (constructed ? 0xa0 : 0x80) | tagNumber
}

/**
 * The identifier octet of `[APPLICATION n]`, constructed.
 *
 * @param tagNumber - 0 to 30.
 * @returns One octet.
 */
export function applicationTag(tagNumber: number): number {
  return 0x60 | tagNumber
}
