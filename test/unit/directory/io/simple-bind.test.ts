import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { encodeSid } from '../../../../src/directory/index.ts'
import { LdapDirectory, SimpleBinder } from '../../../../src/directory/io/index.ts'
import { systemClock } from '../../../../src/platform/io/index.ts'
import { DOMAIN_SID } from '../../../support/directory-entries.ts'
import {
  LDAP_CA,
  LdapServer,
  type LdapObject,
  type LdapQuery,
} from '../../../support/ldap-server.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const KEY = { by: 'sAMAccountName', value: 'alice' } as const

/** A domain with alice, in Domain Users. */
function domain({ base, scope }: LdapQuery): readonly LdapObject[] {
  if (base === '') return [{ dn: '', attributes: { defaultNamingContext: ['DC=corp,DC=example'] } }]
  if (scope === 0)
    return [{ dn: base, attributes: { tokenGroups: [encodeSid(`${DOMAIN_SID}-513`)] } }]
  const attributes = {
    sAMAccountName: ['alice'],
    userAccountControl: ['512'],
    objectSid: [encodeSid(`${DOMAIN_SID}-1104`)],
  }
  return [{ dn: 'CN=alice,CN=Users,DC=corp,DC=example', attributes }]
}

const open: LdapDirectory[] = []
const servers: LdapServer[] = []

/** The same server twice: what is not to be repeated would be. */
function directory(dc: LdapServer, binder: SimpleBinder): LdapDirectory {
  const at = `dc1.corp.example:${dc.port}`
  const made = new LdapDirectory(
    { ca: LDAP_CA.certificatePem, retryAfterMs: 0, servers: [at, at] },
    {
      clock: systemClock,
      logger: new MemoryLogger(),
      lookup: () => Promise.resolve(['127.0.0.1']),
      binder,
    },
  )
  open.push(made)
  return made
}

afterEach(async () => {
  for (const each of open.splice(0)) each.close()
  await Promise.all(servers.splice(0).map((each) => each.stop()))
})

describe('a simple bind', () => {
  const name = 'CN=reader,DC=corp,DC=example'
  const setUp = async (wrongPasswordMs?: number) => {
    const dc = await LdapServer.start()
    dc.answer = domain
    servers.push(dc)
    const passwords = { now: 'Right-1' }
    const readPassword = () => Promise.resolve(passwords.now)
    const options = {
      name,
      readPassword,
      ...(wrongPasswordMs !== undefined && { wrongPasswordMs }),
    }
    const binder = new SimpleBinder(options, systemClock)
    return { dc, passwords, accounts: directory(dc, binder) }
  }

  it('sends name and password, inside TLS', async () => {
    const { dc, accounts } = await setUp()
    await accounts.findAccount(KEY)
    assert.deepEqual(dc.passwords, [[name, 'Right-1']])
    assert.equal(dc.tokens.length, 0)
  })

  it('sends a refused password once, to one server, and another at once', async () => {
    const { dc, passwords, accounts } = await setUp()
    dc.bindResult = 49
    dc.bindText = '80090308: LdapErr: DSID-0C09: data 52e'
    const refused = { code: 'ERR_DIRECTORY_REFUSED', message: /data 52e/, mend: /passwordFile/ }
    await assert.rejects(accounts.findAccount(KEY), refused)
    const again = { code: 'ERR_DIRECTORY_REFUSED', message: /not sent again/ }
    await assert.rejects(accounts.findAccount(KEY), again)
    assert.equal(dc.passwords.length, 1)
    dc.bindResult = 0
    passwords.now = 'Right-2'
    await accounts.findAccount(KEY)
    assert.deepEqual(dc.passwords.at(-1), [name, 'Right-2'])
  })

  it('sends a refused password again when its time is over', async () => {
    const { dc, accounts } = await setUp(0)
    dc.bindResult = 49
    await assert.rejects(accounts.findAccount(KEY), { code: 'ERR_DIRECTORY_REFUSED' })
    dc.bindResult = 0
    await accounts.findAccount(KEY)
    assert.equal(dc.passwords.length, 2)
  })

  it('never sends an empty one, which would be nobody’s', async () => {
    const { dc, passwords, accounts } = await setUp()
    passwords.now = ''
    await assert.rejects(accounts.findAccount(KEY), { message: /is empty/ })
    assert.equal(dc.passwords.length, 0)
  })

  it('keeps the password out of every message', async () => {
    const { dc, accounts } = await setUp()
    dc.bindResult = 8
    await assert.rejects(accounts.findAccount(KEY), (error: Error) => {
      return !JSON.stringify([error.message, String(error.cause)]).includes('Right-1')
    })
  })
})
