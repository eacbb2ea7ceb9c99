/**
 * MIC tokens of the Kerberos mechanism (RFC 4121 section 4.2.6.1), as SPNEGO wants one over its list of mechanisms
 * (RFC 4178 section 5).
 *
 * ```
 * token  = 04 04, flags, FF × 5, uint64 sequence number (big-endian), checksum over (the message, then these 16 octets)
 * ```
 *
 * @module
 */

import { checksum, checksumTypeOf, verifyChecksum, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { KeyUsage } from '../iana/index.ts'

/** Who made a MIC, and with what. */
export interface MicMaker {
  /** Subkey of the acceptor, else the initiator's, else the session key (RFC 4121 section 2). */
  readonly key: EncryptionKey
  /** Which side. */
  readonly by: 'initiator' | 'acceptor'
  /** Whether the key is the acceptor's subkey. */
  readonly acceptorSubkey: boolean
}

const HEADER_OCTETS = 16
const TOKEN_ID = 0x0404
const FILLER = 0xff
/** RFC 4121 section 4.2.2. */
const SENT_BY_ACCEPTOR = 1
const ACCEPTOR_SUBKEY = 4

function flagsOf({ by, acceptorSubkey }: MicMaker): number {
  return (by === 'acceptor' ? SENT_BY_ACCEPTOR : 0) | (acceptorSubkey ? ACCEPTOR_SUBKEY : 0)
}

function usageOf({ by }: MicMaker): number {
  return by === 'acceptor' ? KeyUsage.GSS_ACCEPTOR_SIGN : KeyUsage.GSS_INITIATOR_SIGN
}

/**
 * Makes a MIC token.
 *
 * @param maker - Who we are, and our key.
 * @param sequenceNumber - Of this message, unsigned 32-bit.
 * @param message - What it is over.
 * @returns The token: 16 octets and the key's mandatory checksum.
 */
export function makeMic(maker: MicMaker, sequenceNumber: number, message: Uint8Array): Uint8Array {
  const header = Buffer.alloc(HEADER_OCTETS, FILLER)
  header.writeUInt16BE(TOKEN_ID, 0)
  header.writeUInt8(flagsOf(maker), 2)
  header.writeBigUInt64BE(BigInt(sequenceNumber), 8)
  const covered = Buffer.concat([message, header])
  return Buffer.concat([header, checksum(maker.key, usageOf(maker), covered)])
}

/**
 * Checks a MIC token. Its sequence number is covered by the checksum and not looked at: SPNEGO exchanges one MIC each way.
 *
 * @param maker - Who must have made it.
 * @param token - From the peer.
 * @param message - What it must be over.
 * @throws KerberosError ERR_KRB_INTEGRITY.
 */
export function verifyMic(maker: MicMaker, token: Uint8Array, message: Uint8Array): void {
  const header = Buffer.from(token.subarray(0, HEADER_OCTETS))
  const expected = Buffer.alloc(8, FILLER)
  expected.writeUInt16BE(TOKEN_ID, 0)
  expected.writeUInt8(flagsOf(maker), 2)
  if (!header.subarray(0, 8).equals(expected)) {
    throw new KerberosError('ERR_KRB_INTEGRITY', 'the MIC is no token of the peer')
  }
  const { key } = maker
  const covered = Buffer.concat([message, header])
  const mac = token.subarray(HEADER_OCTETS)
  if (!verifyChecksum(key, usageOf(maker), checksumTypeOf(key.etype), covered, mac)) {
    throw new KerberosError('ERR_KRB_INTEGRITY', 'the MIC is wrong')
  }
}
