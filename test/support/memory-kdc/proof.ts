/** Pre-authentication as the in-memory KDC wants it: a timestamp, or a challenge under armour. */

import { KeyUsage, KrbErrorCode as Krb, PaType } from '../../../src/kerberos/iana/index.ts'
import {
  decodeEncryptedData,
  decodePaEncTsEnc,
  encodeEtypeInfo2,
  encodeMethodData,
  findPaData,
  type DecodedKdcReq,
  type PaData,
} from '../../../src/kerberos/messages/index.ts'
import type { Clock } from '../../../src/platform/index.ts'
import { challengeTime, fastMethods, type KdcArmor } from './fast.ts'
import type { Account } from './principals.ts'
import { opened, Refused } from './requests.ts'

/** Whether a KDC takes armour (FAST): not, on demand, or nothing else for proof. */
export type KdcFast = 'no' | 'yes' | 'only'

export const MAX_SKEW_MS = 300_000

/** How the account's key is made. */
export function etypeInfoOf({ key }: Account, salt: string): PaData {
  const padataValue = encodeEtypeInfo2([{ etype: key.etype, salt }])
  return { padataType: PaType.PA_ETYPE_INFO2, padataValue }
}

/** Demands proof, and refuses what is none. */
export function checkProof(
  request: DecodedKdcReq,
  client: {
    readonly account: Account
    readonly info: PaData
    readonly armor: KdcArmor | undefined
  },
  { fast, clock }: { readonly fast: KdcFast; readonly clock: Clock },
): void {
  const { account, info, armor } = client
  const challenge = armor && challengeTime(request, armor, account.key)
  const timeMs = challenge ?? (fast === 'only' ? undefined : timestamp(request, account))
  if (timeMs === undefined) {
    const more = fast === 'no' ? [] : fastMethods(fast === 'only')
    throw new Refused({
      code: Krb.KDC_ERR_PREAUTH_REQUIRED,
      eData: encodeMethodData([info, ...more]),
    })
  }
  if (Math.abs(timeMs - clock.nowMs()) > MAX_SKEW_MS) {
    throw new Refused({ code: Krb.KRB_AP_ERR_SKEW })
  }
}

function timestamp(request: DecodedKdcReq, { key }: Account): number | undefined {
  const value = findPaData(request.padata, PaType.PA_ENC_TIMESTAMP)
  if (value === undefined) return undefined
  const { cipher } = decodeEncryptedData(value)
  return decodePaEncTsEnc(opened(key, [KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, cipher], 24)).patimestampMs
}
