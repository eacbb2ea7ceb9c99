/** What happens where OpenSSL refuses MD5, as in FIPS mode: node:crypto's own functions are replaced, in this process. */

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { after, before, describe, it } from 'node:test'
import {
  allowOwnMd5,
  checksum,
  generateKey,
  hasMd5,
  hmacMd5,
  stringToKey,
} from '../../../src/kerberos/crypto/index.ts'
import { Initiator } from '../../../src/kerberos/gss/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { acceptToken, expectedBinding } from '../../support/gss-acceptor.ts'
import { makeServiceTicket } from '../../support/service-ticket.ts'

const original = { createHash: crypto.createHash, createHmac: crypto.createHmac }

function refuseMd5(algorithm: string): void {
  if (algorithm === 'md5') throw new Error('error:0308010C:digital envelope routines::unsupported')
}

const FIXED_KEY = { etype: 18, value: new Uint8Array(32).fill(7) }
// By OpenSSL, before it is taken away.
const SIGNED = hmacMd5(FIXED_KEY, 17, Buffer.from('user'))
const BOUND = expectedBinding(
  Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32)]),
)

describe('without MD5', () => {
  const serviceKey = generateKey(18, systemRandom)
  const ticket = makeServiceTicket(
    {
      client: 'alice@CORP.EXAMPLE',
      server: 'HTTP/iwa.corp.example@CORP.EXAMPLE',
      serviceKey,
      kvno: 1,
      startTimeMs: Date.now(),
    },
    systemRandom,
  )
  const initiator = new Initiator(ticket, { clock: systemClock, random: systemRandom })

  before(() => {
    crypto.createHash = (algorithm, options) => {
      refuseMd5(algorithm)
      return original.createHash(algorithm, options)
    }
    crypto.createHmac = (algorithm: string, key: crypto.BinaryLike | crypto.KeyObject) => {
      refuseMd5(algorithm)
      return original.createHmac(algorithm, key)
    }
    syncBuiltinESMExports()
  })
  after(() => {
    Object.assign(crypto, original)
    syncBuiltinESMExports()
  })

  it('makes tokens that bind no channel, and keys and checksums of AES', () => {
    const { client } = acceptToken(initiator.createToken().token, serviceKey)
    assert.equal(client, 'alice@CORP.EXAMPLE')
    assert.equal(checksum(serviceKey, 6, Buffer.from('body')).length, 12)
    assert.equal(stringToKey(18, 'password', 'salt').value.length, 32)
  })

  it('says why a token cannot bind its channel', () => {
    assert.throws(() => initiator.createToken({ channelBinding: Buffer.from('binding') }), {
      code: 'ERR_KRB_CHANNEL_BINDING',
      message: /MD5/,
      mend: /FIPS/,
    })
  })

  it('uses our own where an administrator allows it, with the same octets', () => {
    const channelBinding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32)])
    assert.equal(hasMd5(), false)
    allowOwnMd5(true)
    try {
      assert.equal(hasMd5(), true)
      const { binding } = acceptToken(initiator.createToken({ channelBinding }).token, serviceKey)
      assert.equal(binding, BOUND)
      assert.deepEqual(Buffer.from(hmacMd5(FIXED_KEY, 17, Buffer.from('user'))), SIGNED)
    } finally {
      allowOwnMd5(false)
    }
  })

  it('says why PA-FOR-USER cannot be signed', () => {
    assert.throws(() => hmacMd5(serviceKey, 17, Buffer.from('user')), {
      code: 'ERR_KRB_ETYPE',
      message: /-138/,
      mend: /FIPS/,
    })
  })
})
