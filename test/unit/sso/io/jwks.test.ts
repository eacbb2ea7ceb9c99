import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createAuthority } from '../../../../src/pki/index.ts'
import { errorCode } from '../../../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import { compilePolicy, policySchema, type KeySource } from '../../../../src/sso/index.ts'
import { createKeySource, readKeySet } from '../../../../src/sso/io/index.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'
import { JwksServer, type JwksAnswer } from '../../../support/sso/jwks-server.ts'
import { ISSUER } from '../../../support/sso/world.ts'

const ports = { clock: systemClock, random: systemRandom }

describe('key source', () => {
  let server: JwksServer
  let privateKey: Parameters<SignJWT['sign']>[0]
  let key: object
  let keySet: string

  before(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    privateKey = pair.privateKey
    key = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }
    keySet = JSON.stringify({ keys: [key] })
    server = await new JwksServer().listen()
  })
  after(() => server.close())
  beforeEach(() => {
    server.fetches = 0
    server.show(key)
  })

  const source: JwksServer['source'] = (more, ca) => server.source(more, ca)
  const verify = async (keys: KeySource, kid = 'k1'): Promise<unknown> => {
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
    return jwtVerify(token, keys.keysOf(ISSUER))
  }
  const fails = async (keys: KeySource, code: string, kid?: string): Promise<void> => {
    await assert.rejects(verify(keys, kid), (error) => errorCode(error) === code)
  }

  it('fetches keys over verified TLS, and keeps them', async () => {
    const keys = source()
    await verify(keys)
    await verify(keys)
    assert.equal(server.fetches, 1)
  })

  it('shows a key set to who wants to look at it', async () => {
    const read = (ca?: string) => {
      const issuer = server.policy(ca).issuers.get(ISSUER)
      assert.ok(issuer)
      return readKeySet(issuer, server.options)
    }
    assert.deepEqual(await read(), JSON.parse(keySet))
    const unreachable = (error: unknown) => errorCode(error) === 'ERR_SSO_KEYS_UNREACHABLE'
    await assert.rejects(read(createAuthority(ports).certificatePem), unreachable)
    server.answer = { status: 200, body: '{}' }
    await assert.rejects(read(), unreachable)
  })

  it('does not fetch again and again for unknown key ids', async () => {
    const keys = source()
    for (let count = 0; count < 5; count++)
      await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY', `x${count}`)
    assert.equal(server.fetches, 1)
  })

  /** A second key, and the set in which the provider shows it beside the first or alone. */
  const rotated = async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    const fresh = { ...(await exportJWK(pair.publicKey)), kid: 'k2', alg: 'ES256' }
    const { keys: known } = JSON.parse(keySet) as { keys: object[] }
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k2' })
      .sign(pair.privateKey)
    const both = JSON.stringify({ keys: [...known, fresh] })
    return { token, both, alone: JSON.stringify({ keys: [fresh] }) }
  }

  it('fetches a rotated key as soon as a token names it, and drops the old one', async () => {
    const keys = source({ cooldownMs: 0 })
    const { token, both, alone } = await rotated()
    await verify(keys)
    server.answer = { status: 200, body: both }
    await jwtVerify(token, keys.keysOf(ISSUER))
    await verify(keys)
    assert.equal(server.fetches, 2)
    server.answer = { status: 200, body: alone }
    await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY', 'k9')
    await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY')
    await jwtVerify(token, keys.keysOf(ISSUER))
  })

  it('drops an old key after keepMs although nothing unknown comes', async () => {
    const keys = source({ keepMs: 1 })
    const { alone } = await rotated()
    await verify(keys)
    server.answer = { status: 200, body: alone }
    await new Promise((resolve) => setTimeout(resolve, 20))
    await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY')
  })

  it('does not besiege a provider that is down with tokens of unknown keys', async () => {
    const keys = source({ retryMs: 60_000 })
    server.answer = { status: 503, body: '' }
    for (let count = 0; count < 20; count++)
      await fails(keys, 'ERR_SSO_KEYS_UNREACHABLE', `x${count}`)
    assert.equal(server.fetches, 1)
  })

  it('says when a key is gone or is another one, not when one has come', async () => {
    const keys = source()
    let gone = 0
    keys.onKeyGone?.((issuer) => {
      assert.equal(issuer, ISSUER)
      gone++
    })
    const refresh = async (...shown: readonly object[]): Promise<number> => {
      server.show(...shown)
      await keys.refresh?.(ISSUER)
      return gone
    }
    const other = { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'k1' }
    assert.equal(await refresh(key), 0)
    assert.equal(await refresh(key, { ...other, kid: 'k2' }), 0)
    assert.equal(await refresh({ ...other, kid: 'k2' }, key), 0)
    assert.equal(await refresh(key), 1)
    assert.equal(await refresh(other), 2)
    await fails(keys, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
    assert.equal(server.fetches, 5)
  })

  it('keeps the keys at hand where they cannot be fetched anew', async () => {
    const keys = source()
    await verify(keys)
    server.answer = { status: 503, body: '' }
    await assert.rejects(async () => keys.refresh?.(ISSUER), { code: 'ERR_SSO_KEYS_UNREACHABLE' })
    await verify(keys)
  })

  it('refuses a certificate of another authority', async () => {
    await fails(source({}, createAuthority(ports).certificatePem), 'ERR_SSO_KEYS_UNREACHABLE')
    assert.equal(server.fetches, 0)
  })

  const wrong: Readonly<Record<string, JwksAnswer>> = {
    'another status': { status: 500, body: 'oops' },
    'a redirect': { status: 302, headers: { location: 'https://evil.example/' }, body: '' },
    'what is no JSON': { status: 200, body: '<html>' },
    'what is no key set': { status: 200, body: '{"keys":1}' },
  }
  for (const [name, given] of Object.entries(wrong)) {
    it(`refuses ${name}`, async () => {
      server.answer = given
      await fails(source(), 'ERR_SSO_KEYS_UNREACHABLE')
    })
  }

  it('refuses a key set that is too long', async () => {
    server.answer = { status: 200, body: `{"keys":[]}${' '.repeat(100_000)}` }
    await fails(source({ maxOctets: 10_000 }), 'ERR_SSO_KEYS_UNREACHABLE')
    await fails(source({ maxOctets: 200_000 }), 'ERR_JWKS_NO_MATCHING_KEY')
  })

  it('recovers when the issuer is back', async () => {
    const keys = source()
    server.answer = { status: 503, body: '' }
    await fails(keys, 'ERR_SSO_KEYS_UNREACHABLE')
    server.answer = { status: 200, body: keySet }
    await verify(keys)
  })

  it('reads keys from a file, and says when it holds none', async () => {
    const row = {
      issuer: ISSUER,
      audience: 'a',
      loginClaim: 'upn',
      keysFile: 'keys.json',
      upnSuffixes: ['x'],
    }
    const fromText = (text: string): KeySource => {
      const policy = compilePolicy(policySchema.parse({ issuers: [row], backends: [] }), () => text)
      return createKeySource(policy, { logger: new MemoryLogger() })
    }
    await verify(fromText(keySet))
    for (const text of ['', '{}', '{"keys":1}']) {
      assert.throws(() => fromText(text), { code: 'ERR_SSO_KEYS_UNREACHABLE' })
    }
  })

  it('knows the issuers of its policy alone', () => {
    assert.throws(() => source().keysOf('https://other.example'), RangeError)
  })
})
