/** What the in-memory KDC reads out of requests, and how it says no. */

import {
  checksum,
  checksumTypeOf,
  decrypt,
  hmacMd5,
  verifyChecksum,
  type EncryptionKey,
} from '../../../src/kerberos/crypto/index.ts'
import { KerberosError } from '../../../src/kerberos/errors.ts'
import {
  ChecksumType,
  KdcOption,
  KeyUsage,
  KrbErrorCode,
  MessageType,
  PacOption,
  PaType,
  S4uOption,
  TicketFlag,
} from '../../../src/kerberos/iana/index.ts'
import {
  decodePaForUser,
  decodePaPacOptions,
  decodePaS4uX509User,
  encodePaPacOptions,
  encodePaS4uX509User,
  encodeS4uUserId,
  findPaData,
  paForUserChecksumInput,
  type DecodedKdcReq,
  type PaData,
  type PrincipalName,
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
  const user = [PaType.PA_FOR_USER, PaType.PA_S4U_X509_USER]
  return user.some((type) => findPaData(request.padata, type)) ? 'S4U2Self' : 'TGS'
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
export function x509Reply(key: EncryptionKey, request: DecodedKdcReq): readonly PaData[] {
  const value = findPaData(request.padata, PaType.PA_S4U_X509_USER)
  if (value === undefined) return []
  const { user } = decodePaS4uX509User(value)
  const userId = encodeS4uUserId(user)
  const echoed = ((user.options ?? 0) & S4uOption.USE_REPLY_KEY_USAGE) !== 0
  const usage = echoed ? KeyUsage.PA_S4U_X509_USER_REPLY : KeyUsage.PA_S4U_X509_USER_REQUEST
  const mac = {
    cksumtype: checksumTypeOf(key.etype),
    checksum: checksum(key, usage, userId),
  }
  const padataValue = encodePaS4uX509User({ userId, checksum: mac })
  return [{ padataType: PaType.PA_S4U_X509_USER, padataValue }]
}

/** A user as an S4U2Self names it. */
export interface NamedUser {
  readonly userName: PrincipalName
  readonly userRealm: string
}

/** Whom an S4U2Self is for, by PA-FOR-USER where there is one (MS-SFU 3.2.5.1); what is signed wrongly is refused. */
export function s4uUser(
  request: DecodedKdcReq,
  { sessionKey, key }: { readonly sessionKey: EncryptionKey; readonly key: EncryptionKey },
): NamedUser {
  const forUser = findPaData(request.padata, PaType.PA_FOR_USER)
  if (forUser === undefined) return x509User(request, key)
  const { userName, userRealm, cksum } = decodePaForUser(forUser)
  const covered = paForUserChecksumInput(userName, userRealm)
  const wanted = hmacMd5(sessionKey, KeyUsage.KERB_NON_KERB_CKSUM, covered)
  if (cksum.cksumtype !== ChecksumType.HMAC_MD5 || !Buffer.from(cksum.checksum).equals(wanted)) {
    throw new Refused({ code: KrbErrorCode.KRB_AP_ERR_MODIFIED })
  }
  return { userName, userRealm }
}

function x509User(request: DecodedKdcReq, key: EncryptionKey): NamedUser {
  const value = findPaData(request.padata, PaType.PA_S4U_X509_USER)
  if (value === undefined) throw new Refused({ code: KrbErrorCode.KDC_ERR_PADATA_TYPE_NOSUPP })
  const { userId, user, checksum: mac } = decodePaS4uX509User(value)
  const usage = KeyUsage.PA_S4U_X509_USER_REQUEST
  const fits = verifyChecksum(key, usage, mac.cksumtype, userId, mac.checksum)
  if (!fits || user.cname === undefined || user.nonce !== request.body.nonce) {
    throw new Refused({ code: KrbErrorCode.KRB_AP_ERR_MODIFIED })
  }
  return { userName: user.cname, userRealm: user.crealm }
}
