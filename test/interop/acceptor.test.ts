/**
 * MIT's acceptor, through the npm package kerberos, judges our tokens. KRB5_KTNAME counts for the whole process and is
 * read when the library loads: this file has its process for itself, and sets it first.
 */

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, describe, it } from 'node:test'
import { makeAcceptorFiles } from '../support/acceptor-files.ts'

interface NativeServer {
  step(token: string): Promise<string | null>
  readonly username: string | null
  readonly contextComplete: boolean
  readonly targetName: string | null
  readonly response: string | null
}
interface NativeKerberos {
  initializeServer(service: string): Promise<NativeServer>
}

// By a variable, so that no tool asks for the package where it could not be built.
const NATIVE_PACKAGE: string = 'kerberos'

function loadNative(): NativeKerberos | undefined {
  try {
    return createRequire(import.meta.url)(NATIVE_PACKAGE) as NativeKerberos
  } catch (error) {
    const absent = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']
    if (absent.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

const files = makeAcceptorFiles()
Object.assign(process.env, files.environment)
const native = loadNative()
const skip =
  native === undefined && 'the optional package kerberos is not installed (it needs libkrb5-dev)'

async function accept(token: Uint8Array, service = 'HTTP@iwa.corp.example'): Promise<NativeServer> {
  const server = (await native?.initializeServer(service)) ?? assert.fail()
  await server.step(Buffer.from(token).toString('base64'))
  return server
}

const octets = (response: string | null) => Buffer.from(response ?? assert.fail(), 'base64')

describe('npm kerberos as acceptor', { skip }, () => {
  after(() => {
    files.remove()
  })

  for (const etype of [18, 17]) {
    it(`accepts our SPNEGO token with a session key of etype ${etype}, and proves itself`, async () => {
      const sent = files.initiatorFor('alice', etype).createToken()
      const server = await accept(sent.token)
      assert.equal(server.username, 'alice@CORP.EXAMPLE')
      assert.equal(server.contextComplete, true)
      sent.verifyReply(octets(server.response))
    })
  }

  it('accepts our bare Kerberos token, and proves itself', async () => {
    const sent = files.initiatorFor('bob').createToken({ mechanism: 'krb5' })
    const server = await accept(sent.token)
    assert.equal(server.username, 'bob@CORP.EXAMPLE')
    sent.verifyReply(octets(server.response))
  })

  it('names the service a token is for where it takes any', async () => {
    const { token } = files.initiatorFor('alice').createToken()
    const server = await accept(token, '')
    assert.equal(server.targetName, 'HTTP/iwa.corp.example@CORP.EXAMPLE')
  })

  it('accepts nothing for a service that is not in the keytab', async () => {
    const { token } = files.initiatorFor('alice').createToken()
    await assert.rejects(accept(token, 'HTTP@other.corp.example'), /No key table entry/)
  })

  it('accepts a token that asks for no proof', async () => {
    const sent = files.initiatorFor('alice').createToken({ mutual: false })
    const server = await accept(sent.token)
    assert.equal(server.username, 'alice@CORP.EXAMPLE')
    sent.verifyReply(octets(server.response))
  })

  it('accepts many tokens of one ticket, each once', async () => {
    const initiator = files.initiatorFor('alice')
    const tokens = Array.from({ length: 20 }, () => initiator.createToken().token)
    for (const token of tokens) {
      assert.equal((await accept(token)).username, 'alice@CORP.EXAMPLE')
    }
    for (const token of tokens) await assert.rejects(accept(token), /replay/i)
  })

  it('answers one token, not another of the same ticket', async () => {
    const initiator = files.initiatorFor('alice')
    const [first, second] = [initiator.createToken(), initiator.createToken()]
    const server = await accept(second.token)
    assert.throws(
      () => {
        first.verifyReply(octets(server.response))
      },
      { code: 'ERR_KRB_MUTUAL', message: /another request/ },
    )
  })

  it('refuses a token whose cipher was changed', async () => {
    const { token } = files.initiatorFor('alice').createToken()
    const changed = new Uint8Array(token)
    changed[changed.length - 20] = (changed.at(-20) ?? 0) ^ 1
    await assert.rejects(accept(changed))
  })
})
