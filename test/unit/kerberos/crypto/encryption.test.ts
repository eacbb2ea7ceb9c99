import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  checksum,
  checksumTypeOf,
  cipherOverheadOctets,
  decrypt,
  encrypt,
  generateKey,
  SUPPORTED_ETYPES,
  verifyChecksum,
} from '../../../../src/kerberos/crypto/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

/** MIT krb5, src/lib/crypto/crypto_tests/t_decrypt.c: usage, plaintext, key, ciphertext. */
const CIPHERTEXTS: readonly (readonly [number, string, string, string])[] = [
  [
    0,
    '',
    '5a5c0f0ba54f3828b2195e66ca24a289',
    '49ff8e11c173d9583a3254fbe7b1f1df36c538e8416784a1672e6676',
  ],
  [
    1,
    '1',
    '98450e3f3baa13f5c99beb936981b06f',
    'f86742f537b35dc2174a4dbaa920faf9042090b065e1ebb1cad9a65394',
  ],
  [
    2,
    '9 bytesss',
    '9062430c8cda3388922e6d6a509f5b7a',
    '68fb9679601f45c78857b2bf820fd6e53eca8d42fd4b1d7024a09205abb7cd2ec26c355d2f',
  ],
  [
    3,
    '13 bytes byte',
    '033ee6502c54fd23e27791e987983827',
    'ec366d0327a933bf49330e650e49bc6b974637fe80bf532fe51795b4809718e6194724db948d1fd637',
  ],
  [
    4,
    '30 bytes bytes bytes bytes byt',
    'dceeb70b3de76562e689226c76429148',
    'c96081032d5d8eeb7e32b4089f789d0faa481dea74c0f97cbf3146ddfcf8e800156ecb532fc203e30ff600b63b350939fece510f02d7ff1e7bac',
  ],
  [
    0,
    '',
    '17f275f2954f2ed1f90c377ba7f4d6a369aa0136e0bf0c927ad6133c693759a9',
    'e5094c55ee7b38262e2b044280b069379a95bf95bd8376fb3281b435',
  ],
  [
    1,
    '1',
    'b9477e1ff0329c0050e20ce6c72d2dff27e8fe541ab0954429a9cb5b4f7b1e2a',
    '406150b97aeb76d43b36b62cc1ecdfbe6f40e95755e0beb5c27825f3a4',
  ],
  [
    2,
    '9 bytesss',
    'b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7',
    '09957aa25fcaf88f7b39e4406e633012d5fea21853f6478da7065caef41fd454a40824eec5',
  ],
  [
    3,
    '13 bytes byte',
    'e5a72be9b7926c1225bafef9c1872e7ba4cdb2b17893d84abd90acdd8764d966',
    'd8f1aafeec84587cc3e700a774e56651a6d693e174ec4473b5e6d96f80297a653fb818ad893e719f96',
  ],
  [
    4,
    '30 bytes bytes bytes bytes byt',
    'f1c795e9248a09338d82c3f8d5b567040b0110736845041347235b1404231398',
    'd1137a4d634cfece924dbc3bf6790648bd5cff7de0e7b99460211d0daef3d79a295c688858f3b34b9cbd6eebae81daf6b734d4d498b6714f1c1d',
  ],
]

/** MIT krb5, src/lib/crypto/crypto_tests/t_cksums.c: plaintext, usage, key, checksum. */
const CHECKSUMS: readonly (readonly [string, number, string, string])[] = [
  [
    'eight nine ten eleven twelve thirteen',
    3,
    '9062430c8cda3388922e6d6a509f5b7a',
    '01a4b088d45628f6946614e3',
  ],
  [
    'fourteen',
    4,
    'b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7',
    'e08739e3279e2903ec8e3836',
  ],
]

const keyOf = (octets: string) => ({ etype: octets.length === 64 ? 18 : 17, value: hex(octets) })

describe('decrypt', () => {
  for (const [usage, plaintext, key, cipher] of CIPHERTEXTS) {
    it(`decrypts MIT's "${plaintext}" of etype ${keyOf(key).etype}`, () => {
      const decrypted = decrypt(keyOf(key), usage, hex(cipher))
      assert.equal(Buffer.from(decrypted).toString(), plaintext)
    })
  }

  for (const etype of SUPPORTED_ETYPES) {
    const key = generateKey(etype, systemRandom)

    it(`turns back what encrypt made, etype ${etype}`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(30), (plaintext, usage) => {
          const cipher = encrypt(key, usage, plaintext, systemRandom)
          assert.equal(cipher.length, plaintext.length + cipherOverheadOctets(etype))
          assert.deepEqual(Uint8Array.from(decrypt(key, usage, cipher)), plaintext)
        }),
      )
    })

    it(`refuses flipped bits, prefixes, other usages and other keys, etype ${etype}`, () => {
      const cipher = encrypt(key, 11, Buffer.from('the quick brown fox'), systemRandom)
      const refused = { code: 'ERR_KRB_INTEGRITY' }
      for (let bit = 0; bit < cipher.length * 8; bit++) {
        const flipped = Uint8Array.from(cipher)
        flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
        assert.throws(() => decrypt(key, 11, flipped), refused)
      }
      for (let end = 0; end < cipher.length; end++) {
        assert.throws(() => decrypt(key, 11, cipher.subarray(0, end)), refused)
      }
      assert.throws(() => decrypt(key, 12, cipher), refused)
      assert.throws(() => decrypt(generateKey(etype, systemRandom), 11, cipher), refused)
    })
  }

  it('never gives the same ciphertext twice', () => {
    const key = generateKey(18, systemRandom)
    const once = encrypt(key, 2, new Uint8Array(20), systemRandom)
    assert.notDeepEqual(encrypt(key, 2, new Uint8Array(20), systemRandom), once)
  })
})

describe('checksum', () => {
  for (const [text, usage, key, mac] of CHECKSUMS) {
    it(`computes MIT's checksum of "${text}"`, () => {
      assert.equal(Buffer.from(checksum(keyOf(key), usage, Buffer.from(text))).toString('hex'), mac)
    })

    it(`verifies only the right checksum of "${text}"`, () => {
      const base = keyOf(key)
      const type = checksumTypeOf(base.etype)
      const data = Buffer.from(text)
      assert.equal(verifyChecksum(base, usage, type, data, hex(mac)), true)
      assert.equal(verifyChecksum(base, usage + 1, type, data, hex(mac)), false)
      assert.equal(verifyChecksum(base, usage, type, data.subarray(1), hex(mac)), false)
      assert.equal(verifyChecksum(base, usage, type, data, hex(mac).subarray(1)), false)
      assert.equal(verifyChecksum(base, usage, type, data, new Uint8Array(0)), false)
      assert.equal(verifyChecksum(base, usage, type === 16 ? 15 : 16, data, hex(mac)), false)
      // 7 is plain MD5: a checksum without a key must never be taken for a signature.
      assert.equal(verifyChecksum(base, usage, 7, data, hex(mac)), false)
    })
  }
})

describe('encryption types', () => {
  it('offers SHA-2 before SHA-1, and AES-256 before AES-128', () => {
    assert.deepEqual(SUPPORTED_ETYPES, [20, 19, 18, 17])
    assert.deepEqual(SUPPORTED_ETYPES.map(checksumTypeOf), [20, 19, 16, 15])
    assert.deepEqual(SUPPORTED_ETYPES.map(cipherOverheadOctets), [40, 32, 28, 28])
  })

  for (const [etype, name] of [
    [23, 'rc4-hmac'],
    [3, 'des-cbc-md5'],
    [16, 'des3-cbc-sha1-kd'],
    [-1, 'etype -1'],
  ] as const) {
    it(`refuses ${name} by name and says how to mend it`, () => {
      const key = { etype, value: new Uint8Array(16) }
      const refused = { code: 'ERR_KRB_ETYPE', message: new RegExp(name), mend: /aes|AES/ }
      assert.throws(() => encrypt(key, 1, new Uint8Array(1), systemRandom), refused)
      assert.throws(() => decrypt(key, 1, new Uint8Array(64)), refused)
      assert.throws(() => checksum(key, 1, new Uint8Array(1)), refused)
      assert.throws(() => generateKey(etype, systemRandom), refused)
    })
  }
})
