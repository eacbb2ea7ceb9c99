/**
 * What can go wrong with a KDC proxy, in words, and what to do about it.
 *
 * @module
 */

import { errorCode } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { PinError } from './opened-socket.ts'
import { socketFault } from './socket-fault.ts'

/** The proxy does not say 200. */
export class StatusError extends Error {
  readonly status: number

  constructor(status: number, words: string) {
    super(`HTTP status ${status}${words === '' ? '' : ` (${words})`}`)
    this.status = status
  }
}

/** The proxy says 200 and then not what a KDC proxy says. */
export class WrongAnswerError extends Error {}

/**
 * The error for an attempt that failed.
 *
 * @param error - What was thrown.
 * @returns ERR_KRB_KDC_UNREACHABLE with the mend.
 */
export function kkdcpFault(error: unknown): KerberosError {
  if (error instanceof KerberosError && error.code === 'ERR_KRB_KDC_UNREACHABLE') return error
  return new KerberosError('ERR_KRB_KDC_UNREACHABLE', socketFault(error), {
    cause: error,
    mend: mendOf(error),
  })
}

function mendOf(error: unknown): string {
  if (error instanceof StatusError) return statusMend(error.status)
  if (error instanceof WrongAnswerError || error instanceof KerberosError) {
    return 'Check that the URL is that of a KDC proxy (MS-KKDCP); its path is /KdcProxy as a rule.'
  }
  if (error instanceof PinError) {
    return 'List this pin if the KDC proxy really has a new key; otherwise somebody is in between.'
  }
  const code = errorCode(error)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'Write the KDC proxy’s URL with a name that its certificate has.'
  }
  if (/CERT|ISSUER|SIGNATURE/.test(code)) {
    return 'Name the CA of the KDC proxy’s certificate (http_anchors in krb5.conf, or the ca setting).'
  }
  return 'Check the KDC proxy’s URL, that it runs, and that this host may reach it.'
}

function statusMend(status: number): string {
  if (status >= 500) {
    return 'Check that the KDC proxy knows the realm and reaches its KDCs, and for new passwords (kpasswd) their port 464.'
  }
  if (status >= 300 && status < 400) {
    return 'Redirects are not followed: configure the URL at which the KDC proxy itself answers.'
  }
  if (status === 401 || status === 403) {
    return 'Have the KDC proxy let this host in; it may want a client certificate.'
  }
  return 'Check the URL of the KDC proxy; its path is /KdcProxy as a rule.'
}
