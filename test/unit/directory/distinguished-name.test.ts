import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { domainName, domainOf } from '../../../src/directory/distinguished-name.ts'

describe('the domain of a distinguished name', () => {
  it('is made of the DC parts at its end', () => {
    assert.equal(domainOf('CN=Smith\\, Ann,OU=Staff,DC=Corp,DC=example'), 'corp.example')
    assert.equal(domainOf('DC=corp,DC=example'), 'corp.example')
  })

  it('is not what an object calls itself', () => {
    assert.equal(domainOf('CN=x\\,DC=evil\\,DC=test,DC=corp,DC=example'), 'corp.example')
    assert.equal(domainOf('DC=evil,OU=x,DC=corp,DC=example'), 'corp.example')
  })

  it('is refused where there is none', () => {
    for (const text of ['', 'CN=alice', 'DC=corp,O=example', 'CN=x\\,DC=corp']) {
      assert.throws(() => domainOf(text), { code: 'ERR_DIRECTORY_REPLY' }, text)
    }
  })

  it('is written back', () => {
    assert.equal(domainName('corp.example'), 'DC=corp,DC=example')
  })
})
