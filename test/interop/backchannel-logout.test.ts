/** Signing out at the real provider, which tells the gateway: OpenID Connect Back-Channel Logout 1.0. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { freePort, startStack, type Stack } from '../../docker/demo/stack.ts'
import { Visitor } from '../../docker/demo/visitor.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { registerClient } from '../support/own-client.ts'
import { signIn } from '../support/people.ts'

const lab = sharedLab()
/** Guards against hangs only. */
const PATIENCE = { timeout: 240_000 }

describe('signing out at the provider', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let stack: Stack
  let place: { lab: typeof lab; stack: Stack }

  before(async () => {
    const browserPort = await freePort()
    const own = await registerClient(lab, browserPort)
    stack = await startStack(own, { browserPort })
    place = { lab: own, stack }
  })
  after(() => stack.stop())

  /** As a person does it: the provider's own page, and its button. */
  const signOutAtProvider = async (visitor: Visitor) => {
    const page = await visitor.visit(`${lab.oidc.issuer}/session/end`)
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const answer = await visitor.visit(`${lab.oidc.issuer}/session/end/confirm`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
    })
    assert.ok(answer.status < 400, `${answer.status} ${answer.body}`)
  }

  /** A download of so many events, ten a second, whose first one is there; told how it ended. */
  const begin = async (visitor: Visitor, events: number): Promise<() => Promise<string>> => {
    const { host, hostname, port } = new URL(stack.url('intranet'))
    const cookie = `__Host-sallyport=${visitor.cookie(host, '__Host-sallyport') ?? ''}`
    const place = { host: '127.0.0.1', port, servername: hostname, ca: stack.browserCa }
    const path = `/events?n=${events}`
    const request = get({ ...place, path, agent: false, headers: { host, cookie } })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const ended = new Promise<string>((resolve) => {
      response.on('error', () => undefined)
      response.on('close', () => {
        resolve(response.complete ? 'whole' : 'cut')
      })
    })
    assert.equal(response.statusCode, 200)
    await new Promise((resolve) => response.on('data', resolve))
    return () => ended
  }

  it(
    'ends the session here, and cuts a running download of that user alone',
    PATIENCE,
    async () => {
      const alice = await signIn(place, 'alice')
      const bob = await signIn(place, 'bob')
      assert.deepEqual([alice.page.status, bob.page.status], [200, 200])
      const [endOfAlices, endOfBobs] = [
        await begin(alice.visitor, 3000),
        await begin(bob.visitor, 20),
      ]
      await signOutAtProvider(alice.visitor)
      await stack.gateway.waitFor((line) => line['msg'] === 'signed out by the provider')
      assert.equal(await endOfAlices(), 'cut')
      assert.equal(await endOfBobs(), 'whole')
      const again = await alice.visitor.visit(stack.url('intranet', '/whoami'))
      assert.equal(again.status, 303)
      assert.ok(String(again.headers['location']).startsWith(lab.oidc.issuer))
      assert.equal((await bob.visitor.visit(stack.url('intranet', '/whoami'))).status, 200)
      await Promise.all([alice.visitor.close(), bob.visitor.close()])
    },
  )

  it('takes nothing for a logout token that the provider did not make for us', async () => {
    const { visitor } = await signIn(place, 'alice')
    const stranger = new Visitor([stack.browserCa, await readFile(lab.oidc.caFile, 'utf8')])
    const forged = [{ alg: 'none' }, { iss: lab.oidc.issuer, aud: place.lab.oidc.clientId }]
    const text = forged.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const answer = await stranger.visit(stack.url('intranet', '/.sallyport/backchannel-logout'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${text.join('.')}.`,
    })
    assert.equal(answer.status, 400)
    await stack.gateway.waitFor((line) => line['what'] === 'logout-token-invalid')
    assert.equal((await visitor.visit(stack.url('intranet', '/whoami'))).status, 200)
    await Promise.all([visitor.close(), stranger.close()])
  })
})
