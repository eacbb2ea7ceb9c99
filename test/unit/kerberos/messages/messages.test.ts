import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DerWriter } from '../../../../src/asn1/index.ts'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import {
  decodeApReq,
  decodeAuthenticator,
  decodeEncKdcRepPart,
  decodeKdcRep,
  decodeKrbError,
  decodeKrbFastResponse,
  decodePaForUser,
  decodePaPacOptions,
  encodeApReq,
  encodeAuthenticator,
  encodeKerbErrorData,
  encodeKrbError,
  encodeMethodData,
  encodePaForUser,
  findNtStatus,
  isKrbError,
  paForUserChecksumInput,
} from '../../../../src/kerberos/messages/index.ts'
import { VECTORS } from './vectors.ts'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

/** Octets as plain Uint8Array, so that a Buffer equals them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

describe('every message', () => {
  for (const { name, origin, value, encode, decode } of VECTORS) {
    if (origin !== undefined) {
      it(`${name} is encoded as by MIT krb5`, () => {
        assert.equal(hex(encode()), hex(origin))
      })
    }

    it(`${name} comes back as it was`, () => {
      assert.deepEqual(plain(decode(encode())), plain(value))
    })

    it(`${name} is refused when cut off anywhere, or with more behind it`, () => {
      const octets = encode()
      for (let length = 0; length < octets.length; length++) {
        assert.throws(() => decode(octets.subarray(0, length)), { code: 'ERR_KRB_DECODE' })
      }
      assert.throws(() => decode(Buffer.concat([octets, Uint8Array.of(0)])), {
        code: 'ERR_KRB_DECODE',
      })
    })

    it(`${name} with any one octet changed is read or refused, nothing else`, () => {
      const octets = new Uint8Array(encode())
      for (let at = 0; at < octets.length; at++) {
        const before = octets[at] ?? 0
        for (const flip of [0x01, 0x20, 0x80, 0xff]) {
          octets[at] = before ^ flip
          try {
            decode(octets)
          } catch (error) {
            if (!(error instanceof KerberosError)) throw error
          }
        }
        octets[at] = before
      }
    })
  }
})

describe('a message', () => {
  it('of the other exchange is refused', () => {
    const asRep = VECTORS.find(({ name }) => name === 'as-rep')?.encode()
    assert.ok(asRep)
    assert.throws(() => decodeKdcRep(asRep, 13), {
      code: 'ERR_KRB_DECODE',
      message: /TGS-REP: tag 0x6d wanted, 0x6b found/,
    })
  })

  it('whose msg-type contradicts its tag is refused', () => {
    const octets = Buffer.from(VECTORS.find(({ name }) => name === 'ap-req')?.encode() ?? [])
    const at = octets.indexOf(Buffer.from('a10302010e', 'hex')) + 4
    octets[at] = 15
    assert.throws(() => decodeApReq(octets), { message: /AP-REQ.msg-type: 14 wanted, 15 found/ })
  })

  it('names the field that is wrong', () => {
    const octets = Buffer.from(
      VECTORS.find(({ name }) => name === 'enc-kdc-rep-part')?.encode() ?? [],
    )
    octets.write('19941310060317Z', octets.lastIndexOf('19940610060317Z'))
    assert.throws(() => decodeEncKdcRepPart(octets), { message: /^EncKDCRepPart.renew-till: / })
  })

  it('may write high sequence numbers as negative ones, as old peers do', () => {
    const known = VECTORS.find(({ name }) => name === 'authenticator')?.encode()
    const octets = Buffer.from(known ?? [])
    const at = octets.indexOf(Buffer.from('a703020111', 'hex')) + 4
    octets[at] = 0xff
    assert.equal(decodeAuthenticator(octets).seqNumber, 0xffffffff)
  })

  it('may hold fewer than 32 flags', () => {
    const w = new DerWriter().openSequence().openContext(0).bitString(Uint8Array.of(0x10)).close(2)
    assert.equal(decodePaPacOptions(w.finish()), 0x10000000)
  })

  it('of a later FAST may have fields that we do not know', () => {
    const w = new DerWriter().openSequence()
    w.openContext(0).openSequence().close(2)
    w.openContext(3).integer(7).close().openContext(9).integer(1).close(2)
    assert.deepEqual(decodeKrbFastResponse(w.finish()), {
      padata: [],
      strengthenKey: undefined,
      finished: undefined,
      nonce: 7,
    })
  })

  it('must name at least one component', () => {
    const value = {
      crealm: 'R',
      cname: { nameType: 1, nameString: [] },
      cusec: 0,
      ctimeMs: 0,
    }
    assert.throws(() => decodeAuthenticator(encodeAuthenticator(value)), {
      message: /Authenticator.cname: a name without components/,
    })
  })

  it('holds microseconds below a million', () => {
    const value = {
      crealm: 'R',
      cname: { nameType: 1, nameString: ['a'] },
      cusec: 1_000_000,
      ctimeMs: 0,
    }
    assert.throws(() => decodeAuthenticator(encodeAuthenticator(value)), { code: 'ERR_KRB_DECODE' })
  })

  it('keeps large tickets whole', () => {
    const ticket = new DerWriter()
      .openApplication(1)
      .octetString(new Uint8Array(70_000))
      .close()
      .finish()
    const octets = encodeApReq({
      apOptions: 0,
      ticket,
      authenticator: { etype: 18, cipher: new Uint8Array(300) },
    })
    assert.equal(hex(decodeApReq(octets).ticket), hex(ticket))
  })
})

describe('KRB-ERROR', () => {
  const base = {
    stimeMs: 0,
    susec: 0,
    errorCode: 60,
    realm: 'R',
    sname: { nameType: 1, nameString: ['s'] },
  }

  it('is told by its first octet', () => {
    assert.equal(isKrbError(encodeKrbError(base)), true)
    assert.equal(isKrbError(new Uint8Array(0)), false)
  })

  it('keeps a bounded, printable text', () => {
    const eText = `bad\u0000\n${'x'.repeat(300)}`
    const text = decodeKrbError(encodeKrbError({ ...base, eText })).eText ?? ''
    assert.equal(text, 'bad' + 'x'.repeat(253))
  })

  it('tells the NTSTATUS of KERB-ERROR-DATA', () => {
    assert.equal(findNtStatus(encodeKerbErrorData(0xc00000bb)), 0xc00000bb)
  })

  it('tells the NTSTATUS that Windows hides in PA-PW-SALT', () => {
    const status = Buffer.from('720000c00000000001000000', 'hex')
    const eData = encodeMethodData([{ padataType: 3, padataValue: status }])
    assert.equal(findNtStatus(eData), 0xc0000072)
  })

  it('tells none where there is none', () => {
    const salt = encodeMethodData([
      { padataType: 3, padataValue: Buffer.from('CORP.EXAMPLEalice') },
    ])
    for (const eData of [salt, new Uint8Array(0), Uint8Array.of(0x30), encodeMethodData([])]) {
      assert.equal(findNtStatus(eData), undefined)
    }
  })

  // Samba's KDC sends such where it passes a request on and cannot.
  it('may name no service', () => {
    const sname = { nameType: 0, nameString: [] }
    const octets = encodeKrbError({ ...base, sname })
    assert.deepEqual(decodeKrbError(octets).sname, sname)
    const cname = sname
    assert.throws(() => decodeKrbError(encodeKrbError({ ...base, cname })), {
      code: 'ERR_KRB_DECODE',
      message: /cname.*without components/,
    })
  })
})

describe('PA-FOR-USER', () => {
  it('covers type, name, realm and package', () => {
    const covered = paForUserChecksumInput({ nameType: 10, nameString: ['a@b', 'c'] }, 'R')
    assert.equal(hex(covered), `0a000000${hex(Buffer.from('a@bcRKerberos'))}`)
  })

  it('of another package is refused', () => {
    const octets = Buffer.from(
      encodePaForUser({
        userName: { nameType: 1, nameString: ['a'] },
        userRealm: 'R',
        cksum: { cksumtype: -138, checksum: new Uint8Array(16) },
      }),
    )
    octets.write('Cerberus', octets.indexOf('Kerberos'))
    assert.throws(() => decodePaForUser(octets), { message: /auth-package must be Kerberos/ })
  })
})
