/**
 * Pre-authentication in an AS exchange: PA-ENC-TIMESTAMP (RFC 4120 section 5.2.7.2), and under armour PA-ENCRYPTED-CHALLENGE
 * (RFC 6113 section 5.4.6), by which the KDC proves itself as well.
 *
 * @module
 */

import { combineKeys, decrypt, encrypt, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { nextMicrosecond } from '../gss/microsecond-counter.ts'
import { KeyUsage, PaType } from '../iana/index.ts'
import {
  decodeEncryptedData,
  decodeEtypeInfo2,
  decodePaEncTsEnc,
  encodeEncryptedData,
  encodePaEncTsEnc,
  findPaData,
  type EtypeInfo2Entry,
  type PaData,
} from '../messages/index.ts'
import { fastError, type Armor } from './fast.ts'
import { mismatch } from './reply-checks.ts'
import type { ExchangePorts } from './types.ts'

/** What a KDC wants for proof. */
export interface Demand {
  /** The methods it names, with what goes with them. */
  readonly methods: readonly PaData[]
  /** The armour, where the exchange has one. */
  readonly armor: Armor | undefined
}

/**
 * The proof that we have a key, and what the KDC wants back with it.
 *
 * @param key - Our long-term key.
 * @param demand - What is wanted.
 * @param ports - Time and chance.
 * @returns Padata of the next request.
 */
export function proofOf(
  key: EncryptionKey,
  { methods, armor }: Demand,
  ports: ExchangePorts,
): readonly PaData[] {
  const cookies = methods.filter(({ padataType }) => padataType === PaType.PA_FX_COOKIE)
  const offers = (type: number): boolean => findPaData(methods, type) !== undefined
  const timestampAlone = offers(PaType.PA_ENC_TIMESTAMP) && !offers(PaType.PA_ENCRYPTED_CHALLENGE)
  const challenge = armor !== undefined && !timestampAlone
  return [challenge ? challengeBy(key, armor, ports) : timestampBy(key, ports), ...cookies]
}

/**
 * Refuses to prove ourselves in the open to a KDC that takes proof under armour alone. RFC 6113 section 5.4.
 *
 * @param methods - What the KDC offers in the open.
 * @param subject - Who is to prove itself, for the message.
 * @throws KerberosError ERR_KRB_FAST.
 */
export function checkTakesOpenProof(methods: readonly PaData[], subject: string): void {
  const offers = (type: number): boolean => findPaData(methods, type) !== undefined
  const challengeAlone =
    offers(PaType.PA_FX_FAST) &&
    offers(PaType.PA_ENCRYPTED_CHALLENGE) &&
    !offers(PaType.PA_ENC_TIMESTAMP)
  if (!challengeAlone) return
  throw fastError(
    `the KDC takes proof of ${subject} under armour alone (FAST)`,
    'Give the client an armour: the ticket-granting ticket of another principal, such as the machine’s (option armor), and do not set fast to off.',
  )
}

/** PA-ENC-TIMESTAMP. */
function timestampBy(key: EncryptionKey, ports: ExchangePorts): PaData {
  const padataValue = sealedTime(key, KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, ports)
  return { padataType: PaType.PA_ENC_TIMESTAMP, padataValue }
}

function challengeBy(key: EncryptionKey, armor: Armor, ports: ExchangePorts): PaData {
  const sealing = challengeKey('clientchallengearmor', armor, key)
  const padataValue = sealedTime(sealing, KeyUsage.ENC_CHALLENGE_CLIENT, ports)
  return { padataType: PaType.PA_ENCRYPTED_CHALLENGE, padataValue }
}

function challengeKey(pepper: string, armor: Armor, longTermKey: EncryptionKey): EncryptionKey {
  return combineKeys({ key: armor.key, pepper }, { key: longTermKey, pepper: 'challengelongterm' })
}

function sealedTime(key: EncryptionKey, usage: number, ports: ExchangePorts): Uint8Array {
  const now = nextMicrosecond(ports.clock)
  const pausec = now % 1_000_000
  const plain = encodePaEncTsEnc({ patimestampMs: (now - pausec) / 1000, pausec })
  return encodeEncryptedData({ etype: key.etype, cipher: encrypt(key, usage, plain, ports.random) })
}

/**
 * Checks the KDC's own challenge where it sent one: only who has our long-term key can have made it. Where there is none, the
 * reply's encrypted part proves as much.
 *
 * @param padata - What the reply armoured.
 * @param key - Our long-term key.
 * @param armor - The conversation's armour.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH.
 */
export function checkKdcChallenge(
  padata: readonly PaData[],
  key: EncryptionKey,
  armor: Armor,
): void {
  const value = findPaData(padata, PaType.PA_ENCRYPTED_CHALLENGE)
  if (value === undefined) return
  const { cipher } = decodeEncryptedData(value)
  const sealing = challengeKey('kdcchallengearmor', armor, key)
  try {
    decodePaEncTsEnc(decrypt(sealing, KeyUsage.ENC_CHALLENGE_KDC, cipher))
  } catch (error) {
    if (!(error instanceof KerberosError)) throw error
    throw mismatch('AS', 'the KDC’s own challenge is not under our key')
  }
}

/**
 * How our key is made, as the KDC says.
 *
 * @param padata - METHOD-DATA or a reply's padata. PA-PW-SALT and ETYPE-INFO are older forms of the same and passed over:
 *   who can do AES sends ETYPE-INFO2 (RFC 4120 section 5.2.7.5).
 * @returns ETYPE-INFO2; empty where there is none.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function etypeInfo(padata: readonly PaData[] | undefined): readonly EtypeInfo2Entry[] {
  const value = findPaData(padata, PaType.PA_ETYPE_INFO2)
  return value === undefined ? [] : decodeEtypeInfo2(value)
}
