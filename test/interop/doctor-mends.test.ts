/** Every mend that doctor prints for Samba is run as it is printed, on accounts that were broken on purpose; then the check passes. */

import assert from 'node:assert/strict'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import { type DoctorCode, type Finding } from '../../src/doctor/index.ts'
import { accountCommands, ldbModify } from '../../src/doctor/commands.ts'
import { controllerIsHere, runOnController } from '../support/lab-delegation.ts'
import { labDoctor, type LabDoctorOptions } from '../support/lab-doctor.ts'

const availability = labAvailability()
const noLab = availability.ok ? false : (availability.reason ?? 'no lab')

/** A whole command of an administrator who breaks something. */
interface Break {
  readonly what: string
  readonly how: string
  readonly code: DoctorCode
  readonly about?: LabDoctorOptions
  /** A text that the mend that is to be run has. Default: the first mend. */
  readonly mend?: RegExp
}

const IWA = 'CN=svc-iwa,CN=Users,DC=corp,DC=example'
const MENDED = 'mended'
const user = `CN=${MENDED},CN=Users,DC=corp,DC=example`
const replace = (dn: string, attribute: string, value: string): string =>
  ldbModify(dn, [`replace: ${attribute}`, `${attribute}: ${value}`])
const aboutUser: LabDoctorOptions = { user: MENDED }

const BREAKS: readonly Break[] = [
  {
    what: 'a service that RC4 alone is allowed for',
    how: replace(IWA, 'msDS-SupportedEncryptionTypes', '4'),
    code: 'DOCTOR_WITHOUT_AES',
  },
  {
    what: 'a service without msDS-SupportedEncryptionTypes',
    how: ldbModify(IWA, ['delete: msDS-SupportedEncryptionTypes']),
    code: 'DOCTOR_ENCRYPTION_DEFAULT',
  },
  {
    what: 'the account of a service disabled',
    how: 'samba-tool user disable svc-iwa',
    code: 'DOCTOR_SERVICE_ACCOUNT_STANDING',
  },
  {
    what: 'the account of a service that has ended',
    how: replace(IWA, 'accountExpires', '116444736010000000'),
    code: 'DOCTOR_SERVICE_ACCOUNT_STANDING',
  },
  {
    what: 'the name of a service missing',
    how: 'samba-tool spn delete HTTP/iwa.corp.example svc-iwa',
    code: 'DOCTOR_SPN_MISSING',
  },
  {
    what: 'protocol transition missing',
    how: "samba-tool delegation for-any-protocol 'CONN1$' off",
    code: 'DOCTOR_PROTOCOL_TRANSITION_MISSING',
  },
  {
    what: 'the connector’s account disabled',
    how: "samba-tool user disable 'CONN1$'",
    code: 'DOCTOR_OWN_TICKET_REFUSED',
    mend: /user enable/,
  },
  {
    what: 'the connector’s account at its end',
    how: replace(
      'CN=CONN1,CN=Computers,DC=corp,DC=example',
      'accountExpires',
      '116444736010000000',
    ),
    code: 'DOCTOR_OWN_TICKET_REFUSED',
    mend: /expir/,
  },
  {
    what: 'krbtgt marked as sensitive',
    how: 'samba-tool user sensitive krbtgt on',
    code: 'DOCTOR_KRBTGT_SENSITIVE',
  },
  {
    what: 'a user disabled',
    how: `samba-tool user disable ${MENDED}`,
    code: 'DOCTOR_USER_DISABLED',
    about: aboutUser,
  },
  {
    what: 'a user who has expired',
    how: replace(user, 'accountExpires', '116444736010000000'),
    code: 'DOCTOR_USER_EXPIRED',
    about: aboutUser,
  },
  {
    what: 'a locked user',
    how: [
      'samba-tool domain passwordsettings set --account-lockout-threshold=1 >/dev/null',
      replace(user, 'lockoutTime', String((BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n)),
    ].join('\n'),
    code: 'DOCTOR_USER_LOCKED',
    about: aboutUser,
  },
  {
    what: 'a user who must change the password',
    how: replace(user, 'pwdLastSet', '0'),
    code: 'DOCTOR_USER_MUST_CHANGE',
    about: aboutUser,
  },
  {
    what: 'a user marked as sensitive',
    how: `samba-tool user sensitive ${MENDED} on`,
    code: 'DOCTOR_USER_SENSITIVE',
    about: aboutUser,
  },
  {
    what: 'a user in Protected Users',
    how: `samba-tool group addmembers 'Protected Users' ${MENDED}`,
    code: 'DOCTOR_USER_PROTECTED',
    about: aboutUser,
  },
]

// A lab of its own: this suite changes the directory.
describe('the mends of doctor, run as printed', { skip: noLab }, () => {
  let lab: Lab
  before(async () => {
    lab = await startLab({ services: ['dc'] })
    await runOnController(lab.env, `samba-tool user create ${MENDED} 'Wonderland-1'`)
  })
  after(async () => {
    await lab.stop()
  })

  const withCode = (findings: readonly Finding[], code: DoctorCode): readonly Finding[] =>
    findings.filter((finding) => finding.code === code)

  async function mended({ code, how, about, mend }: Break): Promise<void> {
    await runOnController(lab.env, how)
    const [finding] = withCode(await labDoctor(lab.env, about), code)
    assert.ok(finding, `${code} is not found`)
    const commands = finding.mends.flatMap(({ sambaTool }) => sambaTool ?? [])
    const command = commands.find((each) => mend === undefined || mend.test(each))
    assert.ok(command, `${code} has no such command`)
    await runOnController(lab.env, command)
    const after = await labDoctor(lab.env, about)
    assert.deepEqual(withCode(after, code), [])
    // This lab has no web servers: who gets that far has every ticket.
    const broken = after.filter(
      (finding) => finding.outcome === 'fail' && finding.code !== 'DOCTOR_BACKEND_UNREACHABLE',
    )
    assert.deepEqual(broken, [])
  }

  for (const each of BREAKS) {
    it(`${each.what}: ${each.code}`, async (context) => {
      if (!controllerIsHere(lab.env)) {
        context.skip('the domain controller is in a container')
        return
      }
      await mended(each)
    })
  }

  it('a keytab that is older than the password: DOCTOR_OWN_TICKET_REFUSED', async (context) => {
    if (!controllerIsHere(lab.env)) {
      context.skip('the domain controller is in a container')
      return
    }
    const keytab = join(lab.env.directory, 'mended.keytab')
    copyFileSync(lab.env.connectors.CONN1.keytab, keytab)
    const old = readFileSync(keytab)
    await mended({
      what: '',
      how: "samba-tool user setpassword 'CONN1$' --newpassword='Other-Password-17' >/dev/null",
      code: 'DOCTOR_OWN_TICKET_REFUSED',
      about: { keytab },
    })
    assert.notDeepEqual(readFileSync(keytab), old)
  })

  // Samba lets everybody read tokenGroups, so the finding cannot be had; its command can.
  it('the command that puts the connector into a group', async (context) => {
    if (!controllerIsHere(lab.env)) {
      context.skip('the domain controller is in a container')
      return
    }
    const target = {
      sAMAccountName: 'CONN3$',
      distinguishedName: 'unused',
      kind: 'computer',
    } as const
    const group = 'Windows Authorization Access Group'
    await runOnController(lab.env, accountCommands.joinGroup(target, group).sambaTool)
    await runOnController(lab.env, `samba-tool group listmembers '${group}' | grep -x 'CONN3\\$'`)
  })
})
