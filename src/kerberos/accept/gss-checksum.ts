/**
 * What the authenticator of a GSS-API token says: flags, channel bindings, a credential handed on (RFC 4121 section 4.1.1), and
 * MS-KILE's additions beside it.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import {
  decodeAuthenticatorChecksum,
  GssFlag,
  type AuthenticatorChecksum,
} from '../gss/authenticator-checksum.ts'
import { channelBindingDigest } from '../gss/channel-binding.ts'
import { AdApOption, AdType, ChecksumType, KrbErrorCode } from '../iana/index.ts'
import type { Authenticator } from '../messages/index.ts'
import { Refusal } from './refusal.ts'
import { relevantElements } from './ticket-pac.ts'
import type { AcceptChannel } from './types.ts'

/** What a token says besides who made it. */
export interface TokenContext {
  /** GssFlag bits; 0 for a bare AP-REQ without them. */
  readonly gssFlags: number
  /** Whether the token is bound to the channel it came on. */
  readonly channelBound: boolean
  /** DER of a KRB-CRED. */
  readonly delegatedCredential: Uint8Array | undefined
  /** For which service the client says it made the token. */
  readonly targetName: string | undefined
}

/** A bare AP-REQ of a protocol that is not GSS-API has no flags and no bindings. */
const NOTHING: AuthenticatorChecksum = {
  binding: new Uint8Array(16),
  flags: 0,
  credential: undefined,
}

/**
 * Reads and checks it.
 *
 * @param authenticator - The decrypted authenticator.
 * @param bare - Whether the AP-REQ came without GSS-API framing, and may lack the checksum.
 * @param channel - The channel it came on.
 * @returns What it says.
 * @throws Refusal ERR_KRB_CHANNEL_BINDING where it is bound to another channel, or to none and has to be; ERR_KRB_GSS for a
 *   missing checksum or one of another type, and for DCE style; KerberosError ERR_KRB_DECODE.
 */
export function checkTokenContext(
  authenticator: Authenticator,
  bare: boolean,
  channel: AcceptChannel,
): TokenContext {
  const { flags, binding, credential } = checksumOf(authenticator, bare)
  if ((flags & GssFlag.DCE_STYLE) !== 0) throw unreadable('DCE style, with a third token')
  const { clientBinds, targetName } = kileData(authenticator)
  return {
    gssFlags: flags,
    channelBound: checkBinding(binding, clientBinds, channel),
    delegatedCredential: credential,
    targetName,
  }
}

function unreadable(what: string): Refusal {
  return new Refusal('ERR_KRB_GSS', `the token has ${what}`, {
    krb: KrbErrorCode.KRB_AP_ERR_INAPP_CKSUM,
  })
}

function checksumOf({ cksum }: Authenticator, bare: boolean): AuthenticatorChecksum {
  if (cksum?.cksumtype === ChecksumType.GSSAPI) return decodeAuthenticatorChecksum(cksum.checksum)
  if (bare) return NOTHING
  throw unreadable(`no checksum 0x8003 but ${cksum === undefined ? 'none' : cksum.cksumtype}`)
}

/** MS-KILE 3.2.5.8: options and target name. */
function kileData({ authorizationData = [] }: Authenticator): {
  readonly clientBinds: boolean
  readonly targetName: string | undefined
} {
  const elements = relevantElements(authorizationData)
  const find = (type: number) => elements.find(({ adType }) => adType === type)?.adData
  const options = find(AdType.AD_AUTH_DATA_AP_OPTIONS)
  const target = find(AdType.AD_TARGET_PRINCIPAL)
  return {
    clientBinds:
      options?.length === 4 &&
      (Buffer.from(options).readUInt32LE() & AdApOption.KERB_AP_OPTIONS_CBT) !== 0,
    targetName: target === undefined ? undefined : Buffer.from(target).toString('utf16le'),
  }
}

/** A client that says it binds where it can, and did not, was led around our end of the channel (MS-KILE 3.4.5). */
function checkBinding(binding: Uint8Array, clientBinds: boolean, channel: AcceptChannel): boolean {
  const { channelBinding, requireChannelBinding = false } = channel
  const given = binding.some((octet) => octet !== 0)
  if (channelBinding !== undefined && (given || clientBinds)) {
    if (timingSafeEqual(binding, channelBindingDigest(channelBinding))) return true
    throw badBinding('the token is bound to another channel than the one it came on')
  }
  if (!requireChannelBinding) return false
  throw badBinding(
    channelBinding === undefined
      ? 'a channel binding is required, and nothing is known of the channel the token came on'
      : 'the token is bound to no channel',
  )
}

function badBinding(what: string): Refusal {
  return new Refusal('ERR_KRB_CHANNEL_BINDING', what, {
    krb: KrbErrorCode.KRB_AP_ERR_INAPP_CKSUM,
    mend: 'Look for something between client and service that ends TLS.',
  })
}
