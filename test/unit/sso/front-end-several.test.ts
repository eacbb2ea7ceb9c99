/** One user, signed in with Kerberos at two places: what ends one sign-in leaves the other alone. */

import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { Proof, SsoPipeline } from '../../../src/sso/index.ts'
import { FrontEndWorld } from '../../support/sso/front-end-world.ts'
import { settled } from '../../support/manual-clock.ts'

describe('two sign-ins with Kerberos of one user', () => {
  const world = new FrontEndWorld()
  before(() => world.start())
  after(() => world.stop())

  /** A request that lasts, and has reached the backend. */
  const lasting = async (connector: SsoPipeline, proof: Proof): Promise<{ over: boolean }> => {
    const call = { over: false }
    const { length } = world.arrivals
    void world.get(connector, proof, { target: '/endless' }).then(() => (call.over = true))
    while (world.arrivals.length === length) await settled()
    return call
  }

  /** Holds what is asked of the KDC back. */
  const holdKdc = (
    t: TestContext,
  ): { readonly isAsked: Promise<void>; readonly answer: () => void } => {
    let answer = (): void => undefined
    let asked = (): void => undefined
    const held = new Promise<void>((resolve) => (answer = resolve))
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    const exchange = world.kdc.exchange.bind(world.kdc)
    t.mock.method(world.kdc, 'exchange', async (...question: Parameters<typeof exchange>) => {
      asked()
      await held
      return exchange(...question)
    })
    return { isAsked, answer }
  }

  it('end one by one: a ticket that is no more while its request waits says nothing of the account', async (t) => {
    const connector = world.connector()
    const desk = await world.signIn(connector, 'alice')
    const running = await lasting(connector, desk)
    await world.clock.advance(1000)
    const laptop = await world.signIn(connector, 'alice')
    const { isAsked, answer } = holdKdc(t)
    const waiting = world.get(connector, laptop)
    await isAsked
    connector.forget([laptop.id])
    assert.equal((await waiting).code, 'ERR_SSO_SESSION_ENDED')
    answer()
    for (let turn = 0; turn < 20; turn += 1) await settled()
    assert.equal((await world.get(connector, desk)).body.toString(), 'alice@CORP.EXAMPLE')
    await world.clock.advance(16_000)
    assert.equal(running.over, false)
  })
})
