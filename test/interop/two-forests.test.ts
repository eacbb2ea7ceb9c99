/**
 * One connector with the real directories of two forests, each with a bind of its own: who a sign-in names where both have the name, what is
 * still found while one is down, and what the administrator is told.
 */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { runCommand } from '../../docker/demo/process.ts'
import { startForestsLab, type ForestsLab } from '../../docker/lab/forests.ts'
import { furtherControllersMissing } from '../../docker/lab/further.ts'
import { connectorConfigSchema } from '../../src/connector/index.ts'
import { createNameResolver, openIdentity } from '../../src/connector/io/index.ts'
import {
  FilterTemplate,
  type AccountDirectory,
  type AccountKey,
  type DirectoryAccount,
  type LookupReport,
} from '../../src/directory/index.ts'
import { errorCode } from '../../src/platform/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import type { DoctorCode } from '../../src/doctor/codes/index.ts'
import type { Finding } from '../../src/doctor/index.ts'
import type { IdentityReport } from '../../src/sso/index.ts'
import { describeForestUsers } from '../support/forest-users.ts'
import { runOnController } from '../support/lab-delegation.ts'
import { labDoctor, troublesOf } from '../support/lab-doctor.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { MemoryLogger } from '../support/manual-clock.ts'

const CORP = 'CORP.EXAMPLE'
const BRANCH = 'BRANCH.EXAMPLE'
/** Both alices have it: one company, one mail domain. */
const MAIL = 'alice@corp.example'
const ISSUER = { issuer: 'https://login.example', audience: 'sallyport', loginClaim: 'upn' }
const SUFFIXES = ['corp.example', 'branch.example', 'contoso.test', 'fabrikam.test']
/** Patience for a machine under load. */
const TIMES = { connectTimeoutMs: 30_000, operationTimeoutMs: 60_000 }
const skip = sharedLab() ? furtherControllersMissing() : NO_LAB

const byName = (value: string, ...realms: readonly string[]): AccountKey => ({
  by: 'sAMAccountName',
  value,
  realms,
})
const byUpn = (value: string): AccountKey => ({ by: 'userPrincipalName', value })
const byMail = (value: string): AccountKey => ({
  by: 'filter',
  value,
  template: new FilterTemplate('(mail={claim})'),
})

describe('a connector with the directories of two real forests', { skip }, () => {
  let lab: ForestsLab
  let domains: { readonly corp: object; readonly branch: object }
  let directory: AccountDirectory
  const lookups: LookupReport[] = []
  const closing: (() => void)[] = []

  before(async () => {
    lab = await startForestsLab({ services: ['apache', 'oidc'] })
    const { env, branch } = lab
    const passwordFile = join(env.directory, 'reader.txt')
    await writeFile(passwordFile, 'Lab-svc-reader-1\n', { mode: 0o600 })
    domains = {
      corp: { servers: [env.domainControllers[0]?.name], domain: env.domain, ca: env.caFile },
      branch: {
        ...{ servers: [branch.dc], domain: branch.domain, ca: branch.caFile },
        ...{ bind: 'simple', bindDn: `CN=svc-reader,CN=Users,${branch.baseDn}`, passwordFile },
      },
    }
    directory = await open(plain())
  })
  after(async () => {
    for (const close of closing) close()
    await lab.stop()
  })

  const plain = (): readonly object[] => [
    { ...domains.corp, ...TIMES, upnSuffixes: ['contoso.test'] },
    { ...domains.branch, ...TIMES, upnSuffixes: [lab.branch.upnSuffix] },
  ]
  const configuration = (directories: readonly object[]) => ({
    stateDirectory: 'unused',
    policy: 'policy.yaml',
    kerberos: {
      realm: CORP,
      principal: 'CONN1$',
      keytab: lab.env.connectors.CONN1.keytab,
      kdcs: [lab.env.domainControllers[0]?.address],
    },
    // The second forest’s DNS knows both; the first one’s its own, while that is down.
    dns: { servers: [lab.branch.address, lab.env.dnsServer] },
    directories,
  })

  async function open(directories: readonly object[]): Promise<AccountDirectory> {
    const config = connectorConfigSchema.parse(configuration(directories))
    const resolve = createNameResolver(config.dns, systemClock)
    const onLookup = (report: LookupReport): void => void lookups.push(report)
    const opened = await openIdentity({ config, logger: new MemoryLogger(), onLookup }, resolve)
    assert.ok(opened)
    closing.push(opened.close)
    return opened.directory
  }

  it('tells accounts of one name apart by realm, and refuses the name alone', async () => {
    await assert.rejects(directory.findAccount(byName('alice')), {
      code: 'ERR_DIRECTORY_AMBIGUOUS',
      message: /DC=corp.*DC=branch|DC=branch.*DC=corp/,
    })
    const corp = await directory.findAccount(byName('alice', CORP))
    const branch = await directory.findAccount(byName('alice', BRANCH))
    assert.deepEqual([corp.realm, branch.realm], [CORP, BRANCH])
    assert.notEqual(corp.sid, branch.sid)
    assert.equal((await directory.findAccount(byName('olga'))).realm, BRANCH)
  })

  const suffixes = [
    { upn: 'alice@corp.example', name: 'alice', realm: CORP },
    { upn: 'alice@branch.example', name: 'alice', realm: BRANCH },
    { upn: 'robert@contoso.test', name: 'bob', realm: CORP },
    { upn: 'robert@fabrikam.test', name: 'bob', realm: BRANCH },
  ]
  for (const { upn, name, realm } of suffixes) {
    it(`takes ${upn} for ${name} of ${realm}, and asks nowhere else`, async () => {
      lookups.length = 0
      const account = await directory.findAccount(byUpn(upn))
      assert.deepEqual([account.sAMAccountName, account.realm], [name, realm])
      assert.ok(lookups.length > 0)
      const baseDn = `DC=${realm.toLowerCase().replace('.', ',DC=')}`
      assert.deepEqual([...new Set(lookups.map(({ base }) => base))], [baseDn])
    })
  }

  it('refuses a mail address that both have', async () => {
    await assert.rejects(directory.findAccount(byMail(MAIL)), { code: 'ERR_DIRECTORY_AMBIGUOUS' })
    assert.equal((await directory.findAccount(byMail('olga@corp.example'))).realm, BRANCH)
  })

  it('finds accounts of the second forest by SID and objectGUID', async () => {
    const alice = await directory.findAccount(byName('alice', BRANCH))
    const keys: readonly AccountKey[] = [
      { by: 'sid', value: alice.sid },
      { by: 'objectGUID', value: alice.objectGUID ?? '' },
    ]
    for (const key of keys) assert.deepEqual(await directory.findAccount(key), alice, key.by)
  })

  it('asks the global catalogs of both (3269), then the account’s own domain', async () => {
    const { corp, branch } = domains as Record<string, { servers: unknown }>
    const forests = [corp, branch].map((domain) => ({
      ...{ ...domain, servers: undefined, domain: undefined, ...TIMES },
      globalCatalog: domain?.servers,
      domains: [{ ...domain, ...TIMES }],
    }))
    // Undefined fields are not in a YAML file.
    const catalogs = await open(JSON.parse(JSON.stringify(forests)) as object[])
    lookups.length = 0
    assert.equal((await catalogs.findAccount(byUpn('robert@fabrikam.test'))).realm, BRANCH)
    // Both catalogs are asked at once, and either may answer first.
    const asked = lookups.map(({ base, found }) => `${base} ${found}`).sort()
    assert.deepEqual(asked, [' 0', ' 1', `${lab.branch.baseDn} 1`])
    await assert.rejects(catalogs.findAccount(byName('alice')), { code: 'ERR_DIRECTORY_AMBIGUOUS' })
  })

  it('tells the administrator that the second forest’s users cannot be acted for', async () => {
    const findings = await labDoctor(lab.env, {
      directories: plain(),
      dnsServer: lab.branch.address,
    })
    const trust = findings.find(({ code }) => code === 'DOCTOR_TRUSTS')
    assert.match(trust?.message ?? '', /^branch\.example \(uplevel, both, forest/)
    assert.ok(troublesOf(findings).includes('TRUST_NOT_DELEGABLE'))
    const good = findings.filter(({ code }) => code === 'DOCTOR_OTHER_DIRECTORY_GOOD')
    assert.deepEqual(
      good.map(({ subject }) => subject),
      ['branch.example'],
    )
  })

  describe('sallyport doctor --user', () => {
    const ask = (user: string, policy: object = {}) => {
      const issuers = [
        {
          ...ISSUER,
          realms: [CORP, BRANCH],
          upnSuffixes: SUFFIXES,
          jwksUrl: 'https://login.example/keys',
        },
      ]
      const dnsServer = lab.branch.address
      return labDoctor(lab.env, {
        user,
        directories: plain(),
        dnsServer,
        policy: { issuers, ...policy },
      })
    }
    const own = (...realms: readonly string[]) => ({
      frontEndKerberos: { services: ['HTTP/in.corp.example'], realms },
    })
    const told = (findings: readonly Finding[], code: DoctorCode) =>
      findings.find((finding) => finding.code === code)?.message ?? ''

    it('takes neither alice for the other, and says how one of them is written', async () => {
      const findings = await ask('alice')
      const finding = findings.find(({ code }) => code === 'DOCTOR_USER_AMBIGUOUS')
      assert.match(finding?.message ?? '', /DC=corp.*DC=branch|DC=branch.*DC=corp/)
      assert.ok(finding?.mends.some(({ text }) => text.includes('domain.example\\name')))
      assert.ok(!findings.some(({ code }) => code === 'DOCTOR_S4U2SELF_GOOD'))
      const { sid } = await directory.findAccount(byName('alice', BRANCH))
      for (const login of ['alice@branch.example', 'branch.example\\alice', sid]) {
        const found = told(await ask(login), 'DOCTOR_USER_FOUND')
        assert.match(found, /alice@BRANCH\.EXAMPLE, CN=alice,CN=Users,DC=branch,DC=example/, login)
        assert.ok(found.endsWith(`(${sid})`))
      }
      const corp = await ask('corp.example\\alice')
      assert.match(told(corp, 'DOCTOR_USER_FOUND'), /alice@CORP\.EXAMPLE/)
      assert.ok(told(corp, 'DOCTOR_S4U2SELF_GOOD') && told(corp, 'DOCTOR_TICKET_GOOD'))
    })

    it('says that the other forest’s users have no way in, and prints the lines that make one', async () => {
      for (const [user, name] of [
        ['alice@branch.example', 'alice'],
        ['robert@fabrikam.test', 'bob'],
      ] as const) {
        const findings = await ask(user, own(CORP))
        const finding = findings.find(({ code }) => code === 'DOCTOR_USER_FOREIGN')
        assert.match(finding?.message ?? '', new RegExp(`${name}@BRANCH.*ERR_KRB_FOREIGN_USER`))
        const { frontEndKerberos } = parse(finding?.mends[0]?.setting ?? '') as {
          frontEndKerberos: object
        }
        assert.deepEqual(frontEndKerberos, own(CORP, BRANCH).frontEndKerberos)
        const mended = await ask(user, { frontEndKerberos })
        assert.match(told(mended, 'DOCTOR_USER_OWN_TICKET'), /at HTTP\/in\.corp\.example/)
        assert.ok(
          !mended.some(({ code, outcome }) => outcome === 'fail' && code.startsWith('DOCTOR_USER')),
        )
      }
    })

    it('reads the state of the one who is meant, and its command changes nobody else', async () => {
      await lab.branch.samba('user', 'disable', 'alice')
      assert.ok(troublesOf(await ask('alice@branch.example')).includes('USER_DISABLED'))
      assert.ok(!troublesOf(await ask('alice@corp.example')).includes('USER_DISABLED'))
      await lab.samba(['user', 'disable', 'alice'])
      const finding = (await ask('alice@branch.example')).find(
        ({ code }) => code === 'DOCTOR_USER_DISABLED',
      )
      const command = finding?.mends[0]?.sambaTool ?? ''
      await assert.rejects(runOnController(lab.env, command))
      assert.ok(troublesOf(await ask('alice@corp.example')).includes('USER_DISABLED'))
      await runOnController(lab.env, command, 'branch')
      assert.ok(!troublesOf(await ask('alice@branch.example')).includes('USER_DISABLED'))
      assert.ok(troublesOf(await ask('alice@corp.example')).includes('USER_DISABLED'))
      await lab.samba(['user', 'enable', 'alice'])
    })
  })

  describeForestUsers(
    () => lab,
    () => plain(),
  )

  describe('sallyport identity resolve', () => {
    let connector: string
    before(async () => {
      connector = join(lab.env.directory, 'connector.yaml')
      await writeFile(connector, stringify(configuration(plain())))
      await writeFile(join(lab.env.directory, 'keys.json'), '{"keys":[]}')
      const issuer = {
        ...ISSUER,
        keysFile: 'keys.json',
        realms: [CORP, BRANCH],
        upnSuffixes: SUFFIXES,
        sidClaim: 'sid',
        objectGUIDClaim: 'guid',
        loginAttributes: [{ name: 'mail', claim: 'mail', attribute: 'mail' }],
      }
      const backend = {
        origin: 'http://iwa.corp.example',
        servicePrincipalName: 'HTTP/iwa.corp.example',
        addresses: ['127.88.0.0/16'],
      }
      const policy = { issuers: [issuer], backends: [backend] }
      await writeFile(join(lab.env.directory, 'policy.yaml'), stringify(policy))
    })

    async function resolve(value: string, kind: string): Promise<IdentityReport> {
      const args = ['identity', 'resolve', value, '-k', kind, '--config', connector, '--json']
      const ended = await runCommand(args)
      assert.notEqual(ended.stdout, '', ended.stderr)
      return JSON.parse(ended.stdout) as IdentityReport
    }

    it('shows the account of either forest, and its Kerberos name', async () => {
      const bob = await resolve('robert@fabrikam.test', 'userPrincipalName')
      assert.deepEqual([bob.kerberosName, bob.refusal], [`bob@${BRANCH}`, undefined])
      const { sid = '', objectGUID = '' } = bob.account ?? {}
      const others = await Promise.all([
        resolve(sid, 'sid'),
        resolve(objectGUID, 'objectGUID'),
        resolve('robert@contoso.test', 'userPrincipalName'),
      ])
      assert.deepEqual(
        others.map(({ kerberosName }) => kerberosName),
        [`bob@${BRANCH}`, `bob@${BRANCH}`, `bob@${CORP}`],
      )
    })

    it('shows why a mail address that both have is refused', async () => {
      const report = await resolve(MAIL, 'mail')
      assert.equal(report.refusal?.code, 'ERR_SSO_ACCOUNT_AMBIGUOUS')
      assert.deepEqual(
        report.lookups.map(({ found }) => found),
        [1, 1],
      )
    })
  })

  it('goes on finding the first forest’s users while the second is down, and the second’s again afterwards', async () => {
    await lab.branch.stop()
    assert.equal((await directory.findAccount(byUpn('alice@corp.example'))).realm, CORP)
    assert.equal((await directory.findAccount(byName('alice', CORP))).realm, CORP)
    const unreachable = {
      code: 'ERR_DIRECTORY_UNREACHABLE',
      message: /no directory server of branch\.example: .*bdc1\.branch\.example/,
    }
    await assert.rejects(directory.findAccount(byUpn('alice@branch.example')), unreachable)
    // There may be a second carol.
    await assert.rejects(directory.findAccount(byName('carol')), unreachable)
    const findings = await labDoctor(lab.env, { directories: plain() })
    const down = findings.find(({ code }) => code === 'DOCTOR_OTHER_DIRECTORY_FAILED')
    assert.match(
      down?.message ?? '',
      /^branch\.example: ERR_DIRECTORY_UNREACHABLE: no directory server of/,
    )
    await lab.branch.start()
    // A failure is everyone's for retryAfterMs; the controller may be there again sooner.
    const patientUntilMs = Date.now() + 60_000
    const found = async (): Promise<DirectoryAccount> => {
      try {
        return await directory.findAccount(byUpn('alice@branch.example'))
      } catch (error) {
        if (errorCode(error) !== unreachable.code || Date.now() > patientUntilMs) throw error
        await setTimeout(250)
        return found()
      }
    }
    assert.equal((await found()).realm, BRANCH)
  })
})
