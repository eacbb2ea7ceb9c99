import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppList } from '../../../src/connector/apps.ts'
import { PLAIN_APP } from '../../support/fake-tunnel.ts'

describe('AppList', () => {
  it('is the newest list, and an unchanged app stays the same object', () => {
    const apps = new AppList()
    apps.replace({
      type: 'apps',
      revision: 7,
      apps: [{ ...PLAIN_APP }, { ...PLAIN_APP, id: 'wiki' }],
    })
    const first = apps.get('intranet')
    apps.replace({ type: 'apps', revision: 1, apps: [{ ...PLAIN_APP }] })
    assert.equal(apps.get('intranet'), first)
    assert.equal(apps.get('wiki'), undefined)
    apps.replace({ type: 'apps', revision: 2, apps: [{ ...PLAIN_APP, hostHeader: 'external' }] })
    assert.notEqual(apps.get('intranet'), first)
    assert.equal(apps.get('intranet')?.hostHeader, 'external')
    assert.equal(apps.size, 1)
  })

  it('finds what is published as one with an app, and nothing that leads elsewhere', () => {
    const apps = new AppList()
    const part = { ...PLAIN_APP, id: 'intranet:/admin', path: '/admin' }
    const elsewhere = { ...part, id: 'intranet:/x', internalUrl: 'http://other.corp.example/' }
    const other = { ...PLAIN_APP, id: 'wiki', externalUrl: 'https://wiki.example/' }
    apps.replace({ type: 'apps', revision: 1, apps: [PLAIN_APP, part, elsewhere, other] })
    const beside = (id: string) => apps.beside(apps.get(id) ?? other).map((each) => each.id)
    assert.deepEqual(beside('intranet'), ['intranet:/admin'])
    assert.deepEqual(beside('intranet:/admin'), ['intranet'])
    assert.deepEqual(beside('wiki'), [])
  })
})
