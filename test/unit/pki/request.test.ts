import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createKey, createSigningRequest, readSigningRequest } from '../../../src/pki/index.ts'
import { hasOpenssl, openssl } from '../../support/openssl.ts'

const LABEL = 'CERTIFICATE REQUEST'
const key = createKey()
const request = createSigningRequest(key, 'conn1')

const fromPem = (pem: string) => Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64')
const toPem = (der: Uint8Array) =>
  `-----BEGIN ${LABEL}-----\n${Buffer.from(der).toString('base64')}\n-----END ${LABEL}-----\n`

/** A request made and signed by the OpenSSL tool. */
function opensslRequest(privateKey: KeyObject, ...rest: string[]): string {
  const command = ['req', '-new', '-key', 'key.pem', '-subj', '/CN=evil', ...rest]
  return openssl(command, {
    'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  })
}

const refused = { code: 'ERR_PKI_REQUEST' }

describe('readSigningRequest', () => {
  it('reads what createSigningRequest makes', () => {
    assert.ok(readSigningRequest(request).equals(createPublicKey(key)))
  })

  it('refuses a request that somebody else signed', () => {
    const mine = fromPem(request)
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
    const other = createPublicKey(createKey()).export({ type: 'spki', format: 'der' })
    const at = mine.indexOf(spki)
    other.copy(mine, at)
    assert.throws(() => readSigningRequest(toPem(mine)), {
      code: 'ERR_PKI_REQUEST',
      message: 'the signing request is not signed by the key it holds',
    })
  })

  it('refuses every prefix', () => {
    const der = fromPem(request)
    for (let length = 0; length < der.length; length += 1) {
      assert.throws(() => readSigningRequest(toPem(der.subarray(0, length))), refused)
    }
    assert.throws(() => readSigningRequest(toPem(Buffer.concat([der, Buffer.of(0)]))), refused)
  })

  it('refuses every flipped octet with an error of this room', () => {
    const der = fromPem(request)
    for (let at = 0; at < der.length; at += 1) {
      const flipped = Buffer.from(der)
      flipped[at] = (flipped[at] ?? 0) ^ 0x01
      assert.throws(() => readSigningRequest(toPem(flipped)), { name: 'PkiError' })
    }
  })

  it('refuses garbage and anything huge', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.uint8Array().map(toPem)), (garbage) => {
        assert.throws(() => readSigningRequest(garbage), refused)
      }),
    )
    assert.throws(() => readSigningRequest(request + ' '.repeat(5000)), refused)
    assert.throws(() => readSigningRequest(request.replace(LABEL, 'CERTIFICATE')), refused)
    assert.throws(() => readSigningRequest(request + request), refused)
  })
})

describe('createSigningRequest', () => {
  it('refuses a name that X.520 does not allow', () => {
    for (const name of ['', 'x'.repeat(65), 'a\nb']) {
      assert.throws(() => createSigningRequest(key, name), RangeError)
    }
  })
})

if (hasOpenssl) {
  describe('OpenSSL, as the other side', () => {
    it('verifies what createSigningRequest makes', () => {
      const command = ['req', '-verify', '-noout', '-subject', '-in', 'request.pem']
      assert.match(openssl(command, { 'request.pem': request }), /CN ?= ?conn1/)
    })

    it('makes what readSigningRequest reads, whatever extensions it asks for', () => {
      const pem = opensslRequest(key, '-addext', 'basicConstraints=critical,CA:TRUE')
      assert.ok(readSigningRequest(pem).equals(createPublicKey(key)))
    })

    it('makes requests with keys and digests that are refused', () => {
      const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
      const ed25519 = generateKeyPairSync('ed25519').privateKey
      const sha256 = opensslRequest(p384, '-sha256')
      assert.throws(() => readSigningRequest(sha256), { code: 'ERR_PKI_KEY' })
      assert.throws(() => readSigningRequest(opensslRequest(rsa)), refused)
      assert.throws(() => readSigningRequest(opensslRequest(ed25519)), refused)
      assert.throws(() => readSigningRequest(opensslRequest(key, '-sha384')), refused)
    })
  })
}
