import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  nearestSpn,
  parseSpn,
  readSpnMappings,
  sameSpn,
  spnAlias,
} from '../../../src/directory/index.ts'

describe('service principal names', () => {
  it('are taken apart', () => {
    assert.deepEqual(parseSpn('MSSQLSvc/db.corp.example:1433/x@CORP.EXAMPLE'), {
      serviceClass: 'MSSQLSvc',
      host: 'db.corp.example',
      instance: 'db.corp.example:1433',
      serviceName: 'x',
    })
    for (const none of ['', 'HTTP', 'HTTP/', '/a', 'HTTP/a b', 'a/b/c/d']) {
      assert.equal(parseSpn(none), undefined, none)
    }
  })

  it('are the same whatever their letter case and realm', () => {
    assert.ok(sameSpn('http/IWA.corp.example', 'HTTP/iwa.corp.example@CORP.EXAMPLE'))
    assert.ok(!sameSpn('HTTP/iwa.corp.example', 'HTTP/iwa'))
  })

  // sPNMappings as Samba 4.22.6 provisions it, shortened.
  const aliases = readSpnMappings(['host=alerter,cifs,spooler, www,http,w3svc', 'ldap='])

  it('are stood for by HOST', () => {
    assert.equal(spnAlias('HTTP/web1.corp.example', aliases), 'host/web1.corp.example')
    assert.equal(spnAlias('WWW/web1:8080', aliases), 'host/web1:8080')
    assert.equal(spnAlias('MSSQLSvc/db', aliases), undefined)
    assert.equal(spnAlias('host/web1', aliases), undefined)
  })

  const near = [
    { wanted: 'HTTP/iwa.corp.example', list: ['HTTP/iwa'], nearest: 'HTTP/iwa' },
    {
      wanted: 'HTTP/iwa.corp.example',
      list: ['HTTP/epa.corp.example', 'HTTP/iwa.corp.example:8080'],
      nearest: 'HTTP/iwa.corp.example:8080',
    },
    {
      wanted: 'HTTP/iwa.corp.example',
      list: ['HOST/iwa.corp.example'],
      nearest: 'HOST/iwa.corp.example',
    },
    {
      wanted: 'HTTP/intranet.corp.example',
      list: ['HTTP/intranett.corp.example'],
      nearest: 'HTTP/intranett.corp.example',
    },
    { wanted: 'HTTP/iwa.corp.example', list: ['HTTP/sharepoint.corp.example'], nearest: undefined },
    { wanted: 'HTTP/iwa.corp.example', list: [], nearest: undefined },
  ]
  for (const { wanted, list, nearest } of near) {
    it(`finds ${nearest ?? 'nothing'} near ${wanted} among ${list.length}`, () => {
      assert.equal(nearestSpn(wanted, list), nearest)
    })
  }
})
