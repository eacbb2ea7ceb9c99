import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { runCommand } from '../../docker/demo/process.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const lab = sharedLab()

interface Said {
  readonly allowed: boolean
  readonly steps: readonly {
    readonly step: string
    readonly code?: string
    readonly mend?: string
  }[]
}

describe('sallyport policy test', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let stack: Stack
  before(async () => {
    stack = await startStack(lab, {
      editPolicy(policy) {
        policy['neverImpersonate'] = { users: ['victor1'], groups: ['contractors'] }
      },
    })
  })
  after(() => stack.stop())

  const ask = async (...words: readonly string[]) => {
    const { status, stdout, stderr } = await runCommand([
      ...['policy', 'test', ...words, '--config', stack.files.connector, '--json'],
    ])
    const said = stdout === '' ? undefined : (JSON.parse(stdout) as Said)
    const codes = said?.steps.flatMap(({ step, code }) =>
      code === undefined ? [] : [`${step} ${code}`],
    )
    return { status, codes, stderr, said }
  }

  const cases: readonly (readonly [string, readonly string[], number, readonly string[]])[] = [
    ['alice at the intranet', ['alice@corp.example', 'intranet'], 0, []],
    ['alice at a passthrough app', ['alice@corp.example', 'plain'], 0, []],
    [
      'carol, who is sensitive',
      ['carol@corp.example', 'intranet'],
      1,
      ['account ERR_SSO_NOT_DELEGATABLE'],
    ],
    [
      'victor1, whom the policy names',
      ['victor1@corp.example', 'intranet'],
      1,
      ['account ERR_SSO_NEVER_IMPERSONATE'],
    ],
    [
      'bob, who is in a group that it names',
      ['robert@contoso.test', 'epa'],
      1,
      ['account ERR_SSO_NEVER_IMPERSONATE'],
    ],
    ['nobody', ['nobody@corp.example', 'intranet'], 1, ['account ERR_SSO_ACCOUNT_UNKNOWN']],
  ]
  for (const [what, [user = '', app = ''], status, codes] of cases) {
    it(`judges ${what}`, async () => {
      const answer = await ask(user, stack.url(app, '/reports?x=1'))
      assert.deepEqual([answer.status, answer.codes], [status, codes])
      assert.equal(answer.said?.allowed, status === 0)
    })
  }

  it('judges an internal address without the gateway', async () => {
    const good = await ask('alice@corp.example', `${lab.backends.iwa.origin}/`, '--offline')
    assert.deepEqual([good.status, good.codes], [0, []])
    const bad = await ask('alice@corp.example', 'http://unknown.corp.example/', '--offline')
    assert.deepEqual([bad.status, bad.codes], [1, ['row ERR_SSO_POLICY_DENIED']])
  })

  it('says which apps there are when the address is none of theirs', async () => {
    const answer = await ask('alice@corp.example', 'https://elsewhere.example/')
    assert.equal(answer.status, 2)
    assert.match(answer.stderr, /ERR_CLI_USAGE[\s\S]*intranet at https:\/\/intranet.localhost/)
  })

  it('reads well', async () => {
    const url = stack.url('intranet')
    const { stdout } = await runCommand([
      'policy',
      'test',
      'carol@corp.example',
      url,
      '--config',
      stack.files.connector,
    ])
    assert.match(stdout, /✓ row .*iwa.corp.example/)
    assert.match(stdout, /✗ account .*ERR_SSO_NOT_DELEGATABLE.*\n.*mend: /)
    assert.match(stdout, /refused\n$/)
  })
})
