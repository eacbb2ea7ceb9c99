/**
 * Floor 1: strict DER (X.690), read and written by hand.
 *
 * @module
 */

export { Asn1Error, type Asn1ErrorCode } from './errors.ts'
export { DerReader, type BitString, type DerElement, type DerLimits } from './reader.ts'
export { applicationTag, contextTag, Tag } from './tags.ts'
export { DerWriter } from './writer.ts'
