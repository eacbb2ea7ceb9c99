import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { labDoctor, troublesOf } from '../support/lab-doctor.ts'

const lab = sharedLab()

describe('doctor looks at a real domain and its users', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)

  it('finds nothing wrong with alice, whose request comes through', async () => {
    const findings = await labDoctor(lab, {
      user: 'alice@corp.example',
      backends: ['iwa', 'bound', 'epa'],
      policy: {},
    })
    const codes = findings.map(({ code }) => code)
    for (const code of [
      'PORT_OPEN',
      'BIND_GOOD',
      'KEYTAB_GOOD',
      'DELEGATION_GRANTED',
      'KRBTGT_GOOD',
      'TRUSTS',
      'USER_GOOD',
      'S4U2SELF_GOOD',
      'TICKET_GOOD',
      'BACKEND_ANSWERS',
    ]) {
      assert.ok(
        codes.some((each) => each === `DOCTOR_${code}`),
        code,
      )
    }
    const answers = findings.filter(({ code }) => code === 'DOCTOR_BACKEND_ANSWERS')
    assert.match(answers[0]?.message ?? '', /answers 200 to alice@corp\.example, it proved itself/)
  })

  const people = [
    { user: 'carol', troubles: ['USER_SENSITIVE'] },
    { user: 'dave', troubles: ['USER_PROTECTED'] },
    { user: 'erin', troubles: ['USER_DISABLED'] },
    { user: 'frank', troubles: ['USER_EXPIRED'] },
    { user: 'grace', troubles: ['USER_MUST_CHANGE', 'TICKET_REFUSED'] },
    { user: 'ghost', troubles: ['USER_UNKNOWN'] },
    { user: 'Administrator', troubles: ['USER_NEVER_IMPERSONATED'] },
  ]
  const superfluous = ['DELEGATION_SUPERFLUOUS', 'DELEGATION_SUPERFLUOUS']
  for (const { user, troubles } of people) {
    it(`finds ${troubles.join(' and ')} with ${user}`, async () => {
      const findings = await labDoctor(lab, { user })
      assert.deepEqual(troublesOf(findings), [...superfluous, ...troubles])
      for (const { code, mends } of findings) {
        if (/USER_(DISABLED|EXPIRED|SENSITIVE|PROTECTED|MUST_CHANGE)/.test(code)) {
          assert.ok(mends[0]?.sambaTool && mends[0].powershell, code)
        }
      }
    })
  }

  it('measures whether the backend has room for the token of a user in 600 groups', async () => {
    const roomy = await labDoctor(lab, { user: 'heidi' })
    assert.deepEqual(troublesOf(roomy), superfluous)
    const tight = await labDoctor(lab, { user: 'heidi', port: 8190 })
    assert.deepEqual(troublesOf(tight), [...superfluous, 'TOKEN_LARGE'])
    const finding = tight.find(({ code }) => code === 'DOCTOR_TOKEN_LARGE')
    const [, octets = ''] = /Authorization field has (\d+)$/.exec(finding?.message ?? '') ?? []
    assert.ok(Number(octets) > 8190, finding?.message)
    const setting = /^LimitRequestFieldSize (\d+)$/.exec(finding?.mends[0]?.setting ?? '')?.[1]
    assert.ok(Number(setting) > Number(octets), setting)
    assert.deepEqual(troublesOf(await labDoctor(lab, { user: 'alice', port: 8190 })), superfluous)
  })

  it('honours neverImpersonate: no ticket is asked for', async () => {
    const policy = { neverImpersonate: { users: ['alice'] } }
    const findings = await labDoctor(lab, { user: 'alice', policy })
    assert.deepEqual(troublesOf(findings), [...superfluous, 'USER_NEVER_IMPERSONATED'])
    assert.ok(
      !findings.some(
        ({ code }) =>
          /S4U2SELF|TICKET_GOOD|BACKEND/.test(code) && code !== 'DOCTOR_OWN_TICKET_GOOD',
      ),
    )
  })

  it('finds what CONN2 and CONN4 lack', async () => {
    const conn2 = await labDoctor(lab, { connector: 'CONN2', user: 'alice' })
    assert.deepEqual(troublesOf(conn2), [
      'PROTOCOL_TRANSITION_MISSING',
      ...superfluous,
      'S4U2SELF_NOT_FORWARDABLE',
    ])
    const conn4 = await labDoctor(lab, { connector: 'CONN4', backends: ['iwa'] })
    assert.deepEqual(troublesOf(conn4), [
      'PROTOCOL_TRANSITION_MISSING',
      'DELEGATION_MISSING',
      'DELEGATION_SUPERFLUOUS',
    ])
  })
})
