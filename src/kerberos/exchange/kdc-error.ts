/**
 * Turns a KRB-ERROR into an error whose code says what it means in this exchange, and what to do about it.
 *
 * @module
 */

import { KdcReplyError, type KerberosErrorCode } from '../errors.ts'
import { KrbErrorCode as Krb, krbErrorName, NtStatus, ntStatusName } from '../iana/index.ts'
import { findNtStatus, formatPrincipal, type KrbError } from '../messages/index.ts'

/** In which exchange a KDC refused, and for whom or what. */
export interface ExchangeStep {
  /** Name of the exchange. */
  readonly exchange: 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy'
  /** Whose KDC was asked. */
  readonly realm: string
  /** The client or service it was about, for the message. */
  readonly subject: string
  /** Our time, milliseconds since the epoch, to tell by how much clocks differ. */
  readonly nowMs: number
}

interface Meaning {
  readonly code: KerberosErrorCode
  readonly mend?: string
}

const CLIENT_REVOKED: Meaning = {
  code: 'ERR_KRB_CLIENT_REVOKED',
  mend: 'Enable or unlock the account, or extend its expiry, in the directory.',
}

/** What a code means whatever the exchange. */
const ANYWHERE = new Map<number, Meaning>([
  [
    Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN,
    {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      mend: 'Check that the account exists, and that the connector account may read it (Windows Authorization Access Group).',
    },
  ],
  [
    Krb.KDC_ERR_WRONG_REALM,
    { code: 'ERR_KRB_CLIENT_UNKNOWN', mend: 'Use the realm that holds the account.' },
  ],
  [
    Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    {
      code: 'ERR_KRB_SPN_UNKNOWN',
      mend: 'Check that exactly one account holds this service principal name: setspn -Q, or samba-tool spn list.',
    },
  ],
  [Krb.KDC_ERR_CLIENT_REVOKED, CLIENT_REVOKED],
  [Krb.KDC_ERR_NAME_EXP, CLIENT_REVOKED],
  [
    Krb.KDC_ERR_KEY_EXPIRED,
    { code: 'ERR_KRB_CLIENT_KEY_EXPIRED', mend: 'The user has to change the password first.' },
  ],
  [
    Krb.KRB_AP_ERR_SKEW,
    { code: 'ERR_KRB_SKEW', mend: 'Set the clock, for instance with chrony against the domain.' },
  ],
  [
    Krb.KDC_ERR_ETYPE_NOSUPP,
    {
      code: 'ERR_KRB_ETYPE',
      mend: 'Allow AES in msDS-SupportedEncryptionTypes of the account and set its password anew.',
    },
  ],
  [
    Krb.KDC_ERR_PREAUTH_FAILED,
    {
      code: 'ERR_KRB_PREAUTH_FAILED',
      mend: 'The keytab or password is not the account’s present one: export it again.',
    },
  ],
])

/** NTSTATUS of a refused S4U2Proxy (MS-SFU 3.2.5.2). Our requests carry the RBCD bit, so that three of them are rare. */
const DELEGATION_MENDS = new Map<number, string>([
  [
    NtStatus.STATUS_NOT_SUPPORTED,
    'The connector account has no delegation list: add the service with samba-tool delegation add-service, or in its Delegation tab.',
  ],
  [
    NtStatus.STATUS_NO_MATCH,
    'Add the service principal name to the connector account’s delegation list (msDS-AllowedToDelegateTo), and allow any protocol.',
  ],
  [
    NtStatus.STATUS_NOT_FOUND,
    'Neither the connector’s delegation list nor the service’s own list (PrincipalsAllowedToDelegateToAccount) grants this.',
  ],
  [
    NtStatus.STATUS_ACCOUNT_RESTRICTION,
    'The user is marked sensitive or is in Protected Users, or the connector lacks protocol transition.',
  ],
])
const DELEGATION_MEND =
  'Check that the service is on the connector account’s delegation list, and that protocol transition is allowed.'

function meaningOf(error: KrbError, step: ExchangeStep, ntStatus: number | undefined): Meaning {
  const { errorCode } = error
  if (step.exchange === 'S4U2Proxy' && errorCode === Krb.KDC_ERR_BADOPTION) {
    const mend = DELEGATION_MENDS.get(ntStatus ?? 0) ?? DELEGATION_MEND
    return { code: 'ERR_KRB_DELEGATION_REFUSED', mend }
  }
  if (step.exchange === 'S4U2Proxy' && errorCode === Krb.KDC_ERR_POLICY) {
    return {
      code: 'ERR_KRB_KDC_REPLY',
      mend: 'The user may be disabled by now; with several forests check selective authentication and the trust.',
    }
  }
  if (step.exchange === 'S4U2Self') {
    // Samba answers 12 for a disabled account.
    if (errorCode === Krb.KDC_ERR_POLICY) return CLIENT_REVOKED
    if (errorCode === Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN) {
      return {
        code: 'ERR_KRB_SPN_UNKNOWN',
        mend: 'A connector account that is a user, not a computer, needs a service principal name.',
      }
    }
  }
  if (ntStatus === NtStatus.STATUS_ACCOUNT_DISABLED) return CLIENT_REVOKED
  return ANYWHERE.get(errorCode) ?? { code: 'ERR_KRB_KDC_REPLY' }
}

/**
 * The error for a KDC's refusal.
 *
 * @param error - The KRB-ERROR.
 * @param step - What was asked.
 * @returns A KdcReplyError with the code for this exchange.
 */
export function refusalOf(error: KrbError, step: ExchangeStep): KdcReplyError {
  const ntStatus = error.eData === undefined ? undefined : findNtStatus(error.eData)
  const { code, mend } = meaningOf(error, step, ntStatus)
  const details = {
    krbErrorCode: error.errorCode,
    ntStatus,
    realm: step.realm,
    sname: formatPrincipal(error.sname),
    serverTimeMs: error.stimeMs,
  }
  return new KdcReplyError(code, textOf(error, step, ntStatus), {
    details,
    ...(mend === undefined ? {} : { mend }),
  })
}

function textOf(error: KrbError, step: ExchangeStep, ntStatus: number | undefined): string {
  const parts = [`${krbErrorName(error.errorCode)} (${error.errorCode})`]
  if (ntStatus !== undefined) parts.push(ntStatusName(ntStatus))
  if (error.eText !== undefined && error.eText !== '') parts.push(`"${error.eText}"`)
  if (error.errorCode === Krb.KRB_AP_ERR_SKEW) {
    const seconds = Math.round((error.stimeMs - step.nowMs) / 1000)
    parts.push(`its clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} ours`)
  }
  return `the KDC of ${step.realm} refused ${step.exchange} for ${step.subject}: ${parts.join(', ')}`
}
