import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  createRegistrationSecret,
  decodeRegistrationToken,
  encodeRegistrationToken,
  hashRegistrationSecret,
  parseAddress,
} from '../../../src/pki/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'

const token = {
  address: 'gateway.example:8444',
  serverName: 'gateway.example',
  pin: '0123456789abcdef'.repeat(4),
  secret: createRegistrationSecret(systemRandom),
}
const refused = { code: 'ERR_PKI_TOKEN' }
const wrap = (content: unknown) =>
  `sallyport-1.${Buffer.from(JSON.stringify(content)).toString('base64url')}`

describe('registration tokens', () => {
  it('come back as they were, white space around them or not', () => {
    const text = encodeRegistrationToken(token)
    assert.match(text, /^sallyport-1[.][A-Za-z0-9_-]+$/)
    assert.deepEqual(decodeRegistrationToken(text), token)
    assert.deepEqual(decodeRegistrationToken(`\n ${text}\r\n`), token)
  })

  it('come back for any secret, host and port', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
    const secret = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), secret, (serverName, port, octets) => {
        const address = serverName.includes(':')
          ? `[${serverName}]:${port}`
          : `${serverName}:${port}`
        const whole = {
          ...token,
          address,
          serverName,
          secret: Buffer.from(octets).toString('base64url'),
        }
        assert.deepEqual(decodeRegistrationToken(encodeRegistrationToken(whole)), whole)
      }),
    )
  })

  it('are refused when any of it is missing', () => {
    const text = encodeRegistrationToken(token)
    for (let length = 0; length < text.length; length += 1) {
      assert.throws(() => decodeRegistrationToken(text.slice(0, length)), refused)
    }
  })

  it('are refused with other fields, other types or another prefix', () => {
    const rest = { ...token, secret: undefined }
    const cases = [rest, { ...token, extra: 1 }, { ...token, pin: 'x' }, [token], null, 'x', 1]
    for (const content of cases)
      assert.throws(() => decodeRegistrationToken(wrap(content)), refused)
    const text = encodeRegistrationToken(token)
    assert.throws(() => decodeRegistrationToken(text.replace('-1.', '-2.')), refused)
    assert.throws(() => decodeRegistrationToken(`${text}=`), refused)
    assert.throws(() => decodeRegistrationToken(text + ' '.repeat(4096)), refused)
  })

  it('never crash on garbage, and errors never hold what was given', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 20 }), (garbage) => {
        assert.throws(
          () => decodeRegistrationToken(`sallyport-1.${garbage}`),
          (error: Error) => {
            assert.equal((error as Error & { code: string }).code, 'ERR_PKI_TOKEN')
            return !error.message.includes(garbage)
          },
        )
      }),
    )
  })

  it('are not made of fields that would be refused', () => {
    assert.throws(() => encodeRegistrationToken({ ...token, address: 'gateway' }), RangeError)
    assert.throws(
      () => encodeRegistrationToken({ ...token, secret: 'short' }),
      (error: Error) => {
        return error instanceof RangeError && !error.message.includes('short')
      },
    )
  })
})

describe('hashRegistrationSecret', () => {
  it('is SHA-256 of the text', () => {
    const expected = createHash('sha256').update(token.secret).digest('hex')
    assert.equal(hashRegistrationSecret(token.secret), expected)
  })
})

describe('parseAddress', () => {
  it('reads names, IPv4 and bracketed IPv6', () => {
    assert.deepEqual(parseAddress('a.example:1'), { host: 'a.example', port: 1 })
    assert.deepEqual(parseAddress('192.0.2.1:65535'), { host: '192.0.2.1', port: 65_535 })
    assert.deepEqual(parseAddress('[2001:db8::1]:443'), { host: '2001:db8::1', port: 443 })
  })

  it('refuses everything else', () => {
    const wrong = [
      '',
      'a.example',
      ':1',
      'a.example:0',
      'a.example:65536',
      'a.example:1:2',
      '2001:db8::1:443',
      '[a.example]:443',
      '[::1]',
      'a b:1',
      'https://a.example:1',
      'a.example:1/',
      '-a:1',
    ]
    for (const text of wrong) assert.equal(parseAddress(text), undefined, text)
  })
})
