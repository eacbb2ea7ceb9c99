/** What may be wrong with the connector's own account and its keytab. */

import { readFileSync, writeFileSync } from 'node:fs'
import { chmod, chown, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Configuration } from '../../../docker/demo/configuration.ts'
import { decodeKeytab, encodeKeytab, type KeytabEntry } from '../../../src/kerberos/files/keytab.ts'
import { NOBODY, WORKS, type MatrixCase } from '../case.ts'
import { CaseClock } from '../servers/case-clock.ts'
import { computerDn, DISABLED, replace, TRUSTED_TO_AUTH, userDn } from '../world/ldif.ts'
import type { Place } from '../world/place.ts'

const ORDINARY_COMPUTER = 69_632 + TRUSTED_TO_AUTH

/** Changes one attribute of the connector's account. */
function set(attribute: string, ...values: readonly (string | number)[]) {
  return async ({ directory, connectorAccount }: Place): Promise<void> => {
    await directory.modify(replace(computerDn(connectorAccount), attribute, values.map(String)))
  }
}

/** A section of connector.yaml. */
function kerberos(config: Configuration): Configuration {
  return config['kerberos'] as Configuration
}

/** The keys of a user's account are the same under each of its names. */
function underAccountName(
  entries: readonly KeytabEntry[],
  { connectorAccount }: Place,
): readonly KeytabEntry[] {
  const principal = { nameType: 1, nameString: [connectorAccount] }
  return entries.map((entry) => ({ ...entry, principal }))
}

/** Gives the connector a keytab made out of its good one. */
function keytabOf(
  change: (entries: readonly KeytabEntry[], place: Place) => readonly KeytabEntry[],
) {
  return (config: Configuration, place: Place): void => {
    const { directory, connectorAccount } = place
    const good = decodeKeytab(readFileSync(directory.keytab(connectorAccount)))
    const path = join(directory.directory, `${connectorAccount}.keytab`)
    writeFileSync(path, encodeKeytab(change(good, place)), { mode: 0o600 })
    kerberos(config)['keytab'] = path
  }
}

/** Whose the connector's keytab is. */
function keytabOwner(uid: number) {
  return async ({ directory, connectorAccount }: Place): Promise<void> => {
    const path = directory.keytab(connectorAccount)
    await chmod(path, 0o600)
    await chown(path, uid, uid)
  }
}

/** Writes something else into the connector's keytab. */
function spoilKeytab(change: (good: Buffer) => Uint8Array) {
  return async ({ directory, connectorAccount }: Place): Promise<void> => {
    const path = directory.keytab(connectorAccount)
    await writeFile(path, change(await readFile(path)))
  }
}

const clock = new CaseClock()

export const CONNECTOR_CASES: readonly MatrixCase[] = [
  {
    id: 'own-disabled',
    name: 'the connector’s account is disabled',
    connector: {},
    breakIt: set('userAccountControl', ORDINARY_COMPUTER + DISABLED),
    startsAgain: true,
    code: 'ERR_SSO_OWN_ACCOUNT',
    doctor: ['DOCTOR_OWN_TICKET_REFUSED'],
    mend: { printed: 'DOCTOR_OWN_TICKET_REFUSED' },
  },
  {
    id: 'own-password',
    name: 'the connector’s password was changed, and its keytab is the old one',
    connector: {},
    breakIt: async ({ directory, connectorAccount }) => {
      const password = '--newpassword=Lab-another-1'
      await directory.samba('user', 'setpassword', `${connectorAccount}$`, password)
    },
    startsAgain: true,
    code: 'ERR_SSO_OWN_ACCOUNT',
    doctor: ['DOCTOR_OWN_TICKET_REFUSED'],
    mend: { printed: 'DOCTOR_OWN_TICKET_REFUSED', which: /exportkeytab/ },
  },
  {
    id: 'no-keytab',
    name: 'there is no keytab',
    connector: {},
    edits: {
      connector: (config, { directory }) => {
        kerberos(config)['keytab'] = join(directory.directory, 'nowhere.keytab')
      },
    },
    startSays: /ERR_KRB_KEYTAB|ERR_CONNECTOR_FILE/,
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_FILE_MISSING'],
    mend: { setting: 'DOCTOR_FILE_MISSING', says: /Correct the path in connector\.yaml/ },
  },
  {
    id: 'keytab-mode',
    name: 'the keytab is root’s alone, and the connector runs as another user',
    connector: {},
    asNobody: true,
    arrange: keytabOwner(NOBODY),
    breakIt: keytabOwner(0),
    startsAgain: true,
    startSays: /ERR_KRB_KEYTAB.*EACCES/,
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_FILE_UNREADABLE'],
    mend: { printed: 'DOCTOR_FILE_UNREADABLE', which: /chown nobody/ },
  },
  {
    id: 'keytab-garbage',
    name: 'the keytab is no keytab',
    connector: {},
    breakIt: spoilKeytab(() => Buffer.from('KEYTAB\nof CONN1\n')),
    startsAgain: true,
    startSays: /ERR_KRB_KEYTAB.*starts with 0x4b45/,
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_OWN_TICKET_REFUSED'],
    mend: { printed: 'DOCTOR_OWN_TICKET_REFUSED', which: /exportkeytab/ },
  },
  {
    id: 'keytab-cut',
    name: 'the keytab was cut off in the middle of a key',
    connector: {},
    breakIt: spoilKeytab((good) => good.subarray(0, good.length - 10)),
    startsAgain: true,
    startSays: /ERR_KRB_KEYTAB.*are left/,
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_OWN_TICKET_REFUSED'],
    mend: { printed: 'DOCTOR_OWN_TICKET_REFUSED', which: /exportkeytab/ },
  },
  {
    id: 'other-keytab',
    name: 'the keytab is of another account',
    connector: {},
    edits: {
      connector: (config, { directory }) => {
        kerberos(config)['keytab'] = directory.keytab('CONN1')
      },
    },
    startSays: /ERR_CONNECTOR_FILE.*holds no key/,
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_OWN_TICKET_REFUSED'],
    mend: { setting: 'DOCTOR_OWN_TICKET_REFUSED', says: /holds no key of.*kerberos\.principal/s },
  },
  {
    id: 'own-rc4',
    name: 'the connector’s keytab holds an RC4 key alone',
    connector: {},
    edits: {
      connector: keytabOf((entries) =>
        entries.slice(0, 1).map((entry) => ({
          ...entry,
          key: { etype: 23, value: entry.key.value.subarray(0, 16) },
        })),
      ),
    },
    startSays: /ERR_KRB_(ETYPE|NO_KEY)|ERR_CONNECTOR_FILE/,
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_OWN_TICKET_REFUSED'],
    mend: { setting: 'DOCTOR_OWN_TICKET_REFUSED', says: /only rc4-hmac.*write the keytab again/s },
  },
  {
    id: 'own-spn',
    name: 'the connector’s account is a user’s, and has no service principal name',
    connector: { person: true },
    configure: { connector: keytabOf(underAccountName) },
    breakIt: async ({ directory, connectorAccount }) => {
      await directory.modify(replace(userDn(connectorAccount), 'servicePrincipalName', []))
    },
    code: 'ERR_SSO_OWN_ACCOUNT',
    doctor: ['DOCTOR_OWN_SPN_MISSING'],
    mend: { printed: 'DOCTOR_OWN_SPN_MISSING', which: /spn add/ },
  },
  {
    id: 'clock',
    name: 'the connector’s clock is 6 minutes ahead',
    connector: {},
    spares: 'app',
    serve: () => clock.start(),
    environment: () => clock.environment,
    breakIt: () => clock.set(360),
    // The KDC tells its time, and the client keeps to that.
    code: WORKS,
    logSays: /"kdcAheadBySeconds":-3[56]\d,"corrected":true/,
    doctor: ['DOCTOR_CLOCK_WRONG'],
    mend: {
      advice: 'DOCTOR_CLOCK_WRONG',
      says: /chronyc makestep/,
      apply: () => clock.set(0),
    },
  },
]
