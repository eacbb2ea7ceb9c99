/** What may be wrong with the account that holds the application's SPN. */

import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { MatrixCase } from '../case.ts'
import { replace, service, user, userDn } from '../world/ldif.ts'
import type { Place } from '../world/place.ts'

/** Moves the SPN, or takes it away. */
function setSpn(account: string, ...spns: readonly string[]): string {
  return replace(userDn(account), 'servicePrincipalName', spns)
}

/** What an administrator does with the keytab that a printed command has written: carries it to the web server. */
function carryKeytab({ directory, apache, service }: Place): Promise<void> {
  const path = directory.keytab(service)
  renameSync(join(directory.directory, 'service.keytab'), path)
  apache.allowKeytab(path)
  return Promise.resolve()
}

export const SERVICE_CASES: readonly MatrixCase[] = [
  {
    id: 'spn-unknown',
    name: 'no account holds the SPN',
    breakIt: async ({ directory, service }) => {
      await directory.modify(setSpn(service, 'HTTP/elsewhere.corp.example'))
    },
    code: 'ERR_KRB_SPN_UNKNOWN',
    doctor: ['DOCTOR_SPN_MISSING'],
    mend: { printed: 'DOCTOR_SPN_MISSING', which: /spn add/ },
  },
  {
    id: 'alias',
    name: 'the backend’s name is an alias (CNAME), and only the other name has an SPN',
    dns: () => 'steady.corp.example',
    breakIt: async ({ directory, service }) => {
      await directory.modify(setSpn(service, 'HTTP/alias-host.corp.example'))
    },
    code: 'ERR_KRB_SPN_UNKNOWN',
    doctor: ['DOCTOR_SPN_MISSING', 'DOCTOR_APP_CNAME'],
    mend: { printed: 'DOCTOR_SPN_MISSING', which: /spn add/ },
  },
  {
    id: 'spn-twice',
    name: 'two accounts hold the SPN',
    entries: () => user({ name: 'svc-second' }),
    breakIt: async ({ directory, spn }) => {
      await directory.modifyUnchecked(setSpn('svc-second', spn))
    },
    code: 'ERR_KRB_SPN_UNKNOWN',
    doctor: ['DOCTOR_SPN_DUPLICATE'],
    mend: { printed: 'DOCTOR_SPN_DUPLICATE', which: /svc-second/ },
  },
  {
    id: 'spn-moved',
    name: 'another account holds the SPN than the one whose key the backend has',
    entries: () => service('svc-third', 'HTTP/third.corp.example'),
    breakIt: async ({ directory, spn, service }) => {
      await directory.modify(setSpn(service, 'HTTP/third-old.corp.example'))
      await directory.modify(setSpn('svc-third', spn))
    },
    code: 'ERR_SSO_BACKEND_KEY_MISMATCH',
    doctor: ['DOCTOR_APP_KEY'],
    mend: { printed: 'DOCTOR_APP_KEY', which: /exportkeytab/, then: carryKeytab },
  },
  {
    id: 'backend-keytab',
    name: 'the backend’s keytab is older than its account’s password',
    breakIt: async ({ directory, service }) => {
      await directory.samba('user', 'setpassword', service, '--newpassword=Lab-another-1')
    },
    code: 'ERR_SSO_BACKEND_NO_KEY',
    doctor: ['DOCTOR_APP_KEY'],
    mend: { printed: 'DOCTOR_APP_KEY', which: /exportkeytab/, then: carryKeytab },
  },
  {
    id: 'rc4-service',
    name: 'the service’s account is allowed RC4 alone',
    breakIt: async ({ directory, service }) => {
      await directory.modify(replace(userDn(service), 'msDS-SupportedEncryptionTypes', ['4']))
    },
    code: 'ERR_KRB_ETYPE',
    doctor: ['DOCTOR_WITHOUT_AES'],
    mend: { printed: 'DOCTOR_WITHOUT_AES', which: /msDS-SupportedEncryptionTypes/ },
  },
]
