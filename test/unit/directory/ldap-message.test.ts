import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeBindResponse, encodeSaslBind } from '../../../src/directory/ldap-message.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

// Written by hand after RFC 4511 section 4.2.2, with the lengths as Active Directory writes them: result 49, text "no\0".
const refused = hex('30 84 00 00 00 13 02 01 01 61 84 00 00 00 0a 0a 01 31 04 00 04 03 6e 6f 00')
const accepted = hex('30 0f 02 01 01 61 0a 0a 01 00 04 00 04 00 87 01 aa')

describe('LDAP bind messages', () => {
  it('writes a SASL bind with the token as octets', () => {
    // RFC 4511 section 4.2: message 1, version 3, no name, sasl { "GSS-SPNEGO", ff 00 80 }.
    const expected = hex(
      '30 1d 02 01 01 60 18 02 01 03 04 00 a3 11 04 0a 4753532d53504e45474f 04 03 ff0080',
    )
    const message = encodeSaslBind(1, 'GSS-SPNEGO', Uint8Array.of(0xff, 0, 0x80))
    assert.equal(Buffer.from(message).toString('hex'), expected.toString('hex'))
  })

  it('writes a long token with its whole length', () => {
    const message = Buffer.from(encodeSaslBind(1, 'GSS-SPNEGO', new Uint8Array(70_000)))
    assert.equal(message.readUInt32BE(2), message.length - 6)
  })

  it('reads a refusal in Active Directory’s spelling', () => {
    assert.deepEqual(decodeBindResponse(refused), {
      messageId: 1,
      resultCode: 49,
      diagnosticMessage: 'no',
      serverSaslCreds: new Uint8Array(),
      octets: refused.length,
    })
  })

  it('reads the server’s credentials', () => {
    const response = decodeBindResponse(accepted)
    assert.equal(response?.resultCode, 0)
    assert.deepEqual(response.serverSaslCreds, accepted.subarray(-1))
  })

  it('waits for the rest of every prefix', () => {
    for (const whole of [refused, accepted]) {
      for (let end = 0; end < whole.length; end += 1) {
        assert.equal(decodeBindResponse(whole.subarray(0, end)), undefined)
      }
    }
  })

  it('refuses what is no bind response, or too long', () => {
    for (const octets of [
      '04 00',
      '30 80 00 00',
      '30 84 7f ff ff ff',
      '30 03 02 01 01',
      '30 05 02 01 01 65 00',
    ]) {
      assert.throws(() => decodeBindResponse(hex(octets)), { code: 'ERR_DIRECTORY_REPLY' }, octets)
    }
  })

  it('survives any flipped octet', () => {
    fc.assert(
      fc.property(fc.nat(refused.length - 1), fc.nat(255), (index, octet) => {
        const flipped = Buffer.from(refused)
        flipped[index] = octet
        try {
          decodeBindResponse(flipped)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_DIRECTORY_REPLY')
        }
      }),
    )
  })
})
