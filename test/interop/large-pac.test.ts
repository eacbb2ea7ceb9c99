/** Users in 600 and 1,200 groups: what their tokens need of a real Apache, and what is said where it does not take them. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { createLabPipeline, type LabPipeline } from '../support/sso/lab-pipeline.ts'

const lab = sharedLab()

describe('large PACs', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let world: LabPipeline
  before(async () => {
    world = await createLabPipeline(lab)
  })
  after(() => world.close())
  const whoami = async (name: string, origin: string) =>
    world.get(`${origin}/whoami`, await world.proof(`${name}@corp.example`))

  it('get through an Apache whose LimitRequestFieldSize was raised', async () => {
    for (const name of ['heidi', 'ivan']) {
      const outcome = await whoami(name, lab.backends.iwa.origin)
      assert.deepEqual([outcome.code, outcome.status], [undefined, 200])
      assert.match(outcome.body.toString(), new RegExp(`${name}@CORP\\.EXAMPLE`))
    }
    const [sizes] = world.pipeline.counters.tokenSizes
    assert.ok(sizes && sizes.largest > 8190, JSON.stringify(sizes))
    const warned = world.logger.lines.filter(({ message }) => message.startsWith('large Auth'))
    assert.ok(warned.some(({ fields }) => fields['user'] === 'ivan'))
  })

  it('are refused by an Apache as it comes with a code and the setting; alice is not', async () => {
    const origin = `${lab.backends.iwa.origin}:8190`
    assert.equal((await whoami('alice', origin)).status, 200)
    const outcome = await whoami('ivan', origin)
    assert.deepEqual([outcome.code, outcome.body.length], ['ERR_SSO_TOKEN_TOO_LARGE', 0])
    const refused = world.logger.lines.findLast(({ message }) => message === 'request refused')
    assert.match(String(refused?.fields['mend']), /LimitRequestFieldSize \d+/)
  })
})
