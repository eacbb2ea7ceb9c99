/** Whom sign-ins name, against a real directory: every kind of key, both ports, both binds, several directories, and the whole way. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { remoteUser } from '../../docker/demo/proof.ts'
import { runCommand } from '../../docker/demo/process.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { connectorConfigSchema, type ConnectorConfig } from '../../src/connector/index.ts'
import { createNameResolver, openIdentity, openOwnDirectory } from '../../src/connector/io/index.ts'
import {
  encodeSid,
  FilterTemplate,
  type AccountDirectory,
  type AccountKey,
  type LookupReport,
} from '../../src/directory/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import { LDAP_CA, LdapServer } from '../support/ldap-server.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { MemoryLogger } from '../support/manual-clock.ts'
import { pageCode, signIn } from '../support/people.ts'

const lab = sharedLab()
const SKIP = { skip: lab ? false : NO_LAB }
const ISSUER_ROW = {
  sidClaim: 'onprem_sid',
  objectGUIDClaim: 'immutable_id',
  loginAttributes: [
    { name: 'employee', claim: 'employee_id', attribute: 'employeeID' },
    { name: 'sales', claim: 'employee_id', filter: '(&(department=Sales)(employeeID={claim}))' },
  ],
}

describe('accounts of a real domain, by every key', SKIP, () => {
  assert.ok(lab)
  const dc = lab.domainControllers[0]?.name ?? ''
  const closing: (() => void)[] = []
  const lookups: LookupReport[] = []
  after(() => {
    for (const close of closing) close()
  })

  function parse(sections: object): ConnectorConfig {
    assert.ok(lab)
    return connectorConfigSchema.parse({
      stateDirectory: 'unused',
      policy: 'unused',
      kerberos: {
        realm: lab.realm,
        principal: 'CONN1$',
        keytab: lab.connectors.CONN1.keytab,
        kdcs: [dc],
      },
      dns: { servers: [lab.dnsServer] },
      ...sections,
    })
  }

  /** The directories that connector.yaml would open. */
  async function open(sections: object): Promise<AccountDirectory> {
    const config = parse(sections)
    const resolver = createNameResolver(config.dns, systemClock)
    const resolve = (name: string): Promise<readonly string[]> =>
      name === 'dc1.other.example' ? Promise.resolve(['127.0.0.1']) : resolver(name)
    const onLookup = (report: LookupReport): void => void lookups.push(report)
    const opened = await openIdentity({ config, logger: new MemoryLogger(), onLookup }, resolve)
    assert.ok(opened)
    closing.push(opened.close)
    return opened.directory
  }
  const corp = { servers: [dc], domain: lab.domain, ca: lab.caFile }
  const byName = (value: string): AccountKey => ({ by: 'sAMAccountName', value })
  const employee = (value: string, source = '(employeeID={claim})'): AccountKey => ({
    by: 'filter',
    value,
    template: new FilterTemplate(source),
  })

  it('are found by SID, objectGUID and an attribute with a template', async () => {
    const directory = await open({ directory: corp })
    const alice = await directory.findAccount(byName('alice'))
    const keys: readonly AccountKey[] = [
      { by: 'sid', value: alice.sid },
      { by: 'objectGUID', value: alice.objectGUID ?? '' },
      employee('0042'),
      employee('0042', '(&(department=Sales)(|(employeeID={claim})(employeeNumber={claim})))'),
    ]
    for (const key of keys) assert.deepEqual(await directory.findAccount(key), alice, key.by)
  })

  it('are refused when two have one employeeID, and not found by a part of it', async () => {
    const directory = await open({ directory: corp })
    await assert.rejects(directory.findAccount(employee('0099')), {
      code: 'ERR_DIRECTORY_AMBIGUOUS',
      message: /CN=victor1.*CN=victor2|CN=victor2.*CN=victor1/,
    })
    for (const value of ['*', '00*', '42', '0042)(cn=*', '0099)(sAMAccountName=victor1']) {
      await assert.rejects(directory.findAccount(employee(value)), {
        code: 'ERR_DIRECTORY_NOT_FOUND',
      })
    }
  })

  it('are found in the global catalog (3269) and read in their domain', async () => {
    const forest = { globalCatalog: [dc], ca: lab.caFile, domains: [corp] }
    const directory = await open({ directory: forest })
    const plain = await open({ directory: corp })
    lookups.length = 0
    const bob = await directory.findAccount({
      by: 'userPrincipalName',
      value: 'robert@contoso.test',
    })
    assert.deepEqual(
      lookups.map(({ base, found }) => [base, found]),
      [
        ['', 1],
        [lab.baseDn, 1],
      ],
    )
    assert.deepEqual(bob, await plain.findAccount(byName('bob')))
    assert.equal((await directory.findAccount(employee('0043'))).sAMAccountName, 'bob')
  })

  it('are found with a simple bind, and not with a bad password', async () => {
    const passwordFile = join(lab.directory, `reader-${process.pid}.txt`)
    const bind = { bind: 'simple', bindDn: `CN=svc-oidc,CN=Users,${lab.baseDn}`, passwordFile }
    await writeFile(passwordFile, 'Lab-wrong-1\n', { mode: 0o600 })
    const directory = await open({ directory: { ...corp, ...bind } })
    await assert.rejects(directory.findAccount(byName('alice')), {
      code: 'ERR_DIRECTORY_REFUSED',
      mend: /bindDn or passwordFile/,
    })
    // Doctor and `sallyport delegation` bind as the connector does.
    const config = parse({ directory: { ...corp, ...bind } })
    const own = await openOwnDirectory({ config, logger: new MemoryLogger() })
    closing.push(own.close)
    await assert.rejects(own.search.check(), { code: 'ERR_DIRECTORY_REFUSED' })
    await writeFile(passwordFile, 'Lab-svc-oidc-1\n', { mode: 0o600 })
    const again = await open({ directory: { ...corp, ...bind } })
    assert.equal((await again.findAccount(byName('alice'))).realm, lab.realm)
  })

  // The second domain is an LDAPS server of this process: it plays other.example, with an alice of its own.
  it('of two domains are told apart by realm and suffix, else refused', async () => {
    const other = await LdapServer.start(['dc1.other.example'])
    other.answer = ({ base, scope }) => [
      scope === 0
        ? { dn: base, attributes: { tokenGroups: [encodeSid('S-1-5-21-7-7-7-513')] } }
        : {
            dn: 'CN=alice,DC=other,DC=example',
            attributes: {
              sAMAccountName: ['alice'],
              userAccountControl: ['512'],
              objectSid: [encodeSid('S-1-5-21-7-7-7-1104')],
            },
          },
    ]
    const ca = join(lab.directory, `other-${process.pid}.pem`)
    const passwordFile = join(lab.directory, `other-${process.pid}.txt`)
    await writeFile(ca, LDAP_CA.certificatePem)
    await writeFile(passwordFile, 'Other-1', { mode: 0o600 })
    const bind = { bind: 'simple', bindDn: 'CN=reader,DC=other,DC=example', passwordFile }
    const servers = [`dc1.other.example:${other.port}`]
    const second = { servers, domain: 'other.example', ca, ...bind }
    const directory = await open({ directories: [corp, second] })
    await assert.rejects(directory.findAccount(byName('alice')), {
      code: 'ERR_DIRECTORY_AMBIGUOUS',
    })
    const realms = ['OTHER.EXAMPLE']
    const there = await directory.findAccount({ ...byName('alice'), realms })
    assert.equal(there.realm, 'OTHER.EXAMPLE')
    const asked = other.queries.length
    const value = `alice@${lab.domain}`
    const here = await directory.findAccount({ by: 'userPrincipalName', value })
    assert.equal(here.realm, lab.realm)
    assert.equal(other.queries.length, asked)
    await other.stop()
  })
})

describe('a sign-in whose claim is no user principal name', SKIP, () => {
  assert.ok(lab)
  let stack: Stack
  before(async () => {
    stack = await startStack(lab, {
      editGateway: ({ apps }) => {
        const kinds: Readonly<Record<string, string>> = {
          intranet: 'employee',
          bound: 'sid',
          epa: 'objectGUID',
          other: 'undefined-kind',
        }
        for (const app of apps as Record<string, unknown>[]) {
          const kind = kinds[String(app['id'])]
          if (kind !== undefined) app['delegatedLoginIdentity'] = kind
        }
      },
      editPolicy: ({ issuers }) => {
        Object.assign((issuers as object[])[0] ?? {}, ISSUER_ROW)
      },
    })
  })
  after(() => stack.stop())

  const visits = [
    { name: 'alice', app: 'intranet', by: 'employeeID' },
    { name: 'bob', app: 'intranet', by: 'employeeID' },
    { name: 'alice', app: 'bound', by: 'SID' },
    { name: 'alice', app: 'epa', by: 'objectGUID' },
  ]
  for (const { name, app, by } of visits) {
    it(`reaches the backend as ${name} by ${by}`, async () => {
      const { visitor, page } = await signIn({ lab, stack }, name, { app })
      await visitor.close()
      assert.deepEqual([page.status, remoteUser(page)], [200, `${name}@${lab.realm}`])
    })
  }

  const refusals = [
    { name: 'victor1', app: 'intranet', code: 'ERR_SSO_ACCOUNT_AMBIGUOUS' },
    { name: 'heidi', app: 'intranet', code: 'ERR_SSO_LOGIN_REFUSED' },
    { name: 'alice', app: 'other', code: 'ERR_SSO_LOGIN_REFUSED' },
  ]
  for (const { name, app, code } of refusals) {
    it(`is refused for ${name} at ${app} with ${code}`, async () => {
      const { visitor, page } = await signIn({ lab, stack }, name, { app })
      await visitor.close()
      assert.deepEqual([page.status, pageCode(page)], [403, code])
    })
  }

  const resolve = (...args: readonly string[]) =>
    runCommand(['identity', 'resolve', ...args, '--config', stack.files.connector])

  it('is explained step by step: `identity resolve` with an app asks the gateway for its kind', async () => {
    const { status, stdout, stderr } = await resolve('0042', '--app', 'intranet')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /claim +employee_id = 0042/)
    assert.match(
      stdout,
      /filter +\(&\(objectCategory=person\)\(objectClass=user\)\(employeeID=0042\)\)/,
    )
    assert.match(stdout, /found +1/)
    assert.match(stdout, /policy +http:\/\/iwa\.corp\.example .*may be acted for/)
    assert.match(stdout, /S4U2Self +alice@CORP\.EXAMPLE/)
  })

  const refused = [
    { args: ['0099', '--app', 'intranet'], code: 'ERR_SSO_ACCOUNT_AMBIGUOUS' },
    { args: ['7', '-k', 'employee'], code: 'ERR_SSO_ACCOUNT_UNKNOWN' },
    { args: ['0043', '-k', 'sales'], code: 'ERR_SSO_ACCOUNT_UNKNOWN' },
    { args: ['x', '-k', 'userPrincipalUsername'], code: 'ERR_SSO_LOGIN_REFUSED' },
    { args: ['alice@evil.example', '-k', 'userPrincipalName'], code: 'ERR_SSO_LOGIN_REFUSED' },
    { args: ['frank@corp.example', '-k', 'userPrincipalName'], code: 'ERR_SSO_ACCOUNT_EXPIRED' },
    { args: ['erin@corp.example', '-k', 'userPrincipalName'], code: 'ERR_SSO_ACCOUNT_DISABLED' },
    { args: ['carol@corp.example', '-k', 'userPrincipalName'], code: 'ERR_SSO_NOT_DELEGATABLE' },
    {
      args: ['administrator@corp.example', '-k', 'userPrincipalName'],
      code: 'ERR_SSO_NEVER_IMPERSONATE',
    },
  ]
  for (const { args, code } of refused) {
    it(`is explained with ${code} for ${args.join(' ')}`, async () => {
      const { status, stdout, stderr } = await resolve(...args, '--json')
      assert.equal(status, 1, stderr)
      const report = JSON.parse(stdout) as { refusal: { code: string } }
      assert.equal(report.refusal.code, code)
    })
  }

  it('is not explained without a kind, nor for an app that there is not', async () => {
    assert.match((await resolve('alice')).stderr, /--app or --delegated-login-identity/)
    assert.match(
      (await resolve('alice', '--app', 'nothing')).stderr,
      /tells this connector's group of no app/,
    )
  })
})
