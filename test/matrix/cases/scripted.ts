/**
 * What a Windows KDC says and Samba's does not: the real KDC behind a wire on which these refusals are written instead, with the
 * NTSTATUS in their e-data (MS-SFU 3.2.5.2, MS-KILE 3.1.5). Everything else of these set-ups is real.
 */

import { NtStatus } from '../../../src/kerberos/iana/index.ts'
import { encodeKerbErrorData, encodeKrbError } from '../../../src/kerberos/messages/index.ts'
import type { Configuration } from '../../../docker/demo/configuration.ts'
import { honest, KdcProxy, type KdcExchange, type Wiretap } from '../../support/kdc-proxy.ts'
import type { MatrixCase, Server } from '../case.ts'
import type { Place } from '../world/place.ts'

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

function refusing({ exchange, errorCode, ntStatus }: Scripted): Wiretap {
  return (intercepted) => {
    if (intercepted.exchange !== exchange) return honest(intercepted)
    const { realm, sname = { nameType: 2, nameString: [] } } = intercepted.request.body
    const eData = ntStatus === undefined ? {} : { eData: encodeKerbErrorData(ntStatus) }
    const error = { stimeMs: Date.now(), susec: 0, errorCode, realm, sname, ...eData }
    return Promise.resolve(encodeKrbError(error))
  }
}

function scripted(script: Scripted): MatrixCase {
  const { id, name, code, doctor, says } = script
  let proxy: KdcProxy | undefined
  return {
    id,
    name,
    scripted: true,
    connector: {},
    serve: async ({ lab }: Place): Promise<Server> => {
      proxy = await KdcProxy.start({ realm: lab.env.realm, kdc: lab.env.kdc })
      return proxy
    },
    configure: {
      connector: (config) => {
        // Without armour: nobody else could write what the KDC says under it.
        const kerberos = config['kerberos'] as Configuration
        Object.assign(kerberos, { kdcs: [proxy?.address], fast: 'off' })
      },
    },
    breakIt: () => {
      if (proxy) proxy.wiretap = refusing(script)
      return Promise.resolve()
    },
    code,
    doctor: [doctor],
    mend: {
      advice: doctor,
      says,
      apply: () => {
        if (proxy) proxy.wiretap = honest
        return Promise.resolve()
      },
    },
  }
}

const BADOPTION = 13

export const SCRIPTED_CASES: readonly MatrixCase[] = [
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
].map((script) => scripted(script as Scripted))
