import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { World } from '../../support/gateway/world.ts'

describe('a request through the gateway', () => {
  const world = new World()
  let cookie = ''
  before(async () => {
    await world.start()
    await world.connect()
    cookie = await world.signIn()
  })
  after(() => world.stop())

  it('reaches the connector and comes back', async () => {
    const answer = await world.ask({ cookie, path: '/a?b=c' })
    assert.equal(answer.status, 200)
    assert.equal(answer.body, 'hello')
    const { head } = world.connector.last
    assert.equal(head.app, 'app')
    assert.equal(head.target, '/a?b=c')
    assert.deepEqual(world.connector.proofs, [head.proof])
  })
})
