/**
 * A token of which all that does not change is encoded once, per ticket and options.
 *
 * The authenticator's encoding is kept as a form: time, subkey and sequence number have fixed lengths and places, and are
 * written over. Its cipher is the very end of the AP-REQ, of the mechanism's token and of the SPNEGO offer, so that the
 * token is a constant head and the cipher.
 *
 * @module
 */

import { DerReader } from '../../asn1/index.ts'
import type { Random } from '../../platform/index.ts'
import { cipherOverheadOctets, encrypt, type EncryptionKey } from '../crypto/index.ts'
import {
  AdApOption,
  AdType,
  ApOption,
  ApplicationTag,
  ChecksumType,
  KeyUsage,
} from '../iana/index.ts'
import {
  encodeApReq,
  encodeAuthenticator,
  encodeAuthorizationData,
  formatPrincipal,
  type AuthorizationData,
  type PrincipalName,
} from '../messages/index.ts'
import { authenticatorChecksum, GssFlag } from './authenticator-checksum.ts'
import { channelBindingDigest } from './channel-binding.ts'
import { TokenId, wrapMessage } from './mechanism-token.ts'
import { encodeNegTokenInit } from './spnego.ts'

/** What a token is made from: a service ticket, as the Kerberos client gives it. */
export interface InitiatorTicket {
  /** The client in the ticket. */
  readonly client: PrincipalName
  /** The client's realm. */
  readonly clientRealm: string
  /** The service the ticket is for. */
  readonly server: PrincipalName
  /** The service's realm. */
  readonly serverRealm: string
  /** DER of the Ticket. */
  readonly ticket: Uint8Array
  /** The ticket's session key. */
  readonly sessionKey: EncryptionKey
}

/** What kind of token is wanted. */
export interface TokenSettings {
  /** Application data of the channel binding, for instance `tls-server-end-point:` and a hash. */
  readonly channelBinding: Uint8Array | undefined
  /** Whether the acceptor has to prove itself. */
  readonly mutual: boolean
  /** SPNEGO with Kerberos inside, or Kerberos alone. */
  readonly mechanism: 'spnego' | 'krb5'
  /** GssFlag bits besides mutual. */
  readonly flags: number
}

/** A moment as an authenticator tells it. */
export interface AuthenticatorTime {
  /** Whole seconds since the epoch. */
  readonly seconds: number
  /** 0 to 999 999. */
  readonly cusec: number
}

/** A token, and what only its two ends know of it. */
export interface FilledToken {
  /** What goes to the acceptor. */
  readonly token: Uint8Array
  /** The initiator's subkey, of the session key's type. */
  readonly subkey: Uint8Array
  /** The initiator's first sequence number. */
  readonly sequenceNumber: number
}

/** RFC 4120 section 5.5.1: any initial number; here one whose INTEGER always takes 4 octets. */
const SEQUENCE_NUMBER_FORM = 0x20000000
const SEQUENCE_NUMBER_MASK = 0x1fffffff
const SEQUENCE_NUMBER_OCTETS = 4
const TIME_OCTETS = 15

/** Field numbers of the Authenticator whose values change. */
const CUSEC = 4
const CTIME = 5
const SUBKEY = 6
const SEQ_NUMBER = 7

/** The same second serves many tokens. */
let encodedSecond = -1
const encodedTime = Buffer.alloc(TIME_OCTETS)

/** GeneralizedTime of a second, as 15 ASCII octets; the array is used again by the next call. */
function timeOctets(seconds: number): Buffer {
  if (seconds !== encodedSecond) {
    const text = new Date(seconds * 1000).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
    encodedTime.write(text, 'latin1')
    encodedSecond = seconds
  }
  return encodedTime
}

/** MS-KILE 3.2.5.8: "I bind channels where I can", and for which service this was made. */
function bindingData({ server, serverRealm }: InitiatorTicket): AuthorizationData {
  const options = Buffer.alloc(4)
  options.writeUInt32LE(AdApOption.KERB_AP_OPTIONS_CBT)
  const target = Buffer.from(formatPrincipal(server, serverRealm), 'utf16le')
  const relevant = encodeAuthorizationData([
    { adType: AdType.AD_AUTH_DATA_AP_OPTIONS, adData: options },
    { adType: AdType.AD_TARGET_PRINCIPAL, adData: target },
  ])
  return [{ adType: AdType.AD_IF_RELEVANT, adData: relevant }]
}

/** Smallest cusec whose INTEGER takes so many octets. */
const LEAST_CUSEC = [0, 0, 0x80, 0x8000]

/** How many octets the INTEGER of a cusec takes: 1 to 3. */
export function cusecOctets(cusec: number): number {
  if (cusec < 0x80) return 1
  return cusec < 0x8000 ? 2 : 3
}

function authenticatorForm(
  ticket: InitiatorTicket,
  settings: TokenSettings,
  octetsOfCusec: number,
): Uint8Array {
  const { channelBinding, mutual, flags } = settings
  const allFlags = flags | (mutual ? GssFlag.MUTUAL : 0)
  const { etype, value } = ticket.sessionKey
  return encodeAuthenticator({
    crealm: ticket.clientRealm,
    cname: ticket.client,
    cksum: {
      cksumtype: ChecksumType.GSSAPI,
      checksum: authenticatorChecksum(channelBindingDigest(channelBinding), allFlags),
    },
    cusec: LEAST_CUSEC[octetsOfCusec] ?? 0,
    ctimeMs: 0,
    subkey: { etype, value: new Uint8Array(value.length) },
    seqNumber: SEQUENCE_NUMBER_FORM,
    authorizationData: channelBinding === undefined ? undefined : bindingData(ticket),
  })
}

/** Where each field of an Authenticator ends; its value is the field's end. */
function fieldEnds(form: Uint8Array): ReadonlyMap<number, number> {
  const sequence = new DerReader(form, 'Authenticator')
    .application(ApplicationTag.Authenticator, 'Authenticator')
    .sequence('Authenticator')
  const ends = new Map<number, number>()
  while (!sequence.done) {
    const { tag, raw } = sequence.any()
    ends.set(tag & 0x1f, raw.byteOffset + raw.length - form.byteOffset)
  }
  return ends
}

/** A form that is filled in for every token. */
export class PreparedToken {
  readonly #sessionKey: EncryptionKey
  readonly #form: Buffer
  readonly #head: Uint8Array
  readonly #cusecAt: number
  readonly #cusecOctets: number
  readonly #ctimeAt: number
  readonly #subkeyAt: number
  readonly #sequenceNumberAt: number

  constructor(ticket: InitiatorTicket, settings: TokenSettings, octetsOfCusec: number) {
    this.#sessionKey = ticket.sessionKey
    this.#form = Buffer.from(authenticatorForm(ticket, settings, octetsOfCusec))
    const ends = fieldEnds(this.#form)
    const start = (field: number, octets: number) => (ends.get(field) ?? 0) - octets
    this.#cusecOctets = octetsOfCusec
    this.#cusecAt = start(CUSEC, octetsOfCusec)
    this.#ctimeAt = start(CTIME, TIME_OCTETS)
    this.#subkeyAt = start(SUBKEY, ticket.sessionKey.value.length)
    this.#sequenceNumberAt = start(SEQ_NUMBER, SEQUENCE_NUMBER_OCTETS)
    this.#head = this.#encodeHead(ticket, settings)
  }

  /** Everything before the authenticator's cipher. */
  #encodeHead(ticket: InitiatorTicket, { mutual, mechanism }: TokenSettings): Uint8Array {
    const { etype } = ticket.sessionKey
    const cipherOctets = this.#form.length + cipherOverheadOctets(etype)
    const apReq = encodeApReq({
      apOptions: mutual ? ApOption.MUTUAL_REQUIRED : 0,
      ticket: ticket.ticket,
      authenticator: { etype, cipher: new Uint8Array(cipherOctets) },
    })
    const token = wrapMessage(TokenId.AP_REQ, apReq)
    const whole = mechanism === 'spnego' ? encodeNegTokenInit(token) : token
    return whole.slice(0, whole.length - cipherOctets)
  }

  /**
   * Fills in and encrypts.
   *
   * @param time - The authenticator's time; its cusec takes as many octets as this form has.
   * @param random - Draws subkey, sequence number and confounder.
   * @returns The token, fresh.
   */
  fill(time: AuthenticatorTime, random: Random): FilledToken {
    const form = this.#form
    form.writeUIntBE(time.cusec, this.#cusecAt, this.#cusecOctets)
    form.set(timeOctets(time.seconds), this.#ctimeAt)
    const drawn = random.bytes(this.#sessionKey.value.length + SEQUENCE_NUMBER_OCTETS)
    const subkey = drawn.subarray(SEQUENCE_NUMBER_OCTETS)
    form.set(subkey, this.#subkeyAt)
    const [a = 0, b = 0, c = 0, d = 0] = drawn
    const sequenceNumber =
      (((a << 24) | (b << 16) | (c << 8) | d) & SEQUENCE_NUMBER_MASK) | SEQUENCE_NUMBER_FORM
    form.writeUInt32BE(sequenceNumber, this.#sequenceNumberAt)
    const cipher = encrypt(this.#sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR, form, random)
    const token = Buffer.allocUnsafe(this.#head.length + cipher.length)
    token.set(this.#head, 0)
    token.set(cipher, this.#head.length)
    return { token, subkey, sequenceNumber }
  }
}
