import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeControl,
  encodeControl,
  TunnelError,
  type AppSettings,
  type ControlMessage,
} from '../../../src/tunnel/index.ts'

const APP: AppSettings = {
  id: 'intranet',
  externalUrl: 'https://intranet.example/',
  internalUrl: 'http://iwa.corp.example/',
  preAuthentication: 'oidc',
  singleSignOn: 'kerberos',
  servicePrincipalName: 'HTTP/iwa.corp.example',
  delegatedLoginIdentity: 'userPrincipalName',
  hostHeader: 'internal',
  timeouts: { connectMs: 1000, firstOctetMs: 2000, idleMs: 3000 },
}
const FROM_GATEWAY: readonly ControlMessage[] = [
  { type: 'apps', revision: 3, apps: [APP] },
  {
    type: 'apps',
    revision: 4,
    apps: [
      {
        ...APP,
        sendTicket: 'on401',
        tokenFormat: 'kerberos',
        ticketStatuses: [403],
        replayBodies: false,
      },
    ],
  },
  { type: 'proof', id: 'p1', idToken: 'secret.token.text' },
  { type: 'forget', proofs: ['p1', 'p2'] },
  { type: 'flush' },
  { type: 'account', principal: 'CONN1$@CORP.EXAMPLE', connectors: 2 },
  { type: 'flush', user: 'alice@corp.example', servicePrincipalName: 'HTTP/x' },
  {
    type: 'apps',
    revision: 3,
    apps: [],
    signIn: { issuer: 'https://idp.example', clientId: 'sallyport' },
  },
]
const STATUS: ControlMessage = {
  type: 'status',
  version: '0.1.0',
  kerberos: { ready: true, principal: 'CONN1$@CORP.EXAMPLE' },
}
const octets = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const refused = (read: () => unknown): TunnelError => {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof TunnelError)
    assert.equal(error.code, 'ERR_TUNNEL_CONTROL')
    return error
  }
  assert.fail('not refused')
}

describe('control messages', () => {
  it('come back as they were sent', () => {
    for (const message of FROM_GATEWAY) {
      assert.deepEqual(decodeControl(encodeControl(message), 'gateway'), message)
    }
    assert.deepEqual(decodeControl(encodeControl(STATUS), 'connector'), STATUS)
  })

  it('are refused from the wrong side', () => {
    for (const message of FROM_GATEWAY) {
      refused(() => decodeControl(encodeControl(message), 'connector'))
    }
    refused(() => decodeControl(encodeControl(STATUS), 'gateway'))
  })

  it('of an unknown type are passed over, and so are unknown members', () => {
    assert.equal(decodeControl(octets({ type: 'later', a: 1 }), 'gateway'), undefined)
    assert.equal(decodeControl(octets({ type: 'toString' }), 'gateway'), undefined)
    const more = { ...FROM_GATEWAY[2], later: true }
    assert.deepEqual(decodeControl(octets(more), 'gateway'), FROM_GATEWAY[2])
  })

  it('that are cut anywhere are refused', () => {
    for (const message of FROM_GATEWAY) {
      const whole = encodeControl(message)
      for (let length = 0; length < whole.length; length += 1) {
        refused(() => decodeControl(whole.subarray(0, length), 'gateway'))
      }
    }
  })

  const malformed: Record<string, unknown> = {
    'no object': 5,
    null: null,
    'an array': [],
    'no type': {},
    'a type that is no text': { type: 5 },
    'a negative revision': { type: 'apps', revision: -1, apps: [] },
    'an unknown sign-on': { type: 'apps', revision: 1, apps: [{ ...APP, singleSignOn: 'ntlm' }] },
    'a timeout of nothing': {
      type: 'apps',
      revision: 1,
      apps: [{ ...APP, timeouts: { connectMs: 0 } }],
    },
    'a sign-in without a client id': {
      type: 'apps',
      revision: 1,
      apps: [],
      signIn: { issuer: 'https://idp.example' },
    },
    'a proof without a token': { type: 'proof', id: 'p' },
    'a token beyond its limit': { type: 'proof', id: 'p', idToken: 'x'.repeat(65_537) },
  }
  for (const [what, value] of Object.entries(malformed)) {
    it(`with ${what} are refused`, () => {
      refused(() => decodeControl(octets(value), 'gateway'))
    })
  }

  it('that are refused name the field and never the value', () => {
    const error = refused(() =>
      decodeControl(octets({ type: 'proof', id: '', idToken: 'SECRET' }), 'gateway'),
    )
    assert.match(error.message, /'id'/)
    const cut = refused(() =>
      decodeControl(Buffer.from('{"type":"proof","idToken":"SECRET'), 'gateway'),
    )
    for (const { message, cause } of [error, cut]) {
      assert.doesNotMatch(message, /SECRET/)
      assert.equal(cause, undefined)
    }
  })

  it('that are not UTF-8 are refused', () => {
    refused(() => decodeControl(Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'gateway'))
  })
})
