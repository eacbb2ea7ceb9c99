/** What somebody without a key can do with browsers' tokens and with assertions, and that nothing comes of it. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeNegTokenResp } from '../../../src/kerberos/gss/spnego.ts'
import { errorCode, SallyportError } from '../../../src/platform/index.ts'
import type { Proof, SsoPipeline } from '../../../src/sso/index.ts'
import { settled } from '../../support/manual-clock.ts'
import { apReqOf, framingsOf, overwritten, withTicketOf } from '../../support/reframed-tokens.ts'
import { KERBEROS, MICROSOFT_KERBEROS, NEGOEX, NTLM, offer } from '../../support/spnego-offer.ts'
import { FRONT, FrontEndWorld, SISTER } from '../../support/sso/front-end-world.ts'

const MINUTE_MS = 60_000
const BINDING = Buffer.from('tls-server-end-point:0123456789abcdef')
const REFUSED = 'ERR_SSO_NEGOTIATE_REFUSED'
const UNFIT = 'ERR_SSO_NEGOTIATE_UNFIT'

describe('attacks on the sign-in with Kerberos', () => {
  const world = new FrontEndWorld()
  let connector: SsoPipeline
  before(() => world.start())
  after(() => world.stop())
  beforeEach(() => {
    connector = world.connector()
  })

  const refusal = async (
    pipeline: SsoPipeline,
    token: Uint8Array,
    channelBinding?: Uint8Array,
  ): Promise<SallyportError> => {
    try {
      await pipeline.signIn({ app: world.app, token, channelBinding })
    } catch (error) {
      if (error instanceof SallyportError) return error
      throw error
    }
    return assert.fail('it was accepted')
  }
  const code = async (...args: Parameters<typeof refusal>): Promise<string> =>
    errorCode(await refusal(...args))

  describe('a copied token', () => {
    it('is known in every framing, whichever came first', async () => {
      const names = Object.keys(framingsOf(await world.token('alice')))
      for (const first of names) {
        const framings = framingsOf(await world.token('alice'))
        const token = framings[first] ?? assert.fail()
        await connector.signIn({ app: world.app, token, channelBinding: undefined })
        for (const copy of Object.values(framings)) {
          assert.equal(await code(connector, copy), REFUSED, first)
        }
      }
    })

    it('is not good once more after the connector has started anew', async () => {
      const token = await world.token('alice')
      await connector.signIn({ app: world.app, token, channelBinding: undefined })
      await world.clock.advance(1000)
      const { code: why, message } = await refusal(world.connector(), token)
      assert.equal(why, UNFIT)
      assert.match(message, /made before this service began/)
    })

    it('is the library’s to know of where that judges too, so that clocks may differ', async () => {
      const token = await world.token('alice')
      await world.clock.advance(1000)
      const judge = () => Promise.resolve({ client: 'alice@CORP.EXAMPLE', reply: undefined })
      const together = world.connector({ ports: { judge } })
      await together.signIn({ app: world.app, token, channelBinding: undefined })
    })

    it('that is bound to another channel stays bound to it without its framing', async () => {
      const bound = await world.token('alice', { binding: BINDING })
      const elsewhere = Buffer.from('tls-server-end-point:of the thief')
      for (const [name, copy] of Object.entries(framingsOf(bound))) {
        assert.equal(await code(connector, copy, elsewhere), REFUSED, name)
      }
      await connector.signIn({ app: world.app, token: bound, channelBinding: BINDING })
    })
  })

  describe('a token for something else', () => {
    it('of the same key cannot be passed off by writing our name over', async () => {
      const binding = BINDING
      const token = await world.token('alice', { service: SISTER, binding })
      const [from, to] = [SISTER, FRONT].map((name) => name.replace('HTTP/', ''))
      assert.ok(from !== undefined && to !== undefined)
      assert.equal(await code(connector, token, BINDING), UNFIT)
      const { code: why, message } = await refusal(connector, overwritten(token, from, to), BINDING)
      assert.equal(why, REFUSED)
      assert.match(message, /made the token for HTTP\/extranet\.example/)
    })

    it('of another realm by its own word is nobody’s', async () => {
      const token = await world.token('alice')
      const other = overwritten(token, 'CORP.EXAMPLE', 'EVIL.EXAMPLE')
      assert.equal(await code(connector, other), UNFIT)
    })

    it('does not fit another’s ticket', async () => {
      const [alice, bob] = [await world.token('alice'), await world.token('bob')]
      assert.equal(await code(connector, withTicketOf(alice, bob)), REFUSED)
      assert.equal(await code(connector, withTicketOf(bob, alice)), REFUSED)
    })
  })

  describe('what is no token', () => {
    it('goes the other way, is no event, and never more than a refusal', async () => {
      const token = await world.token('alice')
      const mechToken = apReqOf(token)
      const cases: Readonly<Record<string, Uint8Array>> = {
        nothing: new Uint8Array(),
        NTLM: Buffer.from('NTLMSSP\0\x01\0\0\0'),
        'NTLM in SPNEGO': offer({ mechTypes: [NTLM], mechToken: Buffer.from('NTLMSSP\0') }),
        'an offer without a token': offer({ mechTypes: [KERBEROS] }),
        'an empty offer': offer({ mechTypes: [] }),
        'Kerberos behind NTLM': offer({ mechTypes: [NTLM, KERBEROS], mechToken }),
        'Kerberos behind NegoEx': offer({ mechTypes: [NEGOEX, MICROSOFT_KERBEROS], mechToken }),
        'the second token of an exchange': encodeNegTokenResp({ responseToken: mechToken }),
        'user to user': offer({ mechTypes: ['1.2.840.113554.1.2.2.3'], mechToken }),
        IAKERB: offer({ mechTypes: ['1.3.6.1.5.2.5'], mechToken }),
        'more than 64 KiB': Buffer.concat([token, Buffer.alloc(65_537)]),
      }
      for (const [name, octets] of Object.entries(cases)) {
        assert.equal(await code(connector, octets), UNFIT, name)
      }
      assert.equal(connector.counters.securityEvents, 0)
      await connector.signIn({ app: world.app, token, channelBinding: undefined })
    })

    it('is refused wherever a token is cut', async () => {
      const token = await world.token('alice')
      for (let length = 0; length < token.length; length += 7) {
        assert.match(await code(connector, token.subarray(0, length)), /^ERR_SSO_NEGOTIATE_/)
      }
    })

    it('signs nobody else in, whatever octet is changed', async () => {
      const token = await world.token('alice')
      const at = fc.nat({ max: token.length - 1 })
      await fc.assert(
        fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (where, change) => {
          const altered = Buffer.from(token)
          altered[where] = (altered[where] ?? 0) ^ change
          const request = { app: world.app, token: altered, channelBinding: undefined }
          const answer = await connector.signIn(request).catch(errorCode)
          // What stands outside all ciphers may change without a harm: flags, key versions, the case of a name.
          if (typeof answer === 'string') assert.match(answer, /^ERR_SSO_NEGOTIATE_/)
          else assert.equal(answer.user.sAMAccountName, 'alice')
        }),
        { numRuns: 300 },
      )
    })
  })

  it('a clock that is off is told apart from malice, and a small difference is none', async () => {
    const early = await world.token('alice')
    await world.clock.advance(6 * MINUTE_MS)
    const error = await refusal(connector, early)
    assert.equal(error.code, UNFIT)
    assert.match(error.message, /clock is 360 s behind ours/)
    assert.match(error.mend ?? '', /clocks/)
    assert.equal(connector.counters.securityEvents, 0)
    const late = await world.token('alice')
    await world.clock.advance(4 * MINUTE_MS)
    await connector.signIn({ app: world.app, token: late, channelBinding: undefined })
  })

  describe('a gateway that swaps assertions', () => {
    it('between the streams of two users gets each one’s own answer, by whatever id it calls them', async () => {
      const tokens = await Promise.all(
        ['alice', 'bob'].map(async (name) => ({
          user: `${name}@CORP.EXAMPLE`,
          idToken: (await world.signIn(connector, name)).idToken,
        })),
      )
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 1 })), {
            minLength: 2,
            maxLength: 12,
          }),
          async (requests) => {
            const outcomes = requests.map(async ([who, id]) => {
              const { user, idToken } = tokens[who] ?? assert.fail()
              const proof: Proof = { id: `id-${id}`, idToken, kind: 'assertion' }
              const { body } = await world.get(connector, proof)
              assert.equal(body.toString(), user)
            })
            await Promise.all(outcomes)
          },
        ),
        { numRuns: 25 },
      )
    })

    it('cannot put one’s MAC under the other’s claims', async () => {
      const [alice, bob] = [
        await world.signIn(connector, 'alice'),
        await world.signIn(connector, 'bob'),
      ]
      const [header, claims] = alice.idToken.split('.')
      const [, , mac] = bob.idToken.split('.')
      const idToken = [header, claims, mac].join('.')
      const outcome = await world.get(connector, { id: 'x', idToken, kind: 'assertion' })
      assert.equal(outcome.code, 'ERR_SSO_ASSERTION_INVALID')
    })

    it('keeps none that was signed out under another id, nor what runs on it', async () => {
      const proof = await world.signIn(connector, 'alice')
      const { length } = world.arrivals
      const running = world.get(connector, proof, { target: '/endless' })
      while (world.arrivals.length === length) await settled()
      connector.forget([proof.id])
      assert.equal((await running).code, 'ERR_SSO_SESSION_ENDED')
      const { code: again } = await world.get(connector, { ...proof, id: 'kept' })
      assert.equal(again, 'ERR_SSO_ASSERTION_UNKNOWN')
    })
  })

  it('another realm’s administrator makes nobody one of us by a name', async () => {
    world.directory.change('alice', { userPrincipalName: 'ceo@home.test' })
    try {
      const trusting = world.connector({ ownRealm: 'HOME.TEST' })
      const [, claims = ''] = (await world.signIn(trusting, 'alice')).idToken.split('.')
      const { upn, groups } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<
        string,
        unknown
      >
      assert.deepEqual([upn, groups], ['alice@CORP.EXAMPLE', ['staff@CORP.EXAMPLE']])
    } finally {
      world.directory.change('alice', { userPrincipalName: 'alice@corp.example' })
    }
  })

  describe('an account that is no more what it was', () => {
    after(() => {
      world.directory.change('alice', { enabled: true, sid: world.kdc.sidOf('alice') })
    })

    it('lets nobody in by a ticket that is good for hours yet, nor by an assertion', async () => {
      const proof = await world.signIn(connector, 'alice')
      const running = world.get(connector, proof, { target: '/endless' })
      const token = await world.token('alice')
      world.directory.change('alice', { enabled: false })
      assert.equal(await code(world.connector(), token), 'ERR_SSO_ACCOUNT_DISABLED')
      await world.clock.advance(6 * MINUTE_MS)
      assert.equal((await running).code, 'ERR_SSO_ACCOUNT_DISABLED')
      assert.equal((await world.get(connector, proof)).code, 'ERR_SSO_ASSERTION_UNKNOWN')
    })

    it('is another one where its name was given to somebody new', async () => {
      world.directory.change('alice', { enabled: true, sid: 'S-1-5-21-9-9-9-9999' })
      const token = await world.token('alice')
      assert.equal(await code(connector, token), 'ERR_SSO_ACCOUNT_UNKNOWN')
    })
  })
})
