import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeControl,
  encodeControl,
  TunnelError,
  type AppSettings,
  type ControlMessage,
  type FlushedMessage,
  type InspectedMessage,
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
  { type: 'flush', id: 'a1', user: 'alice' },
  { type: 'inspect', id: 'a1' },
  { type: 'inspect', id: 'a1', user: 'alice', servicePrincipalName: 'HTTP/x' },
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
const REFUSALS = { policy: 1, unknown: 0, transport: 0, other: 2 }
const QUEUE = { running: 1, waiting: 2 }
const INSPECTED: InspectedMessage = {
  type: 'inspected',
  id: 'a1',
  cache: {
    tickets: {
      ...{ hits: 1, misses: 2, refreshes: 3, refreshFailures: 4, standIns: 5 },
      evicted: { refused: 1, flushed: 2, ended: 3, expired: 4, pushedOut: 5 },
      ...{ kept: 6, octets: 7, evidenceKept: 8, evidenceOctets: 9 },
      ...{ refusals: REFUSALS, refusalHits: REFUSALS, queue: QUEUE },
    },
    accounts: {
      ...{ hits: 1, lookups: 2, standIns: 3, kept: 4 },
      ...{ refusals: REFUSALS, refusalHits: REFUSALS, queue: QUEUE },
    },
    entries: [
      {
        ...{ user: 'alice@CORP.EXAMPLE', servicePrincipalName: 'HTTP/x', octets: 1500 },
        ...{ expiresMs: 3, refreshFromMs: 2, lastUsedMs: 1 },
      },
    ],
    more: 1,
  },
}
const FLUSHED: FlushedMessage = {
  ...{ type: 'flushed', id: 'a1' },
  dropped: { tickets: 1, evidence: 2, accounts: 3, kdcRefusals: 4, directoryRefusals: 5 },
}
const FROM_CONNECTOR = [
  STATUS,
  FLUSHED,
  INSPECTED,
  { ...INSPECTED, cache: { entries: [], more: 0 } },
]
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
    for (const message of FROM_CONNECTOR) {
      assert.deepEqual(decodeControl(encodeControl(message), 'connector'), message)
    }
  })

  it('are refused from the wrong side', () => {
    for (const message of FROM_GATEWAY) {
      refused(() => decodeControl(encodeControl(message), 'connector'))
    }
    for (const message of FROM_CONNECTOR) {
      refused(() => decodeControl(encodeControl(message), 'gateway'))
    }
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

  it('with a time that is no date are refused', () => {
    const [entry] = INSPECTED.cache.entries
    const cache = { entries: [{ ...entry, expiresMs: 1e300 }], more: 0 }
    refused(() => decodeControl(octets({ ...INSPECTED, cache }), 'connector'))
  })

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
