/** What the in-memory KDC reads out of requests, and how it says no. */

import {
  checksum,
  checksumTypeOf,
  decrypt,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import { KerberosError } from '../../../src/kerberos/errors.ts'
import {
  KdcOption,
  KeyUsage,
  MessageType,
  PacOption,
  PaType,
  S4uOption,
  TicketFlag,
} from '../../../src/kerberos/iana/index.ts'
import {
  decodePaPacOptions,
  decodePaS4uX509User,
  encodePaPacOptions,
  encodePaS4uX509User,
  encodeS4uUserId,
  findPaData,
  type DecodedKdcReq,
  type EncTicketPart,
  type PaData,
} from '../../../src/kerberos/messages/index.ts'
import type { Kind, Refusal } from './tricks.ts'

/** Thrown inside, answered as a KRB-ERROR. */
export class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(`refused ${refusal.code}`)
    this.refusal = refusal
  }
}

export const RBCD: PaData = {
  padataType: PaType.PA_PAC_OPTIONS,
  padataValue: encodePaPacOptions(PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION),
}

/** Whether the service's own list is to be looked at (MS-SFU 2.2.5). */
export function hasRbcdBit(request: DecodedKdcReq): boolean {
  const options = findPaData(request.padata, PaType.PA_PAC_OPTIONS)
  const bit = PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION
  return options !== undefined && (decodePaPacOptions(options) & bit) !== 0
}

/** Which exchange a request begins. */
export function kindOf(request: DecodedKdcReq): Kind {
  if (request.msgType === MessageType.AS_REQ) return 'AS'
  if ((request.body.kdcOptions & KdcOption.CNAME_IN_ADDL_TKT) !== 0) return 'S4U2Proxy'
  return findPaData(request.padata, PaType.PA_FOR_USER) === undefined ? 'TGS' : 'S4U2Self'
}

/** The flags that a request asks for and gets. */
export function flagsFrom(request: DecodedKdcReq): number {
  return request.body.kdcOptions & TicketFlag.FORWARDABLE
}

/** Decrypts, or refuses with the error code. */
export function opened(
  key: EncryptionKey,
  [usage, cipher]: readonly [number, Uint8Array],
  refusal: number,
): Uint8Array {
  try {
    return decrypt(key, usage, cipher)
  } catch (error) {
    if (error instanceof KerberosError) throw new Refused({ code: refusal })
    throw error
  }
}

/** Answers PA-S4U-X509-USER as MS-SFU 3.2.5.1.2 says. */
export function x509Reply(tgt: EncTicketPart, request: DecodedKdcReq): readonly PaData[] {
  const value = findPaData(request.padata, PaType.PA_S4U_X509_USER)
  if (value === undefined) return []
  const { user } = decodePaS4uX509User(value)
  const userId = encodeS4uUserId(user)
  const echoed = ((user.options ?? 0) & S4uOption.USE_REPLY_KEY_USAGE) !== 0
  const usage = echoed ? KeyUsage.PA_S4U_X509_USER_REPLY : KeyUsage.PA_S4U_X509_USER_REQUEST
  const mac = {
    cksumtype: checksumTypeOf(tgt.key.etype),
    checksum: checksum(tgt.key, usage, userId),
  }
  const padataValue = encodePaS4uX509User({ userId, checksum: mac })
  return [{ padataType: PaType.PA_S4U_X509_USER, padataValue }]
}
