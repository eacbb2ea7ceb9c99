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
import { wholeBlocks } from '../crypto/ciphertext-stealing.ts'
import { sealPadded, usageKeys, type UsageKeys } from '../crypto/encryption.ts'
import { CONFOUNDER_OCTETS } from '../crypto/etype.ts'
import { cipherOverheadOctets, type EncryptionKey } from '../crypto/index.ts'
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

/** From here on to the second's end the INTEGER of a cusec takes 3 octets, so that one form serves all tokens. */
export const LEAST_CUSEC = 0x8000
const CUSEC_OCTETS = 3

function authenticatorForm(ticket: InitiatorTicket, settings: TokenSettings): Uint8Array {
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
    cusec: LEAST_CUSEC,
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

/** Where the values that change begin in the form of an Authenticator. */
interface Places {
  readonly cusec: number
  readonly ctime: number
  readonly subkey: number
  readonly sequenceNumber: number
}

function placesIn(form: Uint8Array, subkeyOctets: number): Places {
  const ends = fieldEnds(form)
  const start = (field: number, octets: number): number => (ends.get(field) ?? 0) - octets
  return {
    cusec: start(CUSEC, CUSEC_OCTETS),
    ctime: start(CTIME, TIME_OCTETS),
    subkey: start(SUBKEY, subkeyOctets),
    sequenceNumber: start(SEQ_NUMBER, SEQUENCE_NUMBER_OCTETS),
  }
}

/** Everything of a token before the authenticator's cipher; the ticket is in it as it is. */
function encodeHead(
  { ticket, sessionKey }: InitiatorTicket,
  { mutual, mechanism }: TokenSettings,
  cipherOctets: number,
): Buffer {
  const apReq = encodeApReq({
    apOptions: mutual ? ApOption.MUTUAL_REQUIRED : 0,
    ticket,
    authenticator: { etype: sessionKey.etype, cipher: new Uint8Array(cipherOctets) },
  })
  const token = wrapMessage(TokenId.AP_REQ, apReq)
  const whole = mechanism === 'spnego' ? encodeNegTokenInit(token) : token
  return Buffer.from(whole.buffer, whole.byteOffset, whole.length - cipherOctets)
}

/** A copy in memory of its own: what is kept for hours must not hold on to a piece of the pool that tokens come from. */
function ownCopy(parts: readonly Uint8Array[], octets: number): Buffer {
  const copy = Buffer.alloc(octets)
  let at = 0
  for (const part of parts) {
    copy.set(part, at)
    at += part.length
  }
  return copy
}

function sameOctets(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === other) return true
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0
}

/**
 * A form that is filled in for every token. A hundred thousand of them may be kept: the ticket is not copied, and what
 * is kept besides are two arrays.
 */
export class PreparedToken {
  readonly #settings: TokenSettings
  readonly #keys: UsageKeys
  readonly #ticket: Uint8Array
  /** What stands before the ticket, then what stands between it and the cipher. */
  readonly #frame: Buffer
  readonly #ticketAt: number
  /** Confounder, authenticator, zeros up to whole blocks. */
  readonly #form: Buffer
  readonly #formOctets: number
  readonly #places: Places

  constructor(ticket: InitiatorTicket, settings: TokenSettings) {
    this.#settings = settings
    this.#ticket = ticket.ticket
    this.#keys = usageKeys(ticket.sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR)
    const form = authenticatorForm(ticket, settings)
    const formOctets = CONFOUNDER_OCTETS + form.length
    this.#formOctets = formOctets
    this.#places = placesIn(form, ticket.sessionKey.value.length)
    const confounder = new Uint8Array(CONFOUNDER_OCTETS)
    this.#form = ownCopy([confounder, form], wholeBlocks(formOctets))
    const { etype } = ticket.sessionKey
    const head = encodeHead(ticket, settings, form.length + cipherOverheadOctets(etype))
    this.#ticketAt = head.indexOf(ticket.ticket)
    const between = head.subarray(this.#ticketAt + ticket.ticket.length)
    const frameOctets = this.#ticketAt + between.length
    this.#frame = ownCopy([head.subarray(0, this.#ticketAt), between], frameOctets)
  }

  /** Whether tokens of this kind are made from it. */
  fits({ channelBinding, mutual, mechanism, flags }: TokenSettings): boolean {
    const own = this.#settings
    return (
      own.mutual === mutual &&
      own.mechanism === mechanism &&
      own.flags === flags &&
      sameOctets(own.channelBinding, channelBinding)
    )
  }

  /**
   * Fills in and encrypts.
   *
   * @param time - The authenticator's time; its cusec is {@link LEAST_CUSEC} or more.
   * @param random - Draws subkey, sequence number and confounder.
   * @returns The token, fresh.
   */
  fill(time: AuthenticatorTime, random: Random): FilledToken {
    const { keyOctets } = this.#keys.profile
    const drawn = random.bytes(CONFOUNDER_OCTETS + SEQUENCE_NUMBER_OCTETS + keyOctets)
    const subkey = drawn.subarray(CONFOUNDER_OCTETS + SEQUENCE_NUMBER_OCTETS)
    const word = new DataView(drawn.buffer, drawn.byteOffset).getUint32(CONFOUNDER_OCTETS)
    const sequenceNumber = (word & SEQUENCE_NUMBER_MASK) | SEQUENCE_NUMBER_FORM
    const [form, places] = [this.#form, this.#places]
    form.set(drawn.subarray(0, CONFOUNDER_OCTETS), 0)
    form.writeUIntBE(time.cusec, CONFOUNDER_OCTETS + places.cusec, CUSEC_OCTETS)
    form.set(timeOctets(time.seconds), CONFOUNDER_OCTETS + places.ctime)
    form.set(subkey, CONFOUNDER_OCTETS + places.subkey)
    form.writeUInt32BE(sequenceNumber, CONFOUNDER_OCTETS + places.sequenceNumber)
    return { token: this.#seal(), subkey, sequenceNumber }
  }

  #seal(): Uint8Array {
    const { encrypted, mac } = sealPadded(this.#keys, this.#form, this.#formOctets)
    const [ticket, frame, ticketAt] = [this.#ticket, this.#frame, this.#ticketAt]
    const cipherAt = frame.length + ticket.length
    const token = Buffer.allocUnsafe(cipherAt + encrypted.length + mac.length)
    frame.copy(token, 0, 0, ticketAt)
    token.set(ticket, ticketAt)
    frame.copy(token, ticketAt + ticket.length, ticketAt)
    token.set(encrypted, cipherAt)
    token.set(mac, cipherAt + encrypted.length)
    return token
  }
}
