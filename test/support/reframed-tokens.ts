/** What somebody can do to another's Kerberos token without any key: frame it anew, put another ticket in, write other names over. */

import { randomBytes } from 'node:crypto'
import {
  unframeToken,
  unwrapMechanismToken,
  wrapMessage,
} from '../../src/kerberos/gss/mechanism-token.ts'
import { decodeNegTokenInit, encodeNegTokenInit } from '../../src/kerberos/gss/spnego.ts'
import { decodeApReq, encodeApReq, encodeTicket } from '../../src/kerberos/messages/index.ts'

const AP_REQ = 0x0100

/**
 * The AP-REQ in a token.
 *
 * @param token - SPNEGO.
 * @returns DER.
 */
export function apReqOf(token: Uint8Array): Uint8Array {
  const { mechToken } = decodeNegTokenInit(unframeToken(token).inner)
  if (mechToken === undefined) throw new Error('an offer without a token')
  return unwrapMechanismToken(mechToken).message
}

/**
 * The same token in every framing that acceptors read.
 *
 * @param token - SPNEGO.
 * @returns Tokens by what they are called.
 */
export function framingsOf(token: Uint8Array): Readonly<Record<string, Uint8Array>> {
  const apReq = apReqOf(token)
  const kerberos = wrapMessage(AP_REQ, apReq)
  return {
    spnego: token,
    kerberos,
    'a bare AP-REQ': apReq,
    'SPNEGO once more': encodeNegTokenInit(kerberos),
    'SPNEGO around a bare AP-REQ': encodeNegTokenInit(apReq),
  }
}

/**
 * The authenticator of one token with the ticket of another.
 *
 * @param token - Whose authenticator.
 * @param other - Whose ticket.
 * @returns A Kerberos token.
 */
export function withTicketOf(token: Uint8Array, other: Uint8Array): Uint8Array {
  const { ticket } = decodeApReq(apReqOf(other))
  return wrapMessage(AP_REQ, encodeApReq({ ...decodeApReq(apReqOf(token)), ticket }))
}

/**
 * Writes another text of the same length over a text.
 *
 * @param token - In what.
 * @param from - What is there.
 * @param to - What shall be there.
 * @returns The token.
 */
export function overwritten(token: Uint8Array, from: string, to: string): Uint8Array {
  const octets = Buffer.from(token)
  const at = octets.indexOf(from)
  if (at < 0 || from.length !== to.length) throw new Error(`no ${from} to write ${to} over`)
  octets.write(to, at, 'latin1')
  return octets
}

/** A token that looks like one, under keys that nobody has. */
export function madeUpToken(): Uint8Array {
  const cipher = randomBytes(60)
  const sname = { nameType: 2, nameString: ['HTTP', 'intranet.example'] }
  const encPart = { etype: 18, kvno: 1, cipher }
  const ticket = encodeTicket({ realm: 'CORP.EXAMPLE', sname, encPart })
  const authenticator = { etype: 18, cipher: randomBytes(60) }
  const apReq = encodeApReq({ apOptions: 0, ticket, authenticator })
  return encodeNegTokenInit(wrapMessage(AP_REQ, apReq))
}
