import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { OwnDirectory } from '../../src/connector/io/index.ts'
import {
  AccountReader,
  aesKeysSinceMs,
  AES_ONLY,
  forestHolders,
  readDomainControllers,
  readDomainRoot,
  readSites,
  readSpnAliases,
  readTrusts,
  type DomainRoot,
} from '../../src/directory/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { openLabAccount } from '../support/lab-delegation.ts'

const lab = sharedLab()

describe('what a real Samba domain says of itself', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let own: OwnDirectory
  let root: DomainRoot
  before(async () => {
    own = await openLabAccount(lab, 'CONN1')
    root = await readDomainRoot(own.search)
  })
  after(() => {
    own.close()
  })

  it('names its controllers, its site and its level', async () => {
    const site = 'Default-First-Site-Name'
    assert.equal(root.namingContext, lab.baseDn)
    assert.equal(root.server, 'dc1.corp.example')
    assert.ok(root.globalCatalog && (root.domainLevel ?? 0) >= 3 && root.site === site)
    const [controller, ...others] = await readDomainControllers(own.search, root)
    assert.deepEqual(others, [])
    assert.ok(controller?.operatingSystem?.startsWith('Samba-'))
    assert.deepEqual(
      { ...controller, operatingSystem: '' },
      {
        name: 'DC1',
        host: 'dc1.corp.example',
        site,
        readOnly: false,
        globalCatalog: true,
        operatingSystem: '',
      },
    )
    assert.deepEqual(await readSites(own.search, root), [site])
    assert.deepEqual(await readTrusts(own.search, root), [])
  })

  it('lets HOST stand for HTTP', async () => {
    const aliases = await readSpnAliases(own.search, root)
    assert.equal(aliases.get('http'), 'host')
    const accounts = new AccountReader(own.search)
    const { exact, byAlias } = await accounts.holders('HTTP/conn1.corp.example', aliases)
    assert.deepEqual(exact, [])
    assert.deepEqual(
      byAlias.map(({ sAMAccountName }) => sAMAccountName),
      ['CONN1$'],
    )
  })

  it('tells accounts as they are', async () => {
    const accounts = new AccountReader(own.search)
    const conn1 = await accounts.byName('conn1$')
    assert.equal(conn1?.encryption.value, AES_ONLY)
    assert.ok((conn1.kvno ?? 0) >= 1 && conn1.control.trustedToAuthForDelegation)
    assert.equal(conn1.kind, 'computer')
    assert.deepEqual(await accounts.at(conn1.distinguishedName), conn1)
    assert.ok(
      (conn1.passwordSetMs ?? 0) > ((await aesKeysSinceMs(own.search, conn1.sid)) ?? Infinity),
    )
    assert.ok((await accounts.byName('carol'))?.control.notDelegated)
    assert.ok((await accounts.byName('erin'))?.control.disabled)
    assert.equal((await accounts.byName('frank'))?.expiresMs, Date.UTC(2020, 0, 1))
    assert.ok((await accounts.byName('grace'))?.mustChangePassword)
    assert.equal(await accounts.byName('ghost'), undefined)
  })

  it('is looked through as a forest at the global catalog', async () => {
    const found = await forestHolders(own.catalog, 'http/IWA.corp.example')
    assert.deepEqual(found, [
      { distinguishedName: `CN=svc-iwa,CN=Users,${lab.baseDn}`, sAMAccountName: 'svc-iwa' },
    ])
  })
})
