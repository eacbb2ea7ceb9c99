/**
 * Turns a KRB-ERROR into an error whose code says what it means in this exchange, and what to do about it.
 *
 * @module
 */

import { KdcReplyError } from '../errors.ts'
import { KrbErrorCode as Krb, krbErrorName, ntStatusName } from '../iana/index.ts'
import { findNtStatus, formatPrincipal, type KrbError } from '../messages/index.ts'
import type { Refusal } from './fast-error.ts'
import { refusalMeaning, type RefusedQuestion } from './refusal-catalogue.ts'

/** In which exchange a KDC refused, and for whom or what. */
export interface ExchangeStep extends RefusedQuestion {
  /** Whose KDC was asked. */
  readonly realm: string
  /** The client or service it was about, for the message. */
  readonly subject: string
  /** Whose keys the KDC needs: in AS the client, else the service. Default the subject. */
  readonly account?: string | undefined
  /** Our time, milliseconds since the epoch, to tell by how much clocks differ. */
  readonly nowMs: number
}

/**
 * The error for a KDC's refusal.
 *
 * @param refusal - The KRB-ERROR, and whether it came under armour.
 * @param step - What was asked.
 * @returns A KdcReplyError with the code for this exchange.
 */
export function refusalOf(
  { refused: error, armored }: Pick<Refusal, 'refused' | 'armored'>,
  step: ExchangeStep,
): KdcReplyError {
  const ntStatus = error.eData === undefined ? undefined : findNtStatus(error.eData)
  const { code, mend, means } = refusalMeaning(step, error.errorCode, ntStatus)
  const details = {
    krbErrorCode: error.errorCode,
    ntStatus,
    realm: step.realm,
    sname: formatPrincipal(error.sname),
    serverTimeMs: error.stimeMs,
    means,
    clientRealm: error.crealm,
    armored,
    exchange: step.exchange,
  }
  return new KdcReplyError(code, textOf(error, step, ntStatus), {
    details,
    ...(mend === undefined
      ? {}
      : { mend: mend.replace('<account>', step.account ?? step.subject) }),
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
