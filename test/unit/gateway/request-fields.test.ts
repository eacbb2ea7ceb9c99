import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Apps } from '../../../src/gateway/index.ts'
import {
  HOP_BY_HOP_FIELDS,
  IDENTITY_FIELDS,
  IDENTITY_PREFIXES,
} from '../../../src/gateway/header-names.ts'
import { requestFields } from '../../../src/gateway/request-fields.ts'
import { testConfig } from '../../support/gateway/world.ts'
import { foldName } from '../../../src/tunnel/index.ts'

const apps = new Apps(testConfig().apps)
const kerberos = apps.find('app.example')
const external = apps.find('wiki.example')
const open = apps.find('open.example')
assert.ok(kerberos && external && open)
const from = { clientAddress: '192.0.2.7', requestId: 'r-1' }
const OURS = [
  ...[
    'Host',
    'app.corp.example',
    'X-Forwarded-For',
    '192.0.2.7',
    'X-Forwarded-Host',
    'app.example',
  ],
  ...['X-Forwarded-Proto', 'https', 'X-Request-ID', 'r-1'],
]

function passed(raw: readonly string[], route = kerberos): readonly string[] {
  assert.ok(route)
  const { headers } = requestFields(raw, route, from)
  return headers.slice(2, -8)
}

/** Writes a name as an attacker would: any case, '_' or '.' for '-'. */
const disguised = (name: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }), fc.constantFrom('-', '_', '.'))
    .map(([upper, dash]) =>
      Array.from(name)
        .map((character, at) => (upper[at] === true ? character.toUpperCase() : character))
        .join('')
        .replaceAll('-', dash),
    )

const forbidden = fc
  .oneof(
    fc.constantFrom(
      ...IDENTITY_FIELDS,
      ...HOP_BY_HOP_FIELDS.filter((name) => name !== 'connection' && name !== 'transfer-encoding'),
    ),
    fc
      .tuple(fc.constantFrom(...IDENTITY_PREFIXES), fc.stringMatching(/^[a-z]{1,12}$/))
      .map(([prefix, rest]) => prefix + rest),
  )
  .chain(disguised)
const innocent = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,15}$/).map((name) => `Z-${name}`)
const value = fc.stringMatching(/^[\x21-\x7e]{0,20}$/)

describe('requestFields', () => {
  it('adds Host, X-Forwarded-* and the request id', () => {
    assert.deepEqual([...requestFields([], kerberos, from).headers].sort(), [...OURS].sort())
    assert.equal(requestFields([], external, from).headers[1], 'wiki.example')
  })

  it('never lets a field of identity or of one hop through, however it is spelt', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(forbidden, innocent), value), { maxLength: 20 }),
        fc.constantFrom(kerberos, open),
        (fields, route) => {
          const kept = passed(fields.flat(), route)
          const expected = fields.filter(([name]) => name.startsWith('Z-')).flat()
          assert.deepEqual(kept, expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('drops what Connection names, but not what the gateway adds', () => {
    const raw = ['Connection', 'close, X-Secret, host', 'x-secret', '1', 'X-Other', '2']
    assert.deepEqual(passed(raw), ['X-Other', '2'])
    const named = requestFields(['Connection', 'x-forwarded-for'], kerberos, from).headers
    assert.ok(named.includes('X-Forwarded-For'))
    assert.ok(requestFields(raw, kerberos, from).headers.includes('Host'))
  })

  it('drops Authorization in Kerberos apps, and schemes of a connection everywhere', () => {
    const basic = ['Authorization', 'Basic eDp5']
    assert.deepEqual(passed(basic), [])
    assert.deepEqual(passed(basic, external), basic)
    for (const scheme of ['Negotiate YII=', 'ntlm TlRM', ' NTLM', 'Kerberos x', 'negotiate']) {
      assert.deepEqual(passed(['authorization', scheme], open), [])
    }
    assert.deepEqual(passed(['Authorization', 'NTLMish x'], open), ['Authorization', 'NTLMish x'])
  })

  it('translates Origin, Referer and Destination inwards', () => {
    const raw = ['Origin', 'https://app.example', 'Referer', 'https://app.example/a?b']
    const destination = ['Destination', 'https://app.example/x']
    assert.deepEqual(passed([...raw, ...destination]), [
      ...['Origin', 'http://app.corp.example', 'Referer', 'http://app.corp.example/a?b'],
      ...['Destination', 'http://app.corp.example/x'],
    ])
    assert.deepEqual(passed(raw, external), raw)
  })

  it('leaves out a Cookie field that held only ours', () => {
    assert.deepEqual(passed(['Cookie', '__Host-sallyport=x']), [])
    assert.deepEqual(passed(['Cookie', 'a=1; __Host-sallyport=x']), ['Cookie', 'a=1'])
  })

  it('reads the framing of the body', () => {
    const framing = (raw: readonly string[]) => {
      const { hasBody, bodyLength } = requestFields(raw, kerberos, from)
      return { hasBody, bodyLength }
    }
    assert.deepEqual(framing([]), { hasBody: false, bodyLength: undefined })
    assert.deepEqual(framing(['Content-Length', '0']), { hasBody: true, bodyLength: 0 })
    assert.deepEqual(framing(['content-length', '12']), { hasBody: true, bodyLength: 12 })
    assert.deepEqual(framing(['Transfer-Encoding', 'Chunked']), {
      hasBody: true,
      bodyLength: undefined,
    })
  })

  for (const raw of [
    ['Content-Length', '1', 'Content-Length', '1'],
    ['Content-Length', '1', 'Transfer-Encoding', 'chunked'],
    ['Content-Length', '+1'],
    ['Content-Length', '1, 1'],
    ['Content-Length', ''],
    ['Transfer-Encoding', 'gzip, chunked'],
    ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
    ['Host', 'a', 'Host', 'a'],
    ['X-A', 'a\r\nX-Remote-User: b'],
    ['X-A', 'a\nb'],
    ['X-A', 'a\0b'],
    ['X A', '1'],
    ['', '1'],
  ]) {
    it(`refuses ${JSON.stringify(raw)}`, () => {
      assert.throws(() => requestFields(raw, kerberos, from), { code: 'ERR_GATEWAY_BAD_REQUEST' })
    })
  }

  it('never takes Content_Length for Content-Length', () => {
    assert.deepEqual(passed(['Content_Length', '5', 'transfer_encoding', 'chunked']), [])
  })
})

describe('foldName', () => {
  it('makes one name of all spellings', () => {
    for (const name of ['X-Remote-User', 'x_remote_user', 'X.Remote.USER']) {
      assert.equal(foldName(name), 'x-remote-user')
    }
  })
})
