/** engine: gssapi, the host's own library through npm kerberos, against the lab's KDC and Apache. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Acceptor, formatPrincipal, GssFlag, parseNegotiate } from '../../src/kerberos/index.ts'
import { readKeytabFile } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { mitTools, mitToolsMissing } from '../support/mit-tools.ts'

const CHILD = fileURLToPath(new URL('../support/gssapi-child.ts', import.meta.url))
const lab = sharedLab()
// By a variable, so that no tool asks for the package where it could not be built.
const NATIVE_PACKAGE: string = 'kerberos'

function packageMissing(): string | false {
  try {
    createRequire(import.meta.url)(NATIVE_PACKAGE)
    return false
  } catch {
    return 'the optional package kerberos is not installed (it needs libkrb5-dev)'
  }
}

const skip = lab ? mitToolsMissing() || packageMissing() : NO_LAB

describe('engine: gssapi', { skip }, () => {
  assert.ok(lab)
  const tools = mitTools(lab)
  after(() => {
    tools.remove()
  })
  const { iwa } = lab.backends

  /** The header, by a library that knows just this environment. */
  function headerWith(environment: Readonly<Record<string, string>>, spn = iwa.spn): string {
    const env = { PATH: process.env['PATH'], KRB5_CONFIG: lab?.krb5Conf, ...environment }
    const ran = spawnSync(process.execPath, [CHILD, spn], { env, encoding: 'utf8' })
    return ran.stdout.trim() || ran.stderr
  }

  const whoami = (authorization: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(iwa.origin)
      const headers = { host: hostname, authorization }
      const where = { host: iwa.address, port: port || 80, path: '/whoami', headers }
      request(where, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => {
          resolve(body)
        })
      })
        .on('error', reject)
        .end()
    })

  it('signs in by the cache that kinit wrote', async () => {
    const { password } = lab.users.alice
    const ran = tools.run('alice', ['kinit', 'alice'], `${password}\n`)
    assert.equal(ran.status, 0, ran.output)
    const header = headerWith({ KRB5CCNAME: tools.cache('alice') })
    assert.match(header, /^Negotiate YII/)
    assert.match(await whoami(header), /"user":"alice@CORP\.EXAMPLE"/)
    // Our own acceptor says the same.
    const keys = await readKeytabFile(iwa.keytab)
    const own = new Acceptor({ keys }, { clock: systemClock, random: systemRandom })
    const accepted = own.accept(parseNegotiate(header) ?? assert.fail())
    assert.equal(formatPrincipal(accepted.client, accepted.clientRealm), 'alice@CORP.EXAMPLE')
    assert.equal(accepted.gssFlags & GssFlag.DELEGATION, 0)
  })

  it('signs in by a keytab, without kinit', async () => {
    const { keytab } = lab.connectors.CONN1
    const KRB5CCNAME = tools.cache('made-by-the-library')
    const header = headerWith({ KRB5_CLIENT_KTNAME: keytab, KRB5CCNAME })
    assert.match(await whoami(header), /"user":"CONN1\$@CORP\.EXAMPLE"/)
  })

  it('says why there is no token', () => {
    const nothing = headerWith({ KRB5CCNAME: tools.cache('none'), KRB5_CLIENT_KTNAME: '/none' })
    assert.match(nothing, /^ERR_KRB_GSSAPI the GSS-API library gave no token for HTTP@/)
    const unknown = headerWith({ KRB5CCNAME: tools.cache('alice') }, 'HTTP/nobody.corp.example')
    assert.match(unknown, /^ERR_KRB_GSSAPI .*not found in Kerberos database/)
  })
})
