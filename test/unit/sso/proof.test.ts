import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { beforeEach, describe, it } from 'node:test'
import { generateKeyPair, SignJWT } from 'jose'
import { errorCode, SallyportError } from '../../../src/platform/index.ts'
import {
  resolveSsoLimits,
  SsoError,
  type KeySource,
  type Proof,
  type SsoErrorCode,
} from '../../../src/sso/index.ts'
import { AcceptedSignIn } from '../../../src/sso/accepted-sign-ins.ts'
import { ProofVerifier, type Verdict } from '../../../src/sso/proof.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import {
  appOf,
  AUDIENCE,
  createIssuer,
  ISSUER,
  policyOf,
  type Issuer,
} from '../../support/sso/world.ts'

const MINUTE = 60

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('ProofVerifier', () => {
  let clock: ManualClock
  let issuer: Issuer
  let verifier: ProofVerifier
  let now: number

  const make = (row: Record<string, unknown> = {}, keys?: KeySource): ProofVerifier =>
    new ProofVerifier(
      { policy: policyOf([], { maxAgeMinutes: 60, ...row }), keys: keys ?? issuer.keys, clock },
      resolveSsoLimits({ clockToleranceSeconds: 30 }),
    )
  const verify = (idToken: string): Promise<unknown> => verifier.verify({ id: 'p', idToken })
  const refused = async (idToken: string, code: string, words?: RegExp): Promise<void> => {
    await assert.rejects(verify(idToken), (error: unknown) => {
      assert.equal(errorCode(error), code)
      if (words !== undefined) assert.match((error as Error).message, words)
      assert.ok(!(error as Error).message.includes(idToken.split('.')[1] ?? '-'))
      return true
    })
    assert.equal(verifier.verified, 0)
  }

  beforeEach(async () => {
    clock = new ManualClock()
    issuer = await createIssuer(clock)
    verifier = make()
    now = Math.floor(clock.nowMs() / 1000)
  })

  it('accepts what the issuer of the policy signed', async () => {
    const idToken = await issuer.token({ upn: 'alice@corp.example' })
    const verdict = await verifier.verify({ id: 'p', idToken })
    assert.equal(verdict.claims['upn'], 'alice@corp.example')
    assert.equal(verdict.signedInMs, now * 1000)
    assert.equal(verifier.known({ id: 'p', idToken }), verdict)
  })

  it('does not know another token under the same id', async () => {
    const idToken = await issuer.token({ upn: 'alice@corp.example' })
    await verifier.verify({ id: 'p', idToken })
    const other = await issuer.token({ upn: 'bob@corp.example' })
    assert.equal(verifier.known({ id: 'p', idToken: other }), undefined)
  })

  it('checks a proof once for many requests at a time', async () => {
    const proof = { id: 'p', idToken: await issuer.token({ upn: 'alice@corp.example' }) }
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(proof)))
    assert.equal(verifier.verified, 1)
  })

  it('refuses an unsigned token', async () => {
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'x',
      upn: 'alice@corp.example',
      iat: now,
      exp: now + 600,
    }
    await refused(
      `${base64url({ alg: 'none' })}.${base64url(claims)}.`,
      'ERR_SSO_PROOF_INVALID',
      /algorithm/,
    )
  })

  it('refuses HS256 keyed with the public key', async () => {
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'x',
      upn: 'alice@corp.example',
      iat: now,
      exp: now + 600,
    }
    const signed = `${base64url({ alg: 'HS256', kid: 'k1' })}.${base64url(claims)}`
    const mac = createHmac('sha256', JSON.stringify(issuer.publicJwk))
      .update(signed)
      .digest('base64url')
    await refused(`${signed}.${mac}`, 'ERR_SSO_PROOF_INVALID', /algorithm/)
  })

  it('refuses an algorithm that the policy does not list', async () => {
    verifier = make({ algorithms: ['RS256'] })
    await refused(
      await issuer.token({ upn: 'alice@corp.example' }),
      'ERR_SSO_PROOF_INVALID',
      /algorithm/,
    )
  })

  it("refuses another key's signature, under a known and an unknown key id", async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'x',
      upn: 'alice@corp.example',
      iat: now,
      exp: now + 600,
    }
    for (const [kid, words] of [
      ['k1', /signature/],
      ['k9', /no such key/],
    ] as const) {
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(privateKey)
      await refused(forged, 'ERR_SSO_PROOF_INVALID', words)
    }
  })

  it('refuses another issuer, and none, under a code of its own', async () => {
    const claims: readonly Record<string, unknown>[] = [
      { iss: 'https://evil.example' },
      { iss: `${ISSUER}/` },
      { iss: undefined },
    ]
    for (const change of claims) {
      const token = await issuer.token({ upn: 'alice@corp.example', ...change })
      await refused(token, 'ERR_SSO_ISSUER_UNKNOWN', /issuer/)
    }
  })

  it('refuses a changed token', async () => {
    const [head = '', , signature = ''] = (await issuer.token({ upn: 'alice@corp.example' })).split(
      '.',
    )
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'x',
      upn: 'bob@corp.example',
      iat: now,
      exp: now + 600,
    }
    await refused(`${head}.${base64url(claims)}.${signature}`, 'ERR_SSO_PROOF_INVALID', /signature/)
  })

  const forgeries: Readonly<
    Record<string, readonly [Record<string, unknown>, RegExp, SsoErrorCode?]>
  > = {
    'another audience': [{ aud: 'someone-else' }, /aud/, 'ERR_SSO_PROOF_AUDIENCE'],
    'several audiences without azp': [{ aud: [AUDIENCE, 'other'] }, /azp/],
    'another azp': [{ azp: 'other' }, /azp/, 'ERR_SSO_PROOF_AUDIENCE'],
    'no exp': [{ exp: undefined }, /exp/],
    'an iat in the future': [{ iat: 4_000_000_000 }, /iat/, 'ERR_SSO_PROOF_EARLY'],
    'an auth_time in the future': [
      { auth_time: 4_000_000_000 },
      /auth_time/,
      'ERR_SSO_PROOF_EARLY',
    ],
    'an auth_time that is no number': [{ auth_time: 'now' }, /auth_time/],
    'an nbf in the future': [{ nbf: 4_000_000_000 }, /nbf/, 'ERR_SSO_PROOF_EARLY'],
  }
  for (const [name, forged] of Object.entries(forgeries)) {
    const [claims, words, code = 'ERR_SSO_PROOF_INVALID'] = forged
    it(`refuses ${name}`, async () => {
      await refused(await issuer.token({ upn: 'alice@corp.example', ...claims }), code, words)
    })
  }

  it('accepts several audiences with our azp', async () => {
    const idToken = await issuer.token({
      upn: 'a@corp.example',
      aud: [AUDIENCE, 'other'],
      azp: AUDIENCE,
    })
    await verify(idToken)
    assert.equal(verifier.verified, 1)
  })

  it('refuses tokens of another kind by their header', async () => {
    for (const typ of ['at+jwt', 'logout+jwt']) {
      await refused(
        await issuer.token({ upn: 'alice@corp.example' }, { typ }),
        'ERR_SSO_PROOF_INVALID',
        /typ/,
      )
    }
  })

  it('refuses what is no JWT, and what is too long', async () => {
    await refused('abc', 'ERR_SSO_PROOF_INVALID')
    await refused('a.b.c', 'ERR_SSO_PROOF_INVALID')
    await refused('x'.repeat(20_000), 'ERR_SSO_PROOF_INVALID', /idTokenLength/)
  })

  it('refuses an expired token, past the tolerance', async () => {
    await refused(
      await issuer.token({ upn: 'a@corp.example', exp: now - 31 }),
      'ERR_SSO_PROOF_EXPIRED',
    )
    await verify(await issuer.token({ upn: 'a@corp.example', exp: now - 29 }))
  })

  it('refuses too old a sign-in, by auth_time, and by iat where that is missing', async () => {
    const old = now - 61 * MINUTE
    await refused(
      await issuer.token({ upn: 'a@corp.example', auth_time: old }),
      'ERR_SSO_PROOF_EXPIRED',
    )
    await refused(
      await issuer.token({ upn: 'a@corp.example', auth_time: undefined, iat: old }),
      'ERR_SSO_PROOF_EXPIRED',
    )
    await verify(await issuer.token({ upn: 'a@corp.example', auth_time: now - 59 * MINUTE }))
  })

  it('looks at exp again on each use', async () => {
    const proof = {
      id: 'p',
      idToken: await issuer.token({ upn: 'a@corp.example', exp: now + 100 }),
    }
    await verifier.verify(proof)
    await clock.advance(129_000)
    assert.ok(verifier.known(proof))
    await clock.advance(2000)
    assert.throws(() => verifier.known(proof), { code: 'ERR_SSO_PROOF_EXPIRED' })
  })

  it('looks at the age of the sign-in again on each use', async () => {
    const proof = {
      id: 'p',
      idToken: await issuer.token({ upn: 'a@corp.example', exp: now + 86_400 }),
    }
    await verifier.verify(proof)
    await clock.advance(61 * MINUTE * 1000)
    assert.throws(() => verifier.known(proof), { code: 'ERR_SSO_PROOF_EXPIRED' })
  })

  it('forgets, also what is still being checked', async () => {
    const proof = { id: 'p', idToken: await issuer.token({ upn: 'a@corp.example' }) }
    const pending = verifier.verify(proof)
    verifier.forget('p')
    await pending
    assert.equal(verifier.known(proof), undefined)
    await verifier.verify(proof)
    verifier.forget('p')
    assert.equal(verifier.known(proof), undefined)
  })

  it('forgets one that is checked, although the same is sent again meanwhile', async () => {
    const proof = { id: 'p', idToken: await issuer.token({ upn: 'a@corp.example' }) }
    const forgotten = verifier.verify(proof)
    verifier.forget('p')
    const verdict = verifier.verify(proof)
    await forgotten
    // Whose tickets end with the proof is noted in the verdict that requests went on with.
    ;(await verdict).users.add('S-1-5-21-1')
    assert.equal(verifier.known(proof), await verdict)
    assert.deepEqual([...verifier.forget('p')], ['S-1-5-21-1'])
  })

  it('takes no sign-in with Kerberos that is gone for a newer proof of the user', async () => {
    const idToken = await issuer.token({ upn: 'a@corp.example' })
    const good = await verifier.verify({ id: 'p', idToken })
    const accepted = new AcceptedSignIn({
      ...{ id: 'a', user: 'S-1-5-21-1', ticket: new Uint8Array(1), signedInMs: 0, endMs: 1 },
      apps: [appOf('http://a.example/')],
    })
    const verdictOn = (proof: Proof): Verdict => ({ ...good, proofId: proof.id, accepted })
    verifier.assertions = { verdictOn, signIns: { drop: () => undefined } }
    verifier.forget('p')
    await verifier.verify({ id: 'a', idToken, kind: 'assertion' })
    assert.equal(verifier.isLive(good), true)
    accepted.end()
    assert.equal(verifier.isLive(good), false)
  })

  it('tells keys that cannot be had from a bad token', async () => {
    const failing = (error: Error): KeySource => ({ keysOf: () => () => Promise.reject(error) })
    const idToken = await issuer.token({ upn: 'a@corp.example' })
    for (const error of [new Error('down'), new SsoError('ERR_SSO_KEYS_UNREACHABLE', 'down')]) {
      verifier = make({}, failing(error))
      await refused(idToken, 'ERR_SSO_KEYS_UNREACHABLE')
    }
    assert.ok(new SsoError('ERR_SSO_KEYS_UNREACHABLE', 'down') instanceof SallyportError)
  })
})
