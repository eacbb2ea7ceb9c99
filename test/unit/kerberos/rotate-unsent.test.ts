import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KrbErrorCode as Krb, PaType } from '../../../src/kerberos/iana/index.ts'
import { KerberosError } from '../../../src/kerberos/index.ts'
import { startRotation } from '../../support/rotation-world.ts'

describe('a rotation whose request was not sent', () => {
  const fault = new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'shut', { mend: 'Open port 464.' })

  it('takes the pending password back, and tries no password that cannot be the account’s', async () => {
    const { unsent, store, rotate, login, kdc } = startRotation()
    unsent.fault = fault
    const logins = { tried: 0, good: 0 }
    kdc.tricks = {
      refuse: (_kind, { padata = [] }) => {
        const proven = padata.some(({ padataType }) => padataType === PaType.PA_ENC_TIMESTAMP)
        logins.tried += Number(proven)
        return undefined
      },
      replyPart: (part) => {
        logins.good += 1
        return part
      },
    }
    await assert.rejects(rotate(), (error) => error === fault)
    assert.deepEqual([store.pending, logins], [undefined, { tried: 2, good: 2 }])
    await login()
    delete unsent.fault
    assert.deepEqual(await rotate(), { kvno: 3, resumed: false })
  })

  it('takes nothing back where another process went on with the password', async () => {
    const { unsent, store, rotate, login, kdc } = startRotation()
    unsent.fault = fault
    unsent.meanwhile = () => {
      kdc.directory.changeKey('CONN1$', store.pending)
    }
    assert.deepEqual(await rotate(), { kvno: 3, resumed: false })
    await login()
  })

  it('keeps the pending password where no KDC says that the keytab still does', async () => {
    const { unsent, store, rotate, kdc } = startRotation()
    unsent.fault = fault
    unsent.meanwhile = () => {
      kdc.tricks = { refuse: () => ({ code: Krb.KRB_ERR_GENERIC }) }
    }
    await assert.rejects(rotate(), (error) => error === fault)
    assert.notEqual(store.pending, undefined)
  })

  it('keeps a pending password of an earlier run, which may have been sent', async () => {
    const { unsent, store, rotate } = startRotation()
    unsent.fault = fault
    store.pending = 'earlier'
    await assert.rejects(rotate(), (error) => error === fault)
    assert.equal(store.pending, 'earlier')
  })
})
