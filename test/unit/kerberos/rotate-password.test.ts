import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KerberosError, passwordAge } from '../../../src/kerberos/index.ts'
import { KrbErrorCode as Krb } from '../../../src/kerberos/iana/index.ts'
import { REALM } from '../../support/kerberos-world.ts'
import { CONN1, HOST, startRotation } from '../../support/rotation-world.ts'

describe('rotatePassword', () => {
  it('changes the password, and the keytab holds the new keys beside the old', async () => {
    const { server, store, rotate, login, kdc, logger } = startRotation()
    const [old] = store.keytab
    assert.deepEqual(await rotate(), { kvno: 3, resumed: false })
    assert.equal(store.pending, undefined)
    assert.match(server.passwords[0] ?? '', /^[\w-]{120}$/)
    assert.deepEqual(
      store.keytab.map(({ kvno }) => kvno),
      [3, 2],
    )
    assert.deepEqual(store.keytab[0]?.key, kdc.keytab('CONN1$')[0]?.key)
    assert.deepEqual(store.keytab[1], old)
    await login()
    assert.deepEqual(await rotate(), { kvno: 4, resumed: false })
    assert.deepEqual(
      store.keytab.map(({ kvno }) => kvno),
      [4, 3],
    )
    const said = JSON.stringify(logger.lines)
    assert.ok(server.passwords.every((password) => !said.includes(password)))
  })

  it('gives the new keys to other names of the account, and leaves other accounts alone', async () => {
    const { store, rotate, kdc } = startRotation()
    const [own] = store.keytab
    const [other] = kdc.keytab('CONN2$')
    assert.ok(own && other)
    store.keytab = [own, { ...own, principal: HOST }, other, { ...own, realm: 'ELSEWHERE' }]
    await rotate()
    assert.deepEqual(
      store.keytab.map(({ principal, realm, kvno }) => [principal.nameString[0], realm, kvno]),
      [
        ['CONN1$', REALM, 3],
        ['host', REALM, 3],
        ['CONN1$', REALM, 2],
        ['host', REALM, 2],
        ['CONN2$', REALM, 2],
        ['CONN1$', 'ELSEWHERE', 2],
      ],
    )
  })

  it('renumbers older keys whose numbers were ahead of the KDC’s', async () => {
    const { store, rotate, login } = startRotation()
    store.keytab = store.keytab.map((entry) => ({ ...entry, kvno: 7 }))
    await rotate()
    assert.deepEqual(
      store.keytab.map(({ kvno }) => kvno),
      [3, 2],
    )
    await login()
  })

  it('takes the refusal of the server for what it is, and nothing has changed', async () => {
    const { server, store, rotate, login } = startRotation()
    server.tricks = { refuse: { code: 4, text: 'too young' } }
    await assert.rejects(rotate(), {
      code: 'ERR_KRB_PASSWORD_REFUSED',
      message: /password of CONN1\$@CORP\.EXAMPLE: SOFTERROR: too young$/,
      mend: /least age/,
    })
    server.tricks = { refuse: { code: 5, text: 'no\nright' } }
    await assert.rejects(rotate(), { message: /ACCESSDENIED: no right$/, mend: /SELF/ })
    server.tricks = { refuse: { code: 99, text: '' } }
    await assert.rejects(rotate(), { message: /result 99/ })
    assert.equal(store.pending, undefined)
    await login()
  })

  it('keeps the pending password at a refusal where another server may have made the change', async () => {
    const { server, others, store, rotate, login, kdc } = startRotation()
    others.asked = true
    server.tricks = { refuse: { code: 4, text: 'in the history' } }
    await assert.rejects(rotate(), { code: 'ERR_KRB_PASSWORD_REFUSED', message: /history/ })
    // The other one has, and only now do the KDCs hear of it.
    kdc.directory.changeKey('CONN1$', store.pending)
    await login()
    assert.deepEqual(await rotate(), { kvno: 3, resumed: true })
    await login()
  })

  it('tries the new password twice, and no more, where no server has said that it holds', async () => {
    const { server, rotate, kdc, store } = startRotation()
    server.tricks = { loseRequest: new Error('cut') }
    let tries = 0
    kdc.tricks = {
      refuse: (kind) => {
        if (kind === 'AS' && store.steps.includes('before the request')) tries += 1
        return undefined
      },
    }
    await assert.rejects(rotate(), {
      code: 'ERR_KRB_PASSWORD_UNCONFIRMED',
      mend: /^Run the rotation again/,
    })
    // Each try is two requests: the KDC asks for proof first.
    assert.equal(tries, 4)
  })

  it('hands on what mends the way to the password server', async () => {
    const { server, rotate } = startRotation()
    const mend = 'Open the door.'
    const loseRequest = new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'shut', { mend })
    server.tricks = { loseRequest }
    await assert.rejects(rotate(), { message: /: shut$/, mend: /^Open the door\. Run the/ })
  })

  // Two processes on one keytab: the other one goes on with this very password and is killed before it writes the keytab.
  describe('takes nothing back when another process was quicker', () => {
    const overtaken = async (by: 'KDC' | 'server'): Promise<void> => {
      const { server, store, rotate, login, kdc } = startRotation()
      const overtake = (): void => {
        kdc.tricks = {}
        kdc.directory.changeKey('CONN1$', store.pending)
      }
      const refuse = () => {
        if (store.pending === undefined) return undefined
        overtake()
        return { code: Krb.KDC_ERR_PREAUTH_FAILED }
      }
      if (by === 'KDC') kdc.tricks = { refuse }
      else {
        server.tricks = {
          get refuse() {
            const answer = { code: 4, text: 'in the history' }
            overtake()
            server.tricks = { refuse: answer }
            return answer
          },
        }
      }
      assert.deepEqual(await rotate(), { kvno: 3, resumed: false })
      assert.equal(store.pending, undefined)
      await login()
    }
    it('and the KDC knows the old keys no more', () => overtaken('KDC'))
    it('and the server refuses the same password again', () => overtaken('server'))
  })

  it('keeps the pending password where anybody could have written the refusal', async () => {
    const { server, store, rotate, login } = startRotation()
    server.tricks = { forge: { code: 4, text: 'nonsense' } }
    assert.deepEqual(await rotate(), { kvno: 3, resumed: false })
    server.tricks = { forge: { code: 3, text: 'who?' }, loseRequest: new Error('cut') }
    await assert.rejects(rotate(), { code: 'ERR_KRB_PASSWORD_UNCONFIRMED', message: /: cut$/ })
    assert.notEqual(store.pending, undefined)
    await login()
    server.tricks = {}
    assert.deepEqual(await rotate(), { kvno: 4, resumed: true })
    await login()
  })

  it('finds out that the change was made although no reply came', async () => {
    const { server, rotate, login } = startRotation()
    server.tricks = { loseReply: new Error('cut') }
    assert.deepEqual(await rotate(), { kvno: 3, resumed: false })
    await login()
  })

  it('takes no reply for the server’s that is not proven', async () => {
    const { server, rotate, login } = startRotation()
    const later = (part: { ctimeMs: number; cusec: number }) => ({ ...part, cusec: part.cusec ^ 1 })
    server.tricks = { refuse: { code: 5, text: '' }, apRep: later }
    await assert.rejects(rotate(), { code: 'ERR_KRB_PASSWORD_UNCONFIRMED', message: /AP-REP/ })
    await login()
    const flipped = (reply: Uint8Array) => {
      const copy = Buffer.from(reply)
      copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
      return copy
    }
    server.tricks = { octets: flipped }
    assert.equal((await rotate()).resumed, true)
    await login()
  })

  it('waits for a KDC that does not know the new password yet', async () => {
    const { kdc, rotate, clock, store } = startRotation()
    const before = clock.nowMs()
    let refusals = 0
    kdc.tricks = {
      refuse: (kind) => {
        const late = kind === 'AS' && store.steps.includes('after the request') && refusals < 3
        if (late) refusals += 1
        return late ? { code: Krb.KDC_ERR_PREAUTH_FAILED } : undefined
      },
    }
    assert.deepEqual(await rotate(), { kvno: 3, resumed: false })
    assert.equal(clock.nowMs() - before, 15_000)
  })

  it('sends nothing and leaves nothing behind when the keytab does not do', async () => {
    const { kdc, store, server, rotate } = startRotation()
    store.keytab = kdc.keytab('CONN2$')
    await assert.rejects(rotate(), { code: 'ERR_KRB_NO_KEY' })
    assert.ok(!store.steps.includes('before writePending'))
    store.keytab = kdc.keytab('CONN2$').map((entry) => ({ ...entry, ...CONN1 }))
    await assert.rejects(rotate(), { code: 'ERR_KRB_PREAUTH_FAILED' })
    assert.deepEqual([store.pending, server.passwords], [undefined, []])
  })

  it('says so when neither the keytab nor the pending password does any more', async () => {
    const { kdc, store, rotate } = startRotation()
    store.pending = 'never-sent'
    kdc.directory.changeKey('CONN1$')
    await assert.rejects(rotate(), {
      code: 'ERR_KRB_PREAUTH_FAILED',
      message: /neither the keytab’s keys of CONN1\$@CORP\.EXAMPLE nor the pending password/,
    })
    assert.equal(store.pending, 'never-sent')
  })
})

describe('a rotation that is stopped', () => {
  const moments = [
    'after readKeytab',
    'after readPending',
    'before writePending',
    'after writePending',
    'before the request',
    'after the request',
    'before writeKeytab',
    'after writeKeytab',
    'before removePending',
    'after removePending',
  ]
  for (const moment of moments) {
    it(`${moment} can log in, and goes on next time`, async () => {
      const { store, rotate, login, server } = startRotation()
      store.killAt = moment
      await assert.rejects(rotate())
      store.killAt = undefined
      await login()
      const again = await rotate()
      assert.equal(again.kvno, 2 + server.passwords.length)
      assert.equal(store.pending, undefined)
      await login()
    })
  }
})

describe('passwordAge', () => {
  it('counts from the newest keys of the account', () => {
    const { store, clock } = startRotation()
    const [entry] = store.keytab
    assert.ok(entry)
    const changedAtMs = clock.nowMs() - 1000
    const keytab = [entry, { ...entry, kvno: 3, timestampMs: changedAtMs }]
    assert.deepEqual(passwordAge(keytab, CONN1, { maxAgeMs: 1001, clock }), {
      changedAtMs,
      due: false,
    })
    assert.equal(passwordAge(keytab, CONN1, { maxAgeMs: 1000, clock }).due, true)
    assert.deepEqual(passwordAge([], CONN1, { maxAgeMs: 1, clock }), { changedAtMs: 0, due: true })
  })
})
