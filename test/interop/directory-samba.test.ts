import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import type { AccountKey } from '../../src/directory/index.ts'
import type { LdapDirectory } from '../../src/directory/io/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { labDirectory } from '../support/lab-directory.ts'

const lab = sharedLab()

describe('the directory of a real Samba domain', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let directory: LdapDirectory
  before(async () => {
    directory = await labDirectory(lab)
  })
  after(() => {
    directory.close()
  })

  it('finds alice by her UPN, her account name and her SID: the same account', async () => {
    const byUpn = await directory.findAccount({
      by: 'userPrincipalName',
      value: 'Alice@corp.example',
    })
    const byName = await directory.findAccount({ by: 'sAMAccountName', value: 'ALICE' })
    const bySid = await directory.findAccount({ by: 'sid', value: byUpn.sid })
    assert.deepEqual(byName, byUpn)
    assert.deepEqual(bySid, byUpn)
    assert.equal(byUpn.realm, lab.realm)
    assert.match(byUpn.sid, /^S-1-5-21-\d+-\d+-\d+-\d+$/)
    assert.ok(byUpn.enabled && !byUpn.sensitive && !byUpn.protectedUser)
    for (const group of ['staff', 'sales', 'Domain Users', `CN=staff,CN=Users,${lab.baseDn}`]) {
      assert.ok(byUpn.memberOf.includes(group), group)
    }
    assert.ok(byUpn.memberOf.includes(byUpn.sid.replace(/\d+$/, '513')))
  })

  it('finds bob by a UPN that has nothing in common with his account name or domain', async () => {
    const bob = await directory.findAccount({
      by: 'userPrincipalName',
      value: 'robert@contoso.test',
    })
    assert.equal(bob.sAMAccountName, 'bob')
    assert.equal(bob.realm, lab.realm)
  })

  const marked = [
    { name: 'carol', flag: { sensitive: true } },
    { name: 'dave', flag: { protectedUser: true } },
    { name: 'erin', flag: { enabled: false } },
  ]
  for (const { name, flag } of marked) {
    it(`sees the mark on ${name}`, async () => {
      const account = await directory.findAccount({ by: 'sAMAccountName', value: name })
      const plain = { enabled: true, sensitive: false, protectedUser: false }
      const { enabled, sensitive, protectedUser } = account
      assert.deepEqual({ enabled, sensitive, protectedUser }, { ...plain, ...flag })
    })
  }

  it('reads all 600 groups of heidi', async () => {
    const heidi = await directory.findAccount({ by: 'sAMAccountName', value: 'heidi' })
    assert.ok(heidi.memberOf.filter((group) => group.startsWith('S-1-')).length > 600)
  })

  const nobody: readonly AccountKey[] = [
    { by: 'userPrincipalName', value: 'ghost@corp.example' },
    { by: 'userPrincipalName', value: 'bob@corp.example' },
    { by: 'sAMAccountName', value: '*' },
    { by: 'sAMAccountName', value: 'al*' },
    { by: 'sAMAccountName', value: 'alice)(objectClass=*' },
    { by: 'sAMAccountName', value: '*)(|(sAMAccountName=alice)' },
    { by: 'sAMAccountName', value: 'alice\\2a' },
    { by: 'sAMAccountName', value: '\u0000alice' },
    { by: 'sAMAccountName', value: 'álice' },
    { by: 'sAMAccountName', value: 'CONN1$' },
    { by: 'sid', value: 'S-1-5-21-1-2-3-1103' },
  ]
  for (const key of nobody) {
    it(`finds nobody by ${key.by} ${JSON.stringify(key.value)}`, async () => {
      await assert.rejects(directory.findAccount(key), { code: 'ERR_DIRECTORY_NOT_FOUND' })
    })
  }

  it('is not let in with the channel binding of another certificate: the server insists', async () => {
    const spoiled = await labDirectory(lab, {
      spoil: (binder) => ({
        ...binder,
        channelBinding: () => Buffer.from('tls-server-end-point:another'),
      }),
    })
    await assert.rejects(spoiled.check(), {
      code: 'ERR_DIRECTORY_REFUSED',
      message: /LDAP result 49 80090346/,
    })
    spoiled.close()
  })

  it('finds nothing under another base', async () => {
    const elsewhere = await labDirectory(lab, { baseDn: `CN=Computers,${lab.baseDn}` })
    await assert.rejects(elsewhere.findAccount({ by: 'sAMAccountName', value: 'alice' }), {
      code: 'ERR_DIRECTORY_NOT_FOUND',
    })
    elsewhere.close()
  })
})

const availability = labAvailability()
const own = availability.ok ? false : (availability.reason ?? 'no lab')

// A lab of its own: this suite stops the domain controller.
describe('a domain controller that goes away', { skip: own }, () => {
  let mine: Lab
  before(async () => {
    mine = await startLab({ services: ['dc'] })
  })
  after(async () => {
    await mine.stop()
  })

  it('is reported within the limit, and is used again when it is back', async () => {
    const operationTimeoutMs = 3000
    const directory = await labDirectory(mine.env, { operationTimeoutMs, connectTimeoutMs: 2000 })
    const key = { by: 'sAMAccountName', value: 'alice' } as const
    const before = await directory.findAccount(key)
    await mine.stopDc()
    const limit = AbortSignal.timeout(2 * operationTimeoutMs)
    await assert.rejects(directory.findAccount(key, limit), { code: 'ERR_DIRECTORY_UNREACHABLE' })
    await mine.startDc()
    assert.deepEqual(await found(directory, key), before)
    directory.close()
  })
})

/** For a moment after a failure look-ups fail at once. */
async function found(directory: LdapDirectory, key: AccountKey) {
  for (;;) {
    try {
      return await directory.findAccount(key)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'ERR_DIRECTORY_UNREACHABLE')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
