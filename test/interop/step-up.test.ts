/** An app that wants a second factor, with the real provider and a policy inside that wants it too. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { SECOND_FACTOR } from '../../docker/oidc/provider.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { pageCode, signIn } from '../support/people.ts'

const lab = sharedLab()

describe('step-up with the real provider', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const started: Stack[] = []
  after(() => Promise.all(started.map((stack) => stack.stop())))

  const start = async (gatewayAsks: boolean, acr = SECOND_FACTOR) => {
    const stack = await startStack(lab, {
      editGateway: ({ apps }) => {
        const app = (apps as Record<string, unknown>[]).find(({ id }) => id === 'intranet')
        if (gatewayAsks) Object.assign(app ?? {}, { acr: [SECOND_FACTOR], maxAgeMinutes: 60 })
      },
      editPolicy: ({ backends }) => {
        const { origin } = lab.backends.iwa
        const row = (backends as Record<string, unknown>[]).find(
          (each) => each['origin'] === origin,
        )
        Object.assign(row ?? {}, { acr: [acr], maxAgeMinutes: 60 })
      },
    })
    started.push(stack)
    return stack
  }

  describe('that is asked for it', () => {
    let stack: Stack
    before(async () => {
      stack = await start(true)
    })

    it('lets alice in, who is asked again although the provider knows her from another app', async () => {
      const other = { lab, stack }
      const { visitor, page: first } = await signIn(other, 'alice', { app: 'epa' })
      assert.equal(first.status, 200)
      const user = lab.users['alice']
      assert.ok(user)
      const url = stack.url('intranet', '/whoami')
      const form = await visitor.open(url)
      assert.match(form.body, /type="password"/)
      const page = await visitor.signIn(url, {
        name: user.userPrincipalName,
        password: user.password,
      })
      assert.equal(page.status, 200)
      await visitor.close()
    })
  })

  describe('that is not asked for it', () => {
    let stack: Stack
    before(async () => {
      stack = await start(false)
    })

    it('learns it from the policy inside, and asks alice once more', async () => {
      const { visitor, page: form } = await signIn({ lab, stack }, 'alice')
      assert.match(form.body, /type="password"/)
      const { userPrincipalName: name, password } = lab.users['alice']
      const page = await visitor.signIn(stack.url('intranet', '/whoami'), { name, password })
      assert.equal(page.status, 200)
      assert.match(page.body, /alice/i)
      await visitor.close()
    })
  })

  describe('that passes over it', () => {
    it('is a page in the end, and no circle', async () => {
      const stack = await start(false, 'urn:example:never')
      const { visitor, page: form } = await signIn({ lab, stack }, 'alice')
      assert.match(form.body, /type="password"/)
      const { userPrincipalName: name, password } = lab.users['alice']
      const page = await visitor.signIn(stack.url('intranet', '/whoami'), { name, password })
      assert.deepEqual([page.status, pageCode(page)], [403, 'ERR_GATEWAY_STEP_UP_REFUSED'])
      await visitor.close()
    })
  })
})
