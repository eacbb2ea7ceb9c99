import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createAuthority, issueServerCertificate } from '../../../../src/pki/index.ts'
import { errorCode } from '../../../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import { compilePolicy, policySchema, type KeySource } from '../../../../src/sso/index.ts'
import { createKeySource, readKeySet, type KeySourceOptions } from '../../../../src/sso/io/index.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const ports = { clock: systemClock, random: systemRandom }
const ISSUER = 'https://idp.example'

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body: string
}

describe('key source', () => {
  const authority = createAuthority(ports)
  let server: Server
  let answer: Answer
  let fetches = 0
  let privateKey: Parameters<SignJWT['sign']>[0]
  let keySet: string

  before(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    privateKey = pair.privateKey
    keySet = JSON.stringify({
      keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }],
    })
    const { certificatePem: cert, privateKeyPem: key } = issueServerCertificate(
      authority,
      { names: ['idp.example'] },
      ports,
    )
    server = createServer({ cert, key }, (_request, response) => {
      fetches++
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  beforeEach(() => {
    fetches = 0
    answer = { status: 200, body: keySet }
  })

  const policyOf = (ca: string) => {
    const { port } = server.address() as AddressInfo
    const row = {
      issuer: ISSUER,
      audience: 'a',
      loginClaim: 'upn',
      jwksUrl: `https://idp.example:${port}/jwks`,
      ca: 'ca.pem',
      upnSuffixes: ['x'],
    }
    return compilePolicy(policySchema.parse({ issuers: [row], backends: [] }), () => ca)
  }
  const resolve = (): Promise<readonly string[]> => Promise.resolve(['127.0.0.1'])
  const options = { logger: new MemoryLogger(), resolve, retryMs: 0 }
  const source = (more: Partial<KeySourceOptions> = {}, ca = authority.certificatePem): KeySource =>
    createKeySource(policyOf(ca), { ...options, ...more })
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
    assert.equal(fetches, 1)
  })

  it('shows a key set to who wants to look at it', async () => {
    const read = (ca: string) => {
      const issuer = policyOf(ca).issuers.get(ISSUER)
      assert.ok(issuer)
      return readKeySet(issuer, options)
    }
    assert.deepEqual(await read(authority.certificatePem), JSON.parse(keySet))
    const unreachable = (error: unknown) => errorCode(error) === 'ERR_SSO_KEYS_UNREACHABLE'
    await assert.rejects(read(createAuthority(ports).certificatePem), unreachable)
    answer = { status: 200, body: '{}' }
    await assert.rejects(read(authority.certificatePem), unreachable)
  })

  it('does not fetch again and again for unknown key ids', async () => {
    const keys = source()
    for (let count = 0; count < 5; count++)
      await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY', `x${count}`)
    assert.equal(fetches, 1)
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
    answer = { status: 200, body: both }
    await jwtVerify(token, keys.keysOf(ISSUER))
    await verify(keys)
    assert.equal(fetches, 2)
    answer = { status: 200, body: alone }
    await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY', 'k9')
    await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY')
    await jwtVerify(token, keys.keysOf(ISSUER))
  })

  it('drops an old key after keepMs although nothing unknown comes', async () => {
    const keys = source({ keepMs: 1 })
    const { alone } = await rotated()
    await verify(keys)
    answer = { status: 200, body: alone }
    await new Promise((resolve) => setTimeout(resolve, 20))
    await fails(keys, 'ERR_JWKS_NO_MATCHING_KEY')
  })

  it('does not besiege a provider that is down with tokens of unknown keys', async () => {
    const keys = source({ retryMs: 60_000 })
    answer = { status: 503, body: '' }
    for (let count = 0; count < 20; count++)
      await fails(keys, 'ERR_SSO_KEYS_UNREACHABLE', `x${count}`)
    assert.equal(fetches, 1)
  })

  it('refuses a certificate of another authority', async () => {
    await fails(source({}, createAuthority(ports).certificatePem), 'ERR_SSO_KEYS_UNREACHABLE')
    assert.equal(fetches, 0)
  })

  const wrong: Readonly<Record<string, Answer>> = {
    'another status': { status: 500, body: 'oops' },
    'a redirect': { status: 302, headers: { location: 'https://evil.example/' }, body: '' },
    'what is no JSON': { status: 200, body: '<html>' },
    'what is no key set': { status: 200, body: '{"keys":1}' },
  }
  for (const [name, given] of Object.entries(wrong)) {
    it(`refuses ${name}`, async () => {
      answer = given
      await fails(source(), 'ERR_SSO_KEYS_UNREACHABLE')
    })
  }

  it('refuses a key set that is too long', async () => {
    answer = { status: 200, body: ' '.repeat(100_000) }
    await fails(source({ maxOctets: 10_000 }), 'ERR_SSO_KEYS_UNREACHABLE')
  })

  it('recovers when the issuer is back', async () => {
    const keys = source()
    answer = { status: 503, body: '' }
    await fails(keys, 'ERR_SSO_KEYS_UNREACHABLE')
    answer = { status: 200, body: keySet }
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
