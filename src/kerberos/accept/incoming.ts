/**
 * What arrives at an acceptor: a SPNEGO offer, a Kerberos token, a bare AP-REQ, or the answer to our answer.
 *
 * @module
 */

import { applicationTag } from '../../asn1/index.ts'
import { MessageType, KrbErrorCode } from '../iana/index.ts'
import {
  isKerberosMechanism,
  TokenId,
  unframeToken,
  unwrapMechanismToken,
} from '../gss/mechanism-token.ts'
import { decodeNegTokenInit, SPNEGO_MECHANISM } from '../gss/spnego.ts'
import { Refusal } from './refusal.ts'

/** A SPNEGO offer that has Kerberos in it. */
export interface Offer {
  /** DER of the offered list: what a mechListMIC is over. */
  readonly mechTypeList: Uint8Array
  /** Kerberos as the client writes it. */
  readonly mechanism: string
  /** Whether Kerberos is the client's first choice: only then its first token is for Kerberos. */
  readonly preferred: boolean
}

/** A first token taken apart. Octets are views of the input. */
export interface Incoming {
  /** DER of the AP-REQ; undefined for an offer without a token for Kerberos. */
  readonly apReq: Uint8Array | undefined
  /** In what the AP-REQ came. */
  readonly mechanism: 'spnego' | 'krb5' | 'ap-req'
  /** The offer, for SPNEGO. */
  readonly offer: Offer | undefined
}

const NTLM_SIGNATURE = Buffer.from('NTLMSSP\0')

/** Names of mechanisms that clients offer, for messages. */
const MECHANISM_NAMES: ReadonlyMap<string, string> = new Map([
  ['1.3.6.1.4.1.311.2.2.10', 'NTLM'],
  ['1.3.6.1.4.1.311.2.2.30', 'NegoEx'],
  ['1.2.840.113554.1.2.2.3', 'Kerberos user-to-user'],
  ['1.3.6.1.5.2.5', 'IAKERB'],
])

function notKerberos(what: string): Refusal {
  return new Refusal('ERR_KRB_NOT_ACCEPTED', `the client sent ${what}, not Kerberos`, {
    krb: KrbErrorCode.KRB_AP_ERR_MSG_TYPE,
    mend: 'The client has no ticket for this service: check that the service principal name of this host exists once, that the URL has the host’s name and no address, and that the browser trusts the site.',
  })
}

function nameOf(mechanism: string): string {
  return MECHANISM_NAMES.get(mechanism) ?? mechanism
}

/**
 * Takes the first token apart.
 *
 * @param token - From a client.
 * @returns The AP-REQ, and the offer it came in.
 * @throws Refusal for NTLM and other mechanisms; KerberosError or Asn1Error for anything malformed.
 */
export function readFirstToken(token: Uint8Array): Incoming {
  if (isApReq(token)) return { apReq: token, mechanism: 'ap-req', offer: undefined }
  if (Buffer.from(token.subarray(0, NTLM_SIGNATURE.length)).equals(NTLM_SIGNATURE)) {
    throw notKerberos('NTLM')
  }
  const { mechanism, inner } = unframeToken(token)
  if (mechanism === SPNEGO_MECHANISM) return readOffer(inner)
  if (!isKerberosMechanism(mechanism)) throw notKerberos(nameOf(mechanism))
  return { apReq: apReqIn(token), mechanism: 'krb5', offer: undefined }
}

function readOffer(octets: Uint8Array): Incoming {
  const { mechTypes, mechTypeList, mechToken } = decodeNegTokenInit(octets)
  const mechanism = mechTypes.find(isKerberosMechanism)
  if (mechanism === undefined) {
    throw notKerberos(`an offer of ${mechTypes.slice(0, 4).map(nameOf).join(', ')}`)
  }
  const preferred = mechTypes[0] === mechanism
  const offer = { mechTypeList, mechanism, preferred }
  const apReq = preferred && mechToken !== undefined ? apReqIn(mechToken) : undefined
  return { apReq, mechanism: 'spnego', offer }
}

function isApReq(token: Uint8Array): boolean {
  return token[0] === applicationTag(MessageType.AP_REQ)
}

/**
 * The AP-REQ in a Kerberos token: framed, or bare as some clients put it into SPNEGO.
 *
 * @param token - From a client.
 * @returns DER of the AP-REQ.
 * @throws Refusal for another token; KerberosError or Asn1Error for anything malformed.
 */
export function apReqIn(token: Uint8Array): Uint8Array {
  if (isApReq(token)) return token
  const { tokenId, message } = unwrapMechanismToken(token)
  if (tokenId === TokenId.AP_REQ) return message
  const id = tokenId.toString(16).padStart(4, '0')
  throw new Refusal('ERR_KRB_GSS', `a Kerberos token of type 0x${id}, not an AP-REQ`, {
    krb: KrbErrorCode.KRB_AP_ERR_MSG_TYPE,
  })
}
