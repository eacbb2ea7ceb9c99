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
import { padToBlocks } from '../crypto/ciphertext-stealing.ts'
import {
  CONFOUNDER_OCTETS,
  cipherOverheadOctets,
  etypeProfile,
  type EncryptionKey,
  type EtypeProfile,
} from '../crypto/etype.ts'
import { createSealer, type Sealer } from '../crypto/sealer.ts'
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

/** What is drawn for a token: confounder, sequence number, subkey. */
const SUBKEY_DRAWN_AT = CONFOUNDER_OCTETS + SEQUENCE_NUMBER_OCTETS

function sequenceNumberFrom(drawn: Uint8Array): number {
  let word = 0
  for (let at = CONFOUNDER_OCTETS; at < SUBKEY_DRAWN_AT; at++) word = (word << 8) | (drawn[at] ?? 0)
  return (word & SEQUENCE_NUMBER_MASK) | SEQUENCE_NUMBER_FORM
}

/** A loop: for so few octets the methods of typed arrays take longer than their work. */
function write(
  to: Uint8Array,
  at: number,
  { from, start, octets }: { from: Uint8Array; start: number; octets: number },
): void {
  for (let done = 0; done < octets; done++) to[at + done] = from[start + done] ?? 0
}

/** A token's parts that are the same in each, one behind the other. */
interface Parts {
  /** Confounder, authenticator, zeros up to whole blocks. */
  readonly form: Uint8Array
  /** What stands before the ticket, and what stands between it and the cipher. */
  readonly frame: readonly [before: Uint8Array, between: Uint8Array]
}

function partsOf(ticket: InitiatorTicket, settings: TokenSettings): Parts {
  const form = authenticatorForm(ticket, settings)
  const overhead = cipherOverheadOctets(ticket.sessionKey.etype)
  const head = encodeHead(ticket, settings, form.length + overhead)
  const ticketAt = head.indexOf(ticket.ticket)
  return {
    form: padToBlocks([new Uint8Array(CONFOUNDER_OCTETS), form]),
    frame: [head.subarray(0, ticketAt), head.subarray(ticketAt + ticket.ticket.length)],
  }
}

/** One array of its own: what is kept for hours must not hold on to a piece of the pool that tokens come from. */
function joined(parts: readonly Uint8Array[]): Buffer {
  const whole = Buffer.alloc(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Where tokens are filled in, one after the other: memory that a processor's cache has, unlike that of most tickets. */
let work = Buffer.alloc(4096)

function workOn(parts: Uint8Array): Buffer {
  if (work.length < parts.length) work = Buffer.alloc(2 * parts.length)
  work.set(parts)
  return work
}

function sameOctets(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === other) return true
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0
}

/**
 * A form that is filled in for every token.
 *
 * A hundred thousand of them may be kept, and what a token of any one of them takes longest is to fetch what is kept out of
 * memory: so it is little and in one piece, which is fetched as a whole, and the ticket is not copied.
 */
export class PreparedToken {
  /** The ticket's session key. */
  readonly sessionKey: EncryptionKey
  readonly #profile: EtypeProfile
  readonly #ticket: Uint8Array
  readonly #channelBinding: Uint8Array | undefined
  readonly #mutual: boolean
  readonly #mechanism: TokenSettings['mechanism']
  readonly #flags: number
  /** The sealer's pads, then {@link Parts}, one behind the other. */
  readonly #parts: Buffer
  readonly #formAt: number
  readonly #formOctets: number
  readonly #frameAt: number
  readonly #betweenAt: number
  readonly #cusecAt: number
  readonly #ctimeAt: number
  readonly #subkeyAt: number
  readonly #sequenceNumberAt: number
  readonly #sealer: Sealer

  constructor(ticket: InitiatorTicket, settings: TokenSettings) {
    this.sessionKey = ticket.sessionKey
    this.#profile = etypeProfile(ticket.sessionKey.etype)
    this.#ticket = ticket.ticket
    this.#channelBinding = settings.channelBinding
    this.#mutual = settings.mutual
    this.#mechanism = settings.mechanism
    this.#flags = settings.flags
    const { form, frame } = partsOf(ticket, settings)
    const { sealer, pads } = createSealer(ticket.sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR)
    this.#sealer = sealer
    this.#parts = joined([pads, form, ...frame])
    this.#formAt = pads.length
    this.#frameAt = this.#parts.length - frame[0].length - frame[1].length
    this.#betweenAt = this.#frameAt + frame[0].length
    const authenticator = new DerReader(form.subarray(CONFOUNDER_OCTETS), 'Authenticator').any()
    this.#formOctets = CONFOUNDER_OCTETS + authenticator.raw.length
    const ends = fieldEnds(authenticator.raw)
    const start = (field: number, octets: number): number =>
      pads.length + CONFOUNDER_OCTETS + (ends.get(field) ?? 0) - octets
    this.#cusecAt = start(CUSEC, CUSEC_OCTETS)
    this.#ctimeAt = start(CTIME, TIME_OCTETS)
    this.#subkeyAt = start(SUBKEY, ticket.sessionKey.value.length)
    this.#sequenceNumberAt = start(SEQ_NUMBER, SEQUENCE_NUMBER_OCTETS)
  }

  /** Whether tokens of this kind are made from it. */
  fits({ channelBinding, mutual, mechanism, flags }: TokenSettings): boolean {
    return (
      this.#mutual === mutual &&
      this.#mechanism === mechanism &&
      this.#flags === flags &&
      sameOctets(this.#channelBinding, channelBinding)
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
    const { keyOctets } = this.#profile
    const drawn = random.bytes(CONFOUNDER_OCTETS + SEQUENCE_NUMBER_OCTETS + keyOctets)
    const sequenceNumber = sequenceNumberFrom(drawn)
    const form = workOn(this.#parts)
    write(form, this.#formAt, { from: drawn, start: 0, octets: CONFOUNDER_OCTETS })
    form.writeUIntBE(time.cusec, this.#cusecAt, CUSEC_OCTETS)
    write(form, this.#ctimeAt, { from: timeOctets(time.seconds), start: 0, octets: TIME_OCTETS })
    write(form, this.#subkeyAt, { from: drawn, start: SUBKEY_DRAWN_AT, octets: keyOctets })
    form.writeUInt32BE(sequenceNumber, this.#sequenceNumberAt)
    const subkey = drawn.subarray(SUBKEY_DRAWN_AT)
    return { token: this.#seal(form), subkey, sequenceNumber }
  }

  #seal(parts: Buffer): Uint8Array {
    const [ticket, end] = [this.#ticket, this.#parts.length]
    const ticketAt = this.#betweenAt - this.#frameAt
    const cipherAt = ticket.length + end - this.#frameAt
    const token = Buffer.allocUnsafe(cipherAt + this.#formOctets + this.#profile.macOctets)
    parts.copy(token, 0, this.#frameAt, this.#betweenAt)
    token.set(ticket, ticketAt)
    parts.copy(token, ticketAt + ticket.length, this.#betweenAt, end)
    // The frame is copied: the sealer writes over it.
    const message = { memory: parts, at: this.#formAt, length: this.#formOctets }
    this.#sealer.seal(message, { octets: token, at: cipherAt })
    return token
  }
}
