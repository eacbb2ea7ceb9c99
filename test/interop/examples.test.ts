/** The examples of native-notes/kerberos-client.md, run as a reader would, against the lab. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { programEnvironment } from '../../docker/lab/own-programs.ts'
import { formatNegotiate, Initiator } from '../../src/kerberos/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { userClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { mitTools, mitToolsMissing, type MitTools } from '../support/mit-tools.ts'

const lab = sharedLab()
const EXAMPLES = join(import.meta.dirname, '../examples')
const LAB_NAMES = join(import.meta.dirname, '../support/lab-names.ts')

interface Ran {
  readonly status: number | null
  readonly output: string
}

describe('the examples', { concurrency: 4, skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { principal, keytab } = lab.connectors.CONN1
  const connector = [principal, keytab] as const
  const { iwa, epa } = lab.backends
  const spn = 'HTTP/iwa.corp.example'
  const withMit = { skip: mitToolsMissing() }
  let tools: MitTools
  before(() => {
    tools = mitTools(lab)
  })
  after(() => {
    tools.remove()
  })

  const start = (name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    spawn(
      process.execPath,
      ['--conditions=sallyport-source', '--import', LAB_NAMES, join(EXAMPLES, name), ...args],
      {
        env: {
          ...programEnvironment({ KRB5_CONFIG: lab.krb5Conf, NODE_EXTRA_CA_CERTS: lab.caFile }),
          ...env,
        },
      },
    )

  const run = async (
    name: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Ran> => {
    const child = start(name, args, env)
    const output = Promise.all([text(child.stdout), text(child.stderr)])
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, output: (await output).join('') }
  }

  const prints = async (
    name: string,
    args: readonly string[],
    ...expected: readonly RegExp[]
  ): Promise<void> => {
    const { status, output } = await run(name, args)
    assert.equal(status, 0, output)
    for (const pattern of expected) assert.match(output, pattern)
  }

  it('ticket-granting-ticket.ts signs in with a password', async () => {
    const { password } = lab.users.alice
    const env = { KRB5_PASSWORD: password }
    const { status, output } = await run('ticket-granting-ticket.ts', ['alice'], env)
    assert.equal(status, 0, output)
    assert.match(output, /alice@CORP\.EXAMPLE has krbtgt\/CORP\.EXAMPLE@CORP\.EXAMPLE/)
    assert.match(output, /until 20\d\d-/)
  })

  it('service-ticket.ts gets a ticket with a keytab', () =>
    prints(
      'service-ticket.ts',
      [...connector, 'ldap/dc1.corp.example'],
      /CONN1\$@CORP\.EXAMPLE to ldap\/dc1/,
      /aes256-cts-hmac-sha1-96/,
      /forwardable: (true|false)/,
    ))

  it('act-for-a-user.ts delegates', () =>
    prints(
      'act-for-a-user.ts',
      [...connector, 'alice', spn],
      /alice is S-1-5-21-/,
      /in \d+ groups/,
      /alice@CORP\.EXAMPLE may go to HTTP\/iwa\.corp\.example@CORP\.EXAMPLE/,
    ))

  it('negotiate-fetch.ts fetches a page three times', async () => {
    const { status, output } = await run('negotiate-fetch.ts', [
      ...connector,
      'bob',
      `${iwa.origin}/whoami`,
    ])
    assert.equal(status, 0, output)
    assert.equal(output.match(/200 .*"user":"bob@CORP\.EXAMPLE"/g)?.length, 3, output)
  })

  it('mutual-authentication.ts verifies the server', () =>
    prints(
      'mutual-authentication.ts',
      [...connector, `${iwa.origin}/whoami`],
      /whoami is HTTP\/iwa\.corp\.example/,
    ))

  it('mutual-authentication.ts does not take who proves nothing for the server', async () => {
    const impostor = createServer((_, response) => response.end('welcome'))
    await once(impostor.listen(0, iwa.address), 'listening')
    const { port } = impostor.address() as AddressInfo
    const url = `http://iwa.corp.example:${port}/`
    const { status, output } = await run('mutual-authentication.ts', [...connector, url])
    impostor.close()
    assert.equal(status, 1)
    assert.match(output, /ERR_KRB_MUTUAL the acceptor did not prove itself/)
  })

  it('channel-binding.ts satisfies a backend that insists on it', () =>
    prints('channel-binding.ts', [...connector, 'alice', epa.url], /200 .*alice@CORP\.EXAMPLE/))

  it('ldap-bind.ts signs in at the directory', () =>
    prints(
      'ldap-bind.ts',
      [...connector, 'dc1.corp.example'],
      /CONN1\$@CORP\.EXAMPLE may read DC=corp,DC=example/,
    ))

  it('read-keytab.ts lists keys', () =>
    prints('read-keytab.ts', [keytab], /^\d+ CONN1\$@CORP\.EXAMPLE aes256/m, /best: aes256/))

  it('write-ccache.ts writes what klist and curl take', withMit, async () => {
    const path = tools.cache('written')
    await prints('write-ccache.ts', [...connector, 'alice', spn, path], /KRB5CCNAME=FILE:/)
    const shown = tools.run('written', ['klist'])
    assert.match(shown.output, /Default principal: alice@CORP\.EXAMPLE/)
    const page = tools.negotiate('written', iwa, `${iwa.origin}/whoami`)
    assert.match(page.output, /"user":"alice@CORP\.EXAMPLE"/)
  })

  it('read-ccache.ts goes on where kinit has been', withMit, async () => {
    assert.equal(tools.run('kinit', ['kinit', '-k', '-t', keytab, principal]).status, 0)
    const env = { KRB5CCNAME: `FILE:${tools.cache('kinit')}` }
    const { status, output } = await run('read-ccache.ts', [spn], env)
    assert.equal(status, 0, output)
    assert.match(output, /CONN1\$@CORP\.EXAMPLE has a ticket to HTTP\/iwa/)
    assert.match(tools.run('kinit', ['klist']).output, /HTTP\/iwa\.corp\.example@CORP\.EXAMPLE/)
  })

  it('find-kdcs.ts finds KDCs in krb5.conf and in the DNS', () =>
    prints(
      'find-kdcs.ts',
      [lab.realm, lab.dnsServer],
      /krb5\.conf: 127\.88\.\d+\.1/,
      /DNS: dc1\.corp\.example:88/,
    ))

  it('find-kdcs.ts names a krb5.conf that is not there', async () => {
    const { output } = await run('find-kdcs.ts', [lab.realm, lab.dnsServer], {
      KRB5_CONFIG: '/nowhere/krb5.conf',
    })
    assert.match(output, /ERR_KRB_CONF \/nowhere\/krb5\.conf/)
  })

  it('why-refused.ts says why, and what to do', () =>
    prints(
      'why-refused.ts',
      [...connector, 'alice', 'HTTP/other.corp.example'],
      /ERR_KRB_DELEGATION_REFUSED KDC_ERR_BADOPTION/,
      /samba-tool delegation show 'CONN1\$'/,
      /msDS-AllowedToDelegateTo/,
    ))

  it('keep-tickets.ts asks once for each user', async () => {
    const { status, output } = await run('keep-tickets.ts', [...connector, spn, 'alice', 'bob'])
    assert.equal(status, 0, output)
    assert.equal(output.match(/asked the KDC for/g)?.length, 2, output)
    assert.equal(output.match(/: a token of \d+ octets/g)?.length, 4, output)
  })

  it('own-transport.ts counts what is asked', async () => {
    const args = [...connector, lab.kdc, 'ldap/dc1.corp.example']
    const { status, output } = await run('own-transport.ts', args)
    assert.equal(status, 0, output)
    // Two for the ticket-granting ticket, the first without proof; one for the service.
    assert.equal(output.match(/octets to CORP\.EXAMPLE/g)?.length, 3, output)
  })

  it('pass-on.ts goes on in the name of who came', async () => {
    const server = start('pass-on.ts', [...connector, `${iwa.origin}/whoami`, '0'])
    const { password } = lab.users.alice
    try {
      const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
      const port = /port: (\d+)/.exec(line)?.[1] ?? assert.fail(line)
      const ticket = await userClient(lab, 'alice', password).ownTicket('CONN1$')
      const ports = { clock: systemClock, random: systemRandom }
      const { token } = new Initiator(ticket, ports).createToken()
      const headers = { authorization: formatNegotiate(token) }
      const page = await fetch(`http://127.0.0.1:${port}/`, { headers })
      assert.match(await page.text(), /"user":"alice@CORP\.EXAMPLE"/)
    } finally {
      server.kill()
    }
  })

  it('accept.ts lets in who curl brings, and nobody else', withMit, async () => {
    const server = start('accept.ts', [iwa.keytab, '0'])
    const { password } = lab.users.alice
    try {
      const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
      const port = /port: (\d+)/.exec(line)?.[1] ?? assert.fail(line)
      assert.equal(tools.run('alice', ['kinit', 'alice'], `${password}\n`).status, 0)
      const url = `http://iwa.corp.example:${port}/`
      const page = tools.negotiate('alice', { ...iwa, address: '127.0.0.1' }, url)
      assert.match(page.output, /Hello, alice@CORP\.EXAMPLE/)
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 401)
    } finally {
      server.kill()
    }
  })
})
