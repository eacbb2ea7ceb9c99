import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { newVisitor, pageCode, signIn } from '../support/people.ts'

const lab = sharedLab()

describe('a connector without a Kerberos identity', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let stack: Stack
  before(async () => {
    stack = await startStack(lab, { account: null })
  })
  after(() => stack.stop())

  it('says so in its log', async () => {
    await stack.connector.waitFor((line) => /no kerberos section/.test(line.msg))
  })

  it('serves apps that need none', async () => {
    const visitor = await newVisitor({ lab, stack })
    assert.equal((await visitor.visit(stack.url('plain', '/whoami'))).status, 200)
    await visitor.close()
  })

  it('answers a Kerberos app with an error of its own', async () => {
    const { visitor, page } = await signIn({ lab, stack }, 'alice')
    assert.deepEqual([page.status, pageCode(page)], [503, 'ERR_SSO_KERBEROS_ABSENT'])
    await visitor.close()
  })
})
