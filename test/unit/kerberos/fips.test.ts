/**
 * The whole client in a process in FIPS mode: with OpenSSL's own provider where this machine has one, and always with a
 * stand-in that refuses what the provider lacks.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fipsProcess, fipsProvider } from '../../support/fips/process.ts'

const NO_PROVIDER =
  'OpenSSL’s FIPS provider is not here: set SALLYPORT_FIPS_CONF to an OpenSSL configuration that loads it'

for (const kind of ['provider', 'stand-in'] as const) {
  const skip = kind === 'provider' && fipsProvider() === undefined ? NO_PROVIDER : false
  describe(`in FIPS mode, ${kind}`, { skip }, () => {
    it('all exchanges and tokens work without MD5; what is bound to a channel says that it needs MD5', async () => {
      const said = await fipsProcess(kind, {})
      assert.deepEqual(said, {
        fips: 1,
        opensslMd5: said.opensslMd5,
        hasMd5: false,
        service: 'CONN1$',
        account: 'alice',
        ticket: 'alice',
        token: true,
        boundToken: 'ERR_KRB_CHANNEL_BINDING',
      })
      assert.notEqual(said.opensslMd5, 'ok')
    })

    it('what the protocol fixes to MD5 works as well where our own is allowed', async () => {
      const said = await fipsProcess(kind, { ownMd5: true })
      assert.deepEqual([said.fips, said.hasMd5, said.boundToken], [1, true, 'ok'])
      assert.deepEqual([said.account, said.ticket], ['alice', 'alice'])
      assert.notEqual(said.opensslMd5, 'ok')
    })
  })
}
