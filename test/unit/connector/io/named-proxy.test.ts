/** The forward proxies that connector.yaml names, and the one on the way to the issuers' keys. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { issuerKeysOptions, namedProxy } from '../../../../src/connector/io/named-proxy.ts'
import { connectorConfigSchema } from '../../../../src/connector/index.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const url = 'http://proxy.example:3128'

describe('a named forward proxy', () => {
  const logger = new MemoryLogger()
  let directory: string
  let passwordFile: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-proxy-'))
    passwordFile = join(directory, 'password')
    await writeFile(passwordFile, 'secret word\n', { mode: 0o600 })
  })
  after(() => rm(directory, { recursive: true }))

  it('is a URL alone, or has the credentials of its password file', async () => {
    assert.deepEqual(await namedProxy({ url }, { logger }), { url })
    assert.deepEqual(await namedProxy({ url, user: 'conn', passwordFile }, { logger }), {
      url,
      credentials: { user: 'conn', password: 'secret word' },
    })
    assert.doesNotMatch(JSON.stringify(logger.lines), /secret word/)
  })

  it('is refused where the password file is not there', async () => {
    const missing = join(directory, 'missing')
    const asked = namedProxy({ url, user: 'conn', passwordFile: missing }, { logger })
    await assert.rejects(asked, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_KRB_PASSWORD')
      assert.match(error.message, /missing/)
      return true
    })
  })

  it('signs in with tokens where an engine is named, and with no password then', async () => {
    const proxy = await namedProxy({ url, engine: 'gssapi' }, { logger })
    assert.equal(typeof proxy.negotiate, 'function')
    assert.equal(proxy.credentials, undefined)
  })

  const keys = (issuerKeys: object) =>
    connectorConfigSchema.parse({ stateDirectory: 's', policy: 'p', issuerKeys }).issuerKeys

  const resolve = (): Promise<readonly string[]> => Promise.resolve([])
  const proxyFor = async (section: object, environment: Readonly<Record<string, string>>) => {
    const options = await issuerKeysOptions(keys(section), { logger, environment }, resolve)
    assert.equal(options.timeoutMs, 5000)
    assert.equal(options.resolve, resolve)
    return options.forwardProxy
  }

  it('on the way to keys comes before the one of the environment', async () => {
    const named = 'http://user:word@other.example:8080'
    const environment = { HTTPS_PROXY: named, NO_PROXY: 'idp.in.example' }
    assert.deepEqual(await proxyFor({ forwardProxy: { url } }, environment), { url })
    const found = await proxyFor({}, environment)
    assert.ok(typeof found === 'function')
    assert.deepEqual(found('https://idp.example/jwks'), {
      url: 'http://other.example:8080',
      credentials: { user: 'user', password: 'word' },
    })
    assert.equal(found('https://idp.in.example/jwks'), undefined)
    const none = await proxyFor({}, {})
    assert.ok(typeof none === 'function')
    assert.equal(none('https://idp.example/jwks'), undefined)
  })
})
