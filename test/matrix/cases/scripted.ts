/**
 * What a Windows KDC says and Samba's does not: the real KDC behind a wire on which these refusals are written instead, with the
 * NTSTATUS in their e-data (MS-SFU 3.2.5.2, MS-KILE 3.1.5). Everything else of these set-ups is real.
 */

import { NtStatus, PaType } from '../../../src/kerberos/iana/index.ts'
import {
  decodePaForUser,
  encodeKerbErrorData,
  encodeKrbError,
  findPaData,
  type DecodedKdcReq,
} from '../../../src/kerberos/messages/index.ts'
import { honest, type KdcExchange, type Wiretap } from '../../support/kdc-proxy.ts'
import type { MatrixCase } from '../case.ts'
import type { Place } from '../world/place.ts'
import { WiredKdc } from '../world/wired-kdc.ts'
import { SENSITIVE_KRBTGT } from './sensitive-krbtgt.ts'

/** A refusal and where it comes. */
interface Scripted {
  readonly id: string
  readonly name: string
  readonly exchange: KdcExchange
  readonly errorCode: number
  readonly ntStatus?: number
  readonly code: string
  readonly doctor: string
  /** What doctor must say of the cause. */
  readonly says: RegExp
}

/** Whose ticket a connector asks for (S4U2Self). */
function userOf({ padata }: DecodedKdcReq): string {
  const found = findPaData(padata, PaType.PA_FOR_USER)
  return found === undefined ? '' : decodePaForUser(found).userName.nameString.join('/')
}

/** What for. */
function serviceOf({ body }: DecodedKdcReq): string {
  return body.sname?.nameString.join('/') ?? ''
}

/** Refuses one user, or one service, and nobody else. */
function refusing({ exchange, errorCode, ntStatus }: Scripted, { spn, user }: Place): Wiretap {
  return (intercepted) => {
    if (intercepted.exchange !== exchange) return honest(intercepted)
    const about =
      exchange === 'S4U2Self' ? userOf(intercepted.request) : serviceOf(intercepted.request)
    if (about !== (exchange === 'S4U2Self' ? user : spn)) return honest(intercepted)
    const { realm, sname = { nameType: 2, nameString: [] } } = intercepted.request.body
    const eData = ntStatus === undefined ? {} : { eData: encodeKerbErrorData(ntStatus) }
    const error = { stimeMs: Date.now(), susec: 0, errorCode, realm, sname, ...eData }
    return Promise.resolve(encodeKrbError(error))
  }
}

function scripted(script: Scripted): MatrixCase {
  const { id, name, code, doctor, says, exchange } = script
  const kdc = new WiredKdc()
  return {
    id,
    name,
    scripted: true,
    connector: {},
    spares: exchange === 'S4U2Self' ? 'app' : 'connector',
    serve: kdc.lay,
    configure: kdc.configure,
    breakIt: (place) => kdc.tap(refusing(script, place)),
    code,
    doctor: [doctor],
    mend: { advice: doctor, says, apply: () => kdc.tap(honest) },
  }
}

const BADOPTION = 13

const REFUSALS: readonly Scripted[] = [
  {
    id: 'w-no-list',
    name: 'Windows: the connector’s delegation list is empty (STATUS_NOT_SUPPORTED)',
    exchange: 'S4U2Proxy',
    errorCode: BADOPTION,
    ntStatus: NtStatus.STATUS_NOT_SUPPORTED,
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: 'DOCTOR_TICKET_REFUSED',
    says: /list is empty.*delegation add-service/s,
  },
  {
    id: 'w-not-listed',
    name: 'Windows: the SPN is not on the list (STATUS_NO_MATCH)',
    exchange: 'S4U2Proxy',
    errorCode: BADOPTION,
    ntStatus: NtStatus.STATUS_NO_MATCH,
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: 'DOCTOR_TICKET_REFUSED',
    says: /not on it.*delegation add-service/s,
  },
  {
    id: 'w-no-rbcd',
    name: 'Windows: the service’s own list does not grant it (STATUS_NOT_FOUND)',
    exchange: 'S4U2Proxy',
    errorCode: BADOPTION,
    ntStatus: NtStatus.STATUS_NOT_FOUND,
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: 'DOCTOR_TICKET_REFUSED',
    says: /resource-based.*delegation add-principal/s,
  },
  {
    id: 'w-protected',
    name: 'Windows: the KDC refuses a member of Protected Users (STATUS_ACCOUNT_RESTRICTION)',
    exchange: 'S4U2Proxy',
    errorCode: BADOPTION,
    ntStatus: NtStatus.STATUS_ACCOUNT_RESTRICTION,
    code: 'ERR_KRB_DELEGATION_REFUSED',
    doctor: 'DOCTOR_TICKET_REFUSED',
    says: /Protected Users/,
  },
  {
    id: 'w-firewall',
    name: 'Windows: selective authentication keeps the user away (KDC_ERR_POLICY)',
    exchange: 'S4U2Proxy',
    errorCode: 12,
    ntStatus: NtStatus.STATUS_AUTHENTICATION_FIREWALL_FAILED,
    code: 'ERR_KRB_KDC_REPLY',
    doctor: 'DOCTOR_TICKET_REFUSED',
    says: /selective authentication/,
  },
  {
    id: 'w-disabled',
    name: 'Windows: the KDC says that the account is disabled (STATUS_ACCOUNT_DISABLED)',
    exchange: 'S4U2Self',
    errorCode: 18,
    ntStatus: NtStatus.STATUS_ACCOUNT_DISABLED,
    code: 'ERR_KRB_CLIENT_REVOKED',
    doctor: 'DOCTOR_S4U2SELF_REFUSED',
    says: /STATUS_ACCOUNT_DISABLED.*Enable or unlock/s,
  },
  {
    id: 'w-no-read',
    name: 'Windows: the connector may not read the user’s groups (KDC_ERR_C_PRINCIPAL_UNKNOWN)',
    exchange: 'S4U2Self',
    errorCode: 6,
    ntStatus: NtStatus.STATUS_ACCESS_DENIED,
    code: 'ERR_KRB_CLIENT_UNKNOWN',
    doctor: 'DOCTOR_S4U2SELF_REFUSED',
    says: /Windows Authorization Access Group/,
  },
  {
    id: 'w-no-aes',
    name: 'Windows: the service’s account has no AES keys (KDC_ERR_ETYPE_NOSUPP)',
    exchange: 'S4U2Proxy',
    errorCode: 14,
    code: 'ERR_KRB_ETYPE',
    doctor: 'DOCTOR_TICKET_REFUSED',
    says: /AES keys/,
  },
]

export const SCRIPTED_CASES: readonly MatrixCase[] = [SENSITIVE_KRBTGT, ...REFUSALS.map(scripted)]
