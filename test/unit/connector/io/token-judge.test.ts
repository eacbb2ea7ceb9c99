import assert from 'node:assert/strict'
import { after, beforeEach, describe, it } from 'node:test'
import { openTokenJudge } from '../../../../src/connector/io/token-judge.ts'
import type { KerberosConfig } from '../../../../src/connector/index.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'
import { replaceKerberosPackage } from '../../../support/kerberos-package.ts'

/** Takes the token for the name of its user; refuses mallory's, says nothing that ends mute's, and lets slow's wait. */
const FAKE = `
export default {
  initializeServer: async () => ({
    async step(token) {
      const user = Buffer.from(token, 'base64').toString()
      if (user === 'slow') await globalThis.slow
      if (user === 'mallory') throw new Error('Request is a replay')
      this.username = user
      this.contextComplete = user !== 'mute'
      this.response = Buffer.from('answer').toString('base64')
      return this.response
    },
  }),
}`

const npmKerberos = replaceKerberosPackage(FAKE)

describe('kerberos.acceptor of connector.yaml', () => {
  const { KRB5_KTNAME } = process.env
  const logger = new MemoryLogger()
  beforeEach(() => {
    npmKerberos.asked = 0
    logger.lines.length = 0
  })
  after(() => {
    if (KRB5_KTNAME === undefined) delete process.env['KRB5_KTNAME']
    else process.env['KRB5_KTNAME'] = KRB5_KTNAME
  })

  const open = (acceptor: KerberosConfig['acceptor'], keytab?: string) =>
    openTokenJudge({ acceptor, ...(keytab !== undefined && { keytab }) }, logger)
  const said = (): readonly string[] => logger.lines.map(({ message }) => message)

  for (const state of ['absent', 'broken', 'fake'] as const) {
    it(`own: nobody asks for the package, which is ${state}`, async () => {
      npmKerberos.state = state
      assert.equal(await open('own', 'conn.keytab'), undefined)
      assert.deepEqual([npmKerberos.asked, said()], [0, []])
    })
  }

  for (const state of ['absent', 'broken'] as const) {
    it(`auto: our own acceptor judges alone where the package is ${state}, and the log says so`, async () => {
      npmKerberos.state = state
      assert.equal(await open('auto', 'conn.keytab'), undefined)
      assert.deepEqual(said(), ["browsers' tokens are judged by our own acceptor alone"])
      assert.match(JSON.stringify(logger.lines), /kerberos is not installed or cannot be loaded/)
    })

    it(`both: the connector does not start where the package is ${state}, and says what to do`, async () => {
      npmKerberos.state = state
      await assert.rejects(open('both', 'conn.keytab'), {
        code: 'ERR_KRB_GSSAPI_ABSENT',
        mend: /npm install kerberos; or set acceptor: own\.$/,
      })
    })
  }

  it('auto: our own acceptor judges alone where there is no keytab', async () => {
    npmKerberos.state = 'fake'
    assert.equal(await open('auto'), undefined)
    assert.equal(npmKerberos.asked, 0)
    assert.match(JSON.stringify(logger.lines), /acceptor alone.*nothing but a keytab/)
  })

  for (const acceptor of ['auto', 'both'] as const) {
    it(`${acceptor}: with the package, its word is asked for and passed on`, async () => {
      npmKerberos.state = 'fake'
      const judge = await open(acceptor, 'conn.keytab')
      assert.ok(judge)
      assert.match(said().join('\n'), /and the host's GSS-API library$/)
      assert.equal(process.env['KRB5_KTNAME'], 'FILE:conn.keytab')
      const { client, reply } = await judge(Buffer.from('alice@CORP.EXAMPLE'))
      assert.equal(client, 'alice@CORP.EXAMPLE')
      assert.equal(Buffer.from(reply ?? []).toString(), 'answer')
      for (const [user, why] of [
        ['mallory', /Request is a replay/],
        ['mute', /a second token is due/],
      ] as const) {
        const code = 'ERR_SSO_NEGOTIATE_REFUSED'
        await assert.rejects(judge(Buffer.from(user)), { code, message: why })
      }
    })
  }

  it('a library that does not keep up sends browsers to the provider, and accuses nobody', async () => {
    npmKerberos.state = 'fake'
    const { promise, resolve } = Promise.withResolvers<undefined>()
    Object.assign(globalThis, { slow: promise })
    const judge = await open('both', 'conn.keytab')
    assert.ok(judge)
    const waiting = [judge(Buffer.from('slow'))]
    while (waiting.length < 1024) waiting.push(judge(Buffer.from('alice')))
    await assert.rejects(judge(Buffer.from('alice')), {
      code: 'ERR_SSO_NEGOTIATE_UNFIT',
      message: /does not answer: too many wait/,
    })
    resolve(undefined)
    const clients = new Set((await Promise.all(waiting)).map(({ client }) => client))
    assert.deepEqual([...clients], ['slow', 'alice'])
  })
})
