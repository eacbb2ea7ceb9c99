import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { channelBindingDigest } from '../../../../src/kerberos/gss/channel-binding.ts'
import { tlsServerEndPoint } from '../../../../src/kerberos/gss/index.ts'
import { expectedBinding } from '../../../support/gss-acceptor.ts'

const certificates = new Map(
  readFileSync(new URL('../../../../fixtures/kerberos/certificates.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', der = '']) => [name, Buffer.from(der, 'base64')] as const),
)

/** RFC 5929 section 4.1: the signature's hash, but SHA-256 for MD5 and SHA-1. */
const HASHES: Readonly<Record<string, string>> = {
  'rsa-md5': 'sha256',
  'rsa-sha1': 'sha256',
  'rsa-sha224': 'sha224',
  'rsa-sha256': 'sha256',
  'rsa-sha384': 'sha384',
  'rsa-sha512': 'sha512',
  'rsa-pss-sha1': 'sha256',
  'rsa-pss-sha256': 'sha256',
  'rsa-pss-sha384': 'sha384',
  'ecdsa-sha1': 'sha256',
  'ecdsa-sha256': 'sha256',
  'ecdsa-sha384': 'sha384',
  'ecdsa-sha512': 'sha512',
}

describe('tlsServerEndPoint', () => {
  for (const [name, hash] of Object.entries(HASHES)) {
    it(`hashes a certificate signed with ${name} with ${hash}`, () => {
      const der = certificates.get(name) ?? assert.fail()
      const expected = Buffer.concat([
        Buffer.from('tls-server-end-point:'),
        createHash(hash).update(der).digest(),
      ])
      assert.deepEqual(Buffer.from(tlsServerEndPoint(der)), expected)
    })
  }

  for (const name of ['ed25519', 'ed448']) {
    it(`refuses one signed with ${name}, which has no single hash, and says what to do`, () => {
      const der = certificates.get(name) ?? assert.fail()
      assert.throws(() => tlsServerEndPoint(der), {
        code: 'ERR_KRB_CHANNEL_BINDING',
        message: /1\.3\.101\.11[23]/,
        mend: /RSA or ECDSA/,
      })
    })
  }

  it('refuses what is no certificate', () => {
    const der = certificates.get('rsa-sha256') ?? assert.fail()
    const refused = { code: 'ERR_KRB_CHANNEL_BINDING', message: 'not a certificate' }
    for (const octets of [new Uint8Array(0), Buffer.from('0500', 'hex'), der.subarray(0, 300)]) {
      assert.throws(() => tlsServerEndPoint(octets), refused)
    }
  })
})

describe('channelBindingDigest', () => {
  it('is MD5 over empty addresses and the data', () => {
    const data = Buffer.from('tls-server-end-point:abc')
    assert.equal(Buffer.from(channelBindingDigest(data)).toString('hex'), expectedBinding(data))
  })

  it('is zero without bindings', () => {
    assert.deepEqual(channelBindingDigest(undefined), new Uint8Array(16))
  })
})
