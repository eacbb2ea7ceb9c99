/**
 * Messages of RFC 4120 section 5 and of MS-SFU: types, encoders and decoders. Messages never encrypt.
 *
 * @module
 */

export {
  decodeApRep,
  decodeEncApRepPart,
  encodeApRep,
  encodeEncApRepPart,
  type ApRep,
  type EncApRepPart,
} from './ap-rep.ts'
export { decodeApReq, encodeApReq, type ApReq } from './ap-req.ts'
export { decodeAuthenticator, encodeAuthenticator, type Authenticator } from './authenticator.ts'
export {
  decodeAuthorizationData,
  encodeAuthorizationData,
  type AuthorizationData,
  type AuthorizationDataElement,
} from './authorization-data.ts'
export {
  ChangePasswordResult,
  decodeChangePasswordAnswer,
  decodeChangePasswordReply,
  decodeChangePasswordRequest,
  encodeChangePasswordAnswer,
  encodeChangePasswordReply,
  encodeChangePasswordRequest,
  type ChangePasswordAnswer,
  type ChangePasswordReply,
  type ChangePasswordRequest,
} from './change-password.ts'
export {
  decodeEncKdcRepPart,
  encodeEncKdcRepPart,
  type EncKdcRepPart,
  type LastReqEntry,
} from './enc-kdc-rep-part.ts'
export {
  decodeEncTicketPart,
  encodeEncTicketPart,
  type EncTicketPart,
  type TransitedEncoding,
} from './enc-ticket-part.ts'
export {
  decodeChecksum,
  decodeEncryptedData,
  encodeChecksum,
  encodeEncryptedData,
  type Checksum,
  type EncryptedData,
  type EncryptionKey,
} from './encrypted-data.ts'
export { decodeEtypeInfo2, encodeEtypeInfo2, type EtypeInfo2Entry } from './etype-info2.ts'
export {
  decodeKrbFastReq,
  decodePaFxFastRequest,
  encodeKrbFastReq,
  encodePaFxFastRequest,
  FX_FAST_ARMOR_AP_REQUEST,
  type DecodedKrbFastReq,
  type KrbFastArmor,
  type KrbFastArmoredReq,
  type KrbFastReq,
} from './fast-request.ts'
export {
  decodeKrbFastResponse,
  decodePaFxFastReply,
  encodeKrbFastResponse,
  encodePaFxFastReply,
  type KrbFastFinished,
  type KrbFastResponse,
} from './fast-response.ts'
export type { HostAddress } from './host-address.ts'
export {
  decodeKdcProxyMessage,
  encodeKdcProxyMessage,
  type KdcProxyMessage,
} from './kdc-proxy-message.ts'
export { decodeKdcRep, encodeKdcRep, type KdcRep, type KdcRepType } from './kdc-rep.ts'
export { decodeKdcReqBody, encodeKdcReqBody, type KdcReqBody } from './kdc-req-body.ts'
export {
  decodeKdcReq,
  encodeKdcReq,
  type DecodedKdcReq,
  type KdcReq,
  type KdcReqType,
} from './kdc-req.ts'
export {
  decodeTypedData,
  encodeKerbErrorData,
  encodeTypedData,
  findNtStatus,
  type TypedData,
} from './kerb-error-data.ts'
export { decodeKrbError, encodeKrbError, isKrbError, type KrbError } from './krb-error.ts'
export {
  decodeEncKrbPrivPart,
  decodeKrbPriv,
  encodeEncKrbPrivPart,
  encodeKrbPriv,
  type EncKrbPrivPart,
  type KrbPriv,
} from './krb-priv.ts'
export { decodeMethodData, encodeMethodData, findPaData, type PaData } from './pa-data.ts'
export { decodePaEncTsEnc, encodePaEncTsEnc, type PaEncTsEnc } from './pa-enc-timestamp.ts'
export {
  decodePaForUser,
  encodePaForUser,
  paForUserChecksumInput,
  type PaForUser,
} from './pa-for-user.ts'
export {
  decodePaPacOptions,
  decodePaPacRequest,
  encodePaPacOptions,
  encodePaPacRequest,
} from './pa-pac-options.ts'
export {
  decodePaS4uX509User,
  encodePaS4uX509User,
  encodeS4uUserId,
  type DecodedPaS4uX509User,
  type PaS4uX509User,
  type S4uUserId,
} from './pa-s4u-x509-user.ts'
export {
  formatPrincipal,
  parsePrincipal,
  sameName,
  sameNameIgnoringCase,
  type ParsedPrincipal,
  type PrincipalName,
} from './principal-name.ts'
export { decodeTicket, encodeTicket, type Ticket } from './ticket.ts'
