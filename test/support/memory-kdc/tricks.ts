/** What a test can have the in-memory KDC, or someone on the wire, do wrong. Every hook gets the truth and may change it. */

import type {
  DecodedKdcReq,
  EncKdcRepPart,
  EncTicketPart,
  KdcRep,
  KrbFastResponse,
} from '../../../src/kerberos/messages/index.ts'
import type { EncryptionKey } from '../../../src/kerberos/crypto/index.ts'
import type { PacContent, PacSigner } from '../pac-writer.ts'

/** Which exchange is being answered. */
export type Kind = 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy'

/** A refusal that the KDC is to answer with. */
export interface Refusal {
  readonly code: number
  readonly ntStatus?: number
  readonly eText?: string
  readonly eData?: Uint8Array
  /** The client's realm. */
  readonly crealm?: string
  /** The KDC's time; its own unless told otherwise. */
  readonly stimeMs?: number
}

/** Tricks; those that are absent leave the truth. */
export interface Tricks {
  /** APPLICATION tag of a reply's encrypted part; 25 in AS and 26 elsewhere unless told otherwise. */
  partTag?: number
  /** Someone on the wire changes the request. */
  request?: (octets: Uint8Array) => Uint8Array
  /** The KDC refuses. */
  refuse?: (kind: Kind, request: DecodedKdcReq) => Refusal | undefined
  /** The KDC refers S4U2Proxy on as if it were any request. */
  withoutProxyReferrals?: boolean
  /** The KDC says something else in the PAC, or leaves it out. */
  pac?: (content: PacContent) => PacContent | undefined
  /** The PAC is signed otherwise. */
  pacSigner?: (signer: PacSigner) => PacSigner
  /** The KDC says something else under the armour (FAST), whose key is given. */
  fast?: (response: KrbFastResponse, armorKey: EncryptionKey) => KrbFastResponse
  /** The KDC's own challenge is made with another key than the client's. */
  challengeKey?: EncryptionKey
  /** The KDC strengthens the reply's key with another key than it says. */
  strengthenOtherwise?: boolean
  /** The checksum of the AS-REQ is over these octets instead. */
  requestSeen?: (octets: Uint8Array) => Uint8Array
  /** PA-S4U-X509-USER alone is not understood, as Samba does: the ticket is for who asks. */
  withoutX509?: boolean
  /** The KDC puts something else into the ticket. */
  ticketPart?: (part: EncTicketPart, kind: Kind) => EncTicketPart
  /** The KDC puts something else into the reply's encrypted part. */
  replyPart?: (part: EncKdcRepPart, kind: Kind) => EncKdcRepPart
  /** Someone on the wire changes what is not encrypted. */
  reply?: (reply: KdcRep, kind: Kind) => KdcRep
  /** Someone on the wire changes the octets of the reply. */
  octets?: (octets: Uint8Array, kind: Kind) => Uint8Array
}
