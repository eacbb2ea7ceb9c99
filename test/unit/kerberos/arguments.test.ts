/** Programs without types are told which argument is wrong and what it should be, never where our code first missed it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Acceptor,
  decodeCcache,
  decodeKeytab,
  decodePac,
  formatNegotiate,
  formatPrincipal,
  Initiator,
  KerberosClient,
  newCcache,
  parseNegotiate,
  parsePrincipal,
  tlsServerEndPoint,
} from '../../../src/kerberos/index.ts'
import {
  ccacheIdentity,
  keytabIdentity,
  loadKrb5Conf,
  NetworkKdcTransport,
  openKdcAccess,
  passwordFileIdentity,
  readCcacheFile,
  readKeytabFile,
} from '../../../src/kerberos/io/index.ts'
import { newWorld, random, REALM, SPN } from '../../support/kerberos-world.ts'

/** A function of ours as a program without types sees it. */
type Untyped = (...args: readonly unknown[]) => unknown
type Constructor = new (...args: never[]) => unknown

const untyped = (f: (...args: never[]) => unknown): Untyped => f as Untyped
const making =
  (type: Constructor): Untyped =>
  (...args) =>
    Reflect.construct(type, args) as unknown

const { kdc, clock, client } = newWorld()
const connector = client()
const { principal } = parsePrincipal('alice')
const identity = { principal, realm: REALM, keys: { password: 'Secret-1' } }
const good = { identity, transport: kdc, clock, random }
const of = (changes: object): Untyped =>
  making(KerberosClient).bind(undefined, { ...good, ...changes })
const method = (name: 'impersonate' | 'delegate' | 'diagnose' | 'ownTicket' | 'evidenceFrom') =>
  untyped(connector[name].bind(connector))
const acceptor = new Acceptor({ keys: kdc.keytab('svc-iwa') }, { clock, random })
const ports = { clock, random }
const initiator = connector.initiator(await connector.ownTicket(SPN))
const makeToken = untyped(initiator.createToken.bind(initiator))

/** What is called, with what, and what the error must say. */
const MISUSES: readonly (readonly [Untyped, readonly unknown[], RegExp])[] = [
  [making(KerberosClient), [], /^options must be an object: \{ identity/],
  [making(KerberosClient), [{}], /^identity must be an object: .*not undefined/],
  [of({ transport: undefined }), [], /^transport must be a KdcTransport, .*not undefined/],
  [of({ transport: {} }), [], /^transport .*it has no function exchange/],
  [of({ clock: undefined }), [], /^clock must be a Clock, for instance systemClock/],
  [of({ clock: Date }), [], /^clock must be a Clock/],
  [of({ random: undefined }), [], /^random must be a Random, for instance systemRandom/],
  [of({ etypes: 18 }), [], /^etypes must be an array/],
  [
    of({ identity: { ...identity, principal: 'alice' } }),
    [],
    /^identity\.principal .*parsePrincipal/,
  ],
  [of({ identity: { ...identity, realm: undefined } }), [], /^identity\.realm must be a string/],
  [of({ identity: { ...identity, keys: 'Secret-1' } }), [], /^identity\.keys .*not a string$/],
  [of({ identity: { ...identity, keys: undefined } }), [], /^identity\.keys .*not undefined$/],
  [of({ identity: Promise.resolve(identity) }), [], /^identity .*a promise: await it first/],
  [method('ownTicket'), [], /^a principal name must be a string/],
  [method('impersonate'), ['alice'], /^user must be an object: \{ name \}, not a string/],
  [method('impersonate'), [{ user: 'alice' }], /^user\.name must be a string/],
  [method('impersonate'), [{ name: 'alice', realm: 1 }], /^user\.realm must be a string/],
  [method('delegate'), [SPN, {}], /^evidence must be what impersonate\(\)/],
  [method('delegate'), [{}], /^a principal name must be a string/],
  [method('diagnose'), [SPN], /^evidence must be what impersonate\(\)/],
  [untyped(connector.initiator.bind(connector)), [], /^ticket must be what ownTicket\(\)/],
  [untyped(decodeKeytab), ['k'], /^octets must be a Uint8Array, not a string/],
  [untyped(decodeCcache), [], /^octets must be a Uint8Array/],
  [untyped(decodePac), [], /^octets must be a Uint8Array/],
  [method('evidenceFrom'), [], /^ticket must be DER/],
  [untyped(parsePrincipal), [], /^a principal name must be a string, not undefined/],
  [untyped(formatPrincipal), ['alice'], /^name\.nameString must be an array/],
  [untyped(formatNegotiate), [{ token: 1 }], /^token must be a Uint8Array, not an object/],
  [untyped(formatNegotiate), ['YII='], /^token must be a Uint8Array, not a string/],
  [untyped(parseNegotiate), [5], /^headerValue must be a string or an array/],
  [untyped(tlsServerEndPoint), [{}], /^certificateDer must be DER, .*getPeerX509Certificate/],
  [
    makeToken,
    [{ channelBinding: 'tls-server-end-point:…' }],
    /^channelBinding .*tlsServerEndPoint/,
  ],
  [making(Initiator), [], /^ticket must be a service ticket/],
  [making(Initiator), [{ ticket: 'DER' }], /^ticket\.ticket must be a Uint8Array/],
  [making(Initiator), [{ ticket: new Uint8Array(8) }], /^ticket\.sessionKey must be an object/],
  [making(Initiator), [await connector.ownTicket(SPN)], /^ports must be .*not undefined/],
  [making(Initiator), [await connector.ownTicket(SPN), { clock }], /^ports\.random must be/],
  [makeToken, [{ channelBinding: null }], /^channelBinding .*not null/],
  [untyped(newCcache), [{}], /^tickets must be an array/],
  [making(Acceptor), [], /^options must be an object: \{ keys \}/],
  [making(Acceptor), [{ keys: '/etc/krb5.keytab' }, ports], /^options\.keys .*readKeytabFile/],
  [making(Acceptor), [{ keys: Promise.resolve([]) }, ports], /^options\.keys .*await it first/],
  [
    making(Acceptor),
    [{ keys: [], services: 'HTTP/a' }, ports],
    /^options\.services must be an array/,
  ],
  [making(Acceptor), [{ keys: [] }], /^ports must be an object: \{ clock, random \}/],
  [
    untyped(acceptor.accept.bind(acceptor)),
    ['Negotiate YII='],
    /^token .*parseNegotiate.*not a string/,
  ],
  [untyped(keytabIdentity), ['k', 'CONN1$@X'], /^owner must be an object: \{ principal, realm \}/],
  [untyped(passwordFileIdentity), ['p', { principal }], /^owner\.realm must be a string/],
  [untyped(ccacheIdentity), [], /^the name of the credential cache must be a string/],
  [untyped(readCcacheFile), [], /^the name of the credential cache must be a string/],
  [untyped(readKeytabFile), [], /^the path of the keytab must be a string/],
  [untyped(loadKrb5Conf), [], /^paths must be a path, or several/],
  [making(NetworkKdcTransport), [], /^options must be an object: \{ kdcs \}/],
  [making(NetworkKdcTransport), [{ kdcs: ['dc1'] }], /^kdcs must be an object: \{ REALM/],
  [making(NetworkKdcTransport), [{ kdcs: { R: 'dc1' } }], /^kdcs of R must be an array/],
  [untyped(openKdcAccess), ['krb5.conf'], /^options must be an object/],
]

describe('a wrong argument', () => {
  for (const [index, [call, args, message]] of MISUSES.entries()) {
    it(`is named (${index}): ${message.source}`, async () => {
      const attempt = (): Promise<unknown> => Promise.resolve().then(() => call(...args))
      await assert.rejects(attempt, (error: Error) => {
        assert.ok(error instanceof TypeError)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /Secret|YII=/)
        return true
      })
    })
  }
})

describe('impersonate', () => {
  it('takes a user without a realm for one of our own', async () => {
    const evidence = await connector.impersonate({ name: 'alice' })
    assert.equal(evidence.clientRealm, REALM)
  })
})
