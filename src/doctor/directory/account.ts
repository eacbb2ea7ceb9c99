/**
 * The connector's account, its keys, and the keys of the services.
 *
 * @module
 */

import { AES_ONLY, type AccountSettings } from '../../directory/index.ts'
import { counted, errorCode, errorText } from '../../platform/index.ts'
import { found, mendsOf, type Check, type Finding } from '../check.ts'
import { accountCommands } from '../commands.ts'
import { exportMend } from './reach.ts'
import type { DirectoryPicture, DirectoryWorld } from './world.ts'

const DAY_MS = 86_400_000

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** Found, enabled, not ended. */
export const accountCheck: Check<DirectoryWorld> = {
  id: 'directory.account',
  title: "the connector's account",
  needs: ['directory.bind'],
  async run(world) {
    const { connector } = await world.picture()
    const name = world.account
    if (connector === undefined) {
      return [found('DOCTOR_OWN_ACCOUNT_MISSING', `the domain has no account called ${name}`)]
    }
    const { control } = connector
    const faults = [
      ...(control.disabled
        ? [fault('DOCTOR_OWN_ACCOUNT_STANDING', `${name} is disabled`, connector, 'enable')]
        : []),
      ...(control.lockedOut
        ? [fault('DOCTOR_OWN_ACCOUNT_STANDING', `${name} is locked`, connector, 'unlock')]
        : []),
      ...(isOver(connector, world)
        ? [fault('DOCTOR_OWN_ACCOUNT_STANDING', `${name} has expired`, connector, 'neverExpires')]
        : []),
      ...(control.noPac
        ? [
            found(
              'DOCTOR_OWN_ACCOUNT_WITHOUT_PAC',
              `tickets for ${name} have no PAC (NO_AUTH_DATA_REQUIRED)`,
            ),
          ]
        : []),
    ]
    if (faults.length > 0) return faults
    const where = connector.distinguishedName
    return [
      found(
        'DOCTOR_OWN_ACCOUNT_GOOD',
        `${where}, a ${connector.kind} account, is in good standing`,
      ),
    ]
  },
}

function isOver({ expiresMs }: AccountSettings, { clock }: Pick<DirectoryWorld, 'clock'>): boolean {
  return expiresMs !== undefined && expiresMs <= clock.nowMs()
}

type Standing = 'enable' | 'unlock' | 'neverExpires'

const STANDING_TEXT: Readonly<Record<Standing, string>> = {
  enable: 'Enable the account.',
  unlock: 'Unlock the account.',
  neverExpires: 'Let the account not end.',
}

function fault(
  code: 'DOCTOR_OWN_ACCOUNT_STANDING' | 'DOCTOR_SERVICE_ACCOUNT_STANDING',
  message: string,
  ...[account, way]: readonly [AccountSettings, Standing]
): Finding {
  const mend = { text: STANDING_TEXT[way], ...accountCommands[way](account) }
  return found(code, message, { subject: account.sAMAccountName, mends: [mend] })
}

/** Encryption types that Sallyport uses, IANA numbers. */
const AES = [17, 18, 19, 20]

/** The keytab against the directory. */
export const keytabCheck: Check<DirectoryWorld> = {
  id: 'directory.keytab',
  title: 'the keytab against the directory',
  needs: ['directory.account'],
  async run(world) {
    const keys = await world.ownKeys()
    if (keys === undefined || world.keytab === undefined) {
      return [found('DOCTOR_NOT_APPLICABLE', 'the account’s keys do not come from a keytab')]
    }
    const { connector } = await world.picture()
    const mends = [exportMend(world.account, world.keytab)]
    const held = [...new Set(keys.map(({ kvno }) => kvno))].sort((a, b) => a - b)
    const types = [...new Set(keys.map(({ etype }) => etype))].sort((a, b) => a - b)
    if (!types.some((etype) => AES.includes(etype))) {
      const message = `${world.keytab} holds no AES key, but encryption types ${types.join(', ')}`
      return [found('DOCTOR_KEYTAB_WITHOUT_AES', message, { mends })]
    }
    const wanted = connector?.kvno
    const seen = `${world.keytab} holds key version${held.length === 1 ? '' : 's'} ${held.join(', ')}`
    if (wanted === undefined || held.includes(wanted)) {
      const told = `${seen}, encryption types ${types.join(', ')}${passwordDates(connector, world)}`
      return [found('DOCTOR_KEYTAB_GOOD', told)]
    }
    const message = `${seen}, but the directory has ${wanted}: the password was changed since, or this is another account’s`
    return [found('DOCTOR_KEYTAB_STALE', message, { mends })]
  },
}

/** When the password was set, and when the connector sets the next one. */
function passwordDates(
  account: AccountSettings | undefined,
  { rotatedEveryDays: days }: Pick<DirectoryWorld, 'rotatedEveryDays'>,
): string {
  const setMs = account?.passwordSetMs
  if (setMs === undefined) return ''
  const set = `; the password was set on ${day(setMs)}`
  if (days === undefined) return `${set}, and is not rotated by the connector`
  return `${set}, and is rotated from ${day(setMs + days * DAY_MS)} on (every ${counted(days, 'day')})`
}

/** Which keys tickets are under, the connector's and each service's. */
export const encryptionCheck: Check<DirectoryWorld> = {
  id: 'directory.encryption',
  title: 'encryption types of connector and services',
  needs: ['directory.account'],
  async run(world) {
    const picture = await world.picture()
    const services = picture.delegation?.services ?? []
    const holders = services.flatMap(({ account }) => (account ? [account] : []))
    const own = picture.connector ? [picture.connector] : []
    const accounts = new Map([...own, ...holders].map((account) => [account.sid, account]))
    return [...accounts.values()].flatMap((account) => [
      encryptionOf(account, picture),
      ...standingOf(account, world, picture),
    ])
  },
}

function encryptionOf(account: AccountSettings, { aesSinceMs }: DirectoryPicture): Finding {
  const { sAMAccountName: name, encryption, control, passwordSetMs } = account
  const subject = name
  const mends = [
    {
      text: `Allow AES for ${name}. Where its password is older than the domain's AES keys, set it anew afterwards, and write its keytab again.`,
      ...accountCommands.encryptionTypes(account, AES_ONLY),
    },
  ]
  const tell = `msDS-SupportedEncryptionTypes of ${name} is ${encryption.value}: ${encryption.text}`
  if (control.useDesKeyOnly) {
    return found('DOCTOR_DES_ONLY', `${name} is for DES keys alone (USE_DES_KEY_ONLY)`, { subject })
  }
  if (!encryption.isDefault && !encryption.aes128 && !encryption.aes256) {
    return found('DOCTOR_WITHOUT_AES', tell, { subject, mends })
  }
  if (aesSinceMs !== undefined && passwordSetMs !== undefined && passwordSetMs < aesSinceMs) {
    const message = `the password of ${name} was set on ${day(passwordSetMs)}, before the domain made AES keys: it has RC4 keys alone`
    return found('DOCTOR_PASSWORD_BEFORE_AES', message, { subject })
  }
  if (encryption.isDefault) return found('DOCTOR_ENCRYPTION_DEFAULT', tell, { subject, mends })
  return found('DOCTOR_ENCRYPTION_GOOD', tell, { subject })
}

/** The connector's own standing has a check of its own. */
function standingOf(
  account: AccountSettings,
  world: DirectoryWorld,
  { connector }: DirectoryPicture,
): readonly Finding[] {
  if (account.sid === connector?.sid) return []
  const name = account.sAMAccountName
  const code = 'DOCTOR_SERVICE_ACCOUNT_STANDING'
  if (account.control.disabled) return [fault(code, `${name} is disabled`, account, 'enable')]
  if (!isOver(account, world)) return []
  return [fault(code, `${name} has expired`, account, 'neverExpires')]
}

/** krbtgt marked sensitive: ticket-granting tickets cannot be forwarded, so nothing can. */
export const krbtgtCheck: Check<DirectoryWorld> = {
  id: 'directory.krbtgt',
  title: 'krbtgt',
  needs: ['directory.bind'],
  async run(world) {
    const { krbtgt } = await world.picture()
    if (krbtgt === undefined) return [found('DOCTOR_KRBTGT_UNKNOWN', 'krbtgt may not be read')]
    if (!krbtgt.control.notDelegated)
      return [found('DOCTOR_KRBTGT_GOOD', 'krbtgt may be delegated to')]
    const mend = { text: 'Take the mark away.', ...accountCommands.notSensitive(krbtgt) }
    const message =
      'krbtgt is marked "sensitive and cannot be delegated": KDCs give no forwardable tickets'
    return [found('DOCTOR_KRBTGT_SENSITIVE', message, { mends: [mend] })]
  },
}

/** tokenGroups of our own account, as of every user's. */
export const groupsCheck: Check<DirectoryWorld> = {
  id: 'directory.groups',
  title: 'the right to read group memberships',
  needs: ['directory.account'],
  async run(world) {
    const { connector, krbtgt, facts } = await world.picture()
    if (connector === undefined) return []
    const group = 'Windows Authorization Access Group'
    const mend = {
      text: `Put the account into "${group}".`,
      ...accountCommands.joinGroup(connector, group),
    }
    try {
      const asked = krbtgt ?? connector
      const groups = counted((await facts.groupsOf(asked)).length, 'group')
      const message = `tokenGroups can be read (${groups} of ${asked.sAMAccountName})`
      return [found('DOCTOR_GROUPS_READABLE', message)]
    } catch (error) {
      const text = errorText(error)
      if (errorCode(error) === 'ERR_DIRECTORY_REFUSED') {
        return [found('DOCTOR_GROUPS_UNREADABLE', text, { mends: [mend] })]
      }
      const message = `tokenGroups could not be asked for: ${errorCode(error)}: ${text}`
      return [found('DOCTOR_GROUPS_UNKNOWN', message, { mends: mendsOf(error) })]
    }
  },
}
