/**
 * The acceptor's proof: an AP-REP that repeats the authenticator's time (RFC 4120 section 3.2.5), in SPNEGO or alone.
 *
 * @module
 */

import { applicationTag } from '../../asn1/index.ts'
import { decrypt, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { KeyUsage, krbErrorName, MessageType } from '../iana/index.ts'
import { decodeApRep, decodeEncApRepPart, decodeKrbError, isKrbError } from '../messages/index.ts'
import {
  KERBEROS_MECHANISM,
  MICROSOFT_KERBEROS_MECHANISM,
  TokenId,
  unwrapMechanismToken,
} from './mechanism-token.ts'
import type { AuthenticatorTime } from './prepared-token.ts'
import { decodeNegTokenResp, NEG_TOKEN_RESP_TAG, NegState } from './spnego.ts'

/** What the reply must answer. */
export interface SentToken {
  /** The ticket's session key. */
  readonly sessionKey: EncryptionKey
  /** The authenticator's time. */
  readonly time: AuthenticatorTime
  /** Whether an AP-REP was asked for. */
  readonly mutual: boolean
}

function mutualError(what: string, cause?: unknown): KerberosError {
  return new KerberosError('ERR_KRB_MUTUAL', `the acceptor did not prove itself: ${what}`, {
    cause,
    mend: 'Check that the service principal name belongs to the account under which the backend runs.',
  })
}

const STATE_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [NegState.ACCEPT_INCOMPLETE, 'accept-incomplete'],
  [NegState.REJECT, 'reject'],
  [NegState.REQUEST_MIC, 'request-mic'],
])

/** The mechanism's token in an answer, or undefined where there is none. */
function mechanismToken(reply: Uint8Array): Uint8Array | undefined {
  if (reply[0] !== NEG_TOKEN_RESP_TAG) return reply.length === 0 ? undefined : reply
  const { negState, supportedMech, responseToken } = decodeNegTokenResp(reply)
  if (responseToken !== undefined) refuseKrbError(kerberosMessage(responseToken))
  if (negState !== NegState.ACCEPT_COMPLETED) {
    const name = negState === undefined ? 'nothing' : (STATE_NAMES.get(negState) ?? negState)
    throw mutualError(`it answered ${name} to the offer`)
  }
  const known = [undefined, KERBEROS_MECHANISM, MICROSOFT_KERBEROS_MECHANISM]
  if (!known.includes(supportedMech)) {
    throw mutualError(`it chose the mechanism ${supportedMech ?? ''}, which was not offered`)
  }
  return responseToken
}

/** The Kerberos message in a token: framed, or bare as some acceptors send it. */
function kerberosMessage(token: Uint8Array): Uint8Array {
  if (token[0] !== applicationTag(0)) return token
  const { tokenId, message } = unwrapMechanismToken(token)
  if (tokenId === TokenId.AP_REP || tokenId === TokenId.KRB_ERROR) return message
  throw mutualError(`a token of type 0x${tokenId.toString(16).padStart(4, '0')}`)
}

function refuseKrbError(message: Uint8Array): void {
  if (!isKrbError(message)) return
  const { errorCode } = decodeKrbError(message)
  throw mutualError(`it answered ${krbErrorName(errorCode)} (${errorCode})`)
}

function checkReply(reply: Uint8Array, sent: SentToken): void {
  const token = mechanismToken(reply)
  if (token === undefined) {
    if (sent.mutual) throw mutualError('no AP-REP came')
    return
  }
  const message = kerberosMessage(token)
  refuseKrbError(message)
  if (message[0] !== applicationTag(MessageType.AP_REP)) throw mutualError('no AP-REP came')
  const { encPart } = decodeApRep(message)
  const { etype } = sent.sessionKey
  if (encPart.etype !== etype)
    throw mutualError(`an AP-REP of etype ${encPart.etype}, not ${etype}`)
  const part = decodeEncApRepPart(
    decrypt(sent.sessionKey, KeyUsage.AP_REP_ENC_PART, encPart.cipher),
  )
  if (part.ctimeMs !== sent.time.seconds * 1000 || part.cusec !== sent.time.cusec) {
    throw mutualError('the AP-REP answers another request')
  }
}

/**
 * Checks an acceptor's reply.
 *
 * @param reply - NegTokenResp, a framed or a bare AP-REP or KRB-ERROR; empty where nothing came.
 * @param sent - What it must answer.
 * @throws KerberosError ERR_KRB_MUTUAL for anything but the proof that was asked for. Its message names the acceptor's
 *   KRB-ERROR, if it sent one.
 */
export function verifyReply(reply: Uint8Array, sent: SentToken): void {
  try {
    checkReply(reply, sent)
  } catch (error) {
    if (error instanceof KerberosError && error.code === 'ERR_KRB_MUTUAL') throw error
    throw mutualError(error instanceof Error ? error.message : 'malformed', error)
  }
}
