import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Apps } from '../../../src/gateway/index.ts'
import { testConfig } from '../../support/gateway/world.ts'

const COUNT = 100
const paths = Array.from({ length: COUNT }, (_, at) => ({ path: `/part/${at}` }))
const { apps } = testConfig({
  apps: [{ id: 'app', externalUrl: 'https://app.example/', internalUrl: 'http://app/', paths }],
})

describe('Apps', () => {
  // Anybody may send a long target; once for each part it took the gateway 0.1 s of everybody's time.
  it('take a target apart once, however many parts an app has', (test) => {
    const { mock } = test.mock.method(String.prototype, 'split')
    const all = new Apps(apps)
    mock.resetCalls()
    const target = `/${'%41'.repeat(5000)}`
    assert.equal(all.find('app.example', target)?.app.id, 'app')
    assert.equal(all.find('app.example', '/%70art/99/x')?.app.id, 'app:/part/99')
    assert.ok(mock.callCount() <= 2, `${mock.callCount()} times`)
  })
})
