/**
 * The error of the DER reader: a stable code, the path to the field, the offset in the input.
 *
 * @module
 */

import { SallyportError } from '../platform/index.ts'

/** What was wrong with the encoding. */
export type Asn1ErrorCode =
  /** The input, or the element that holds this one, ends too early. */
  | 'ERR_ASN1_TRUNCATED'
  /** Another tag was expected here. */
  | 'ERR_ASN1_TAG'
  /** A length that DER does not allow: indefinite, or longer than needed. */
  | 'ERR_ASN1_LENGTH'
  /** The content is not a DER encoding of the type. */
  | 'ERR_ASN1_VALUE'
  /** Octets are left over. */
  | 'ERR_ASN1_TRAILING'
  /** Elements are nested too deep. */
  | 'ERR_ASN1_DEPTH'
  /** The input is larger than the limit. */
  | 'ERR_ASN1_SIZE'

/** Input that is not the DER it should be. */
export class Asn1Error extends SallyportError {
  declare readonly code: Asn1ErrorCode
  /** Names from the outermost element to the faulty one, joined by dots. */
  readonly path: string
  /** Where in the whole input, octets from 0. */
  readonly offset: number

  constructor(
    code: Asn1ErrorCode,
    what: string,
    where: { readonly path: string; readonly offset: number },
  ) {
    super(code, `${where.path}: ${what} (at octet ${where.offset})`)
    this.path = where.path
    this.offset = where.offset
  }
}
