/**
 * The lab judged by tools that are not ours: MIT's kinit and kvno, curl and the web servers themselves.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Client } from 'ldapts'
import type { LabBackend } from '../../docker/lab.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { mitToolsMissing } from '../support/mit-tools.ts'

const lab = sharedLab()

interface Ran {
  readonly status: number | null
  readonly output: string
}

describe("the lab, by other people's tools", { skip: lab ? mitToolsMissing() : NO_LAB }, () => {
  assert.ok(lab)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-lab-test-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })

  /** Runs one of MIT's tools, or curl, with a credential cache of its own. */
  const run = (cache: string, command: readonly [string, ...string[]], input = ''): Ran => {
    const [name, ...args] = command
    const ran = spawnSync(name, args, {
      encoding: 'utf8',
      input,
      timeout: 20_000,
      env: {
        ...process.env,
        KRB5_CONFIG: lab.krb5Conf,
        KRB5CCNAME: join(folder, cache),
        LC_ALL: 'C',
      },
    })
    return { status: ran.status, output: `${ran.stdout}${ran.stderr}` }
  }
  const kinit = (name: string): Ran =>
    run(name, ['kinit', name], `${lab.users[name]?.password ?? ''}\n`)
  const kinitConnector = (name: string): Ran => {
    const connector = lab.connectors[name]
    assert.ok(connector)
    return run(name, ['kinit', '-k', '-t', connector.keytab, connector.principal])
  }
  /** S4U2Self and S4U2Proxy by MIT's client. */
  const delegate = (connector: string, user: string, spn: string): Ran =>
    run(connector, ['kvno', '-I', user, '-P', spn])
  const curl = (cache: string, backend: LabBackend, args: readonly string[]): Ran => {
    const resolve = [80, 443].flatMap((port) => [
      '--resolve',
      `${new URL(backend.origin).hostname}:${port}:${backend.address}`,
    ])
    const fixed = ['--silent', '--show-error', '--noproxy', '*', '--cacert', backend.ca]
    return run(cache, ['curl', ...fixed, ...resolve, ...args])
  }

  it('gives alice a ticket for her password, and refuses a wrong one', () => {
    assert.equal(kinit('alice').status, 0)
    const wrong = run('nobody', ['kinit', 'alice'], 'wrong\n')
    assert.notEqual(wrong.status, 0)
    assert.match(wrong.output, /Password incorrect|Preauthentication failed/)
  })

  for (const [name, reason] of [
    ['erin', /revoked/],
    ['frank', /revoked|expired/],
    ['grace', /expired|Cannot read password/],
  ] as const) {
    it(`refuses ${name} at sign-in`, () => {
      const refused = kinit(name)
      assert.notEqual(refused.status, 0)
      assert.match(refused.output, reason)
    })
  }

  it('has keytabs with AES keys only', () => {
    const keytabs = [lab.connectors.CONN1.keytab, lab.backends.iwa.keytab]
    for (const keytab of keytabs) {
      const { output } = run('none', ['klist', '-k', '-e', keytab])
      assert.match(output, /aes256-cts-hmac-sha1-96/)
      assert.doesNotMatch(output, /arcfour|des/)
    }
  })

  it('lets CONN1 act for alice towards iwa, and for nobody towards other', () => {
    assert.equal(kinitConnector('CONN1').status, 0)
    assert.equal(delegate('CONN1', 'alice', 'HTTP/iwa.corp.example').status, 0)
    const refused = delegate('CONN1', 'alice', 'HTTP/other.corp.example')
    assert.match(refused.output, /constrained delegation failed/)
  })

  it('does not let CONN1 act for carol, who must not be delegated', () => {
    assert.equal(kinitConnector('CONN1').status, 0)
    const refused = delegate('CONN1', 'carol', 'HTTP/iwa.corp.example')
    assert.match(refused.output, /constrained delegation failed/)
  })

  it('does not let CONN2 act for alice: it may delegate but has no protocol transition', () => {
    assert.equal(kinitConnector('CONN2').status, 0)
    const refused = delegate('CONN2', 'alice', 'HTTP/iwa.corp.example')
    assert.match(refused.output, /constrained delegation failed/)
  })

  it(
    "lets CONN3 act for alice towards rbcd by the resource's own list",
    { skip: lab.rbcd ? false : `Samba ${lab.sambaVersion} has no resource-based delegation` },
    () => {
      assert.equal(kinitConnector('CONN3').status, 0)
      assert.equal(delegate('CONN3', 'alice', 'HTTP/rbcd.corp.example').status, 0)
    },
  )

  for (const name of ['iwa', 'bound', 'other', 'rbcd'] as const) {
    it(`shows ${name} to alice with a ticket and to nobody without`, () => {
      const backend = lab.backends[name]
      const cache = `alice-${name}`
      run(cache, ['kinit', 'alice'], `${lab.users.alice.password}\n`)
      for (const origin of [backend.origin, backend.tlsOrigin]) {
        const page = curl(cache, backend, ['--negotiate', '-u', ':', `${origin}/whoami`])
        assert.match(page.output, /"user":"alice@CORP\.EXAMPLE"/)
        const refused = curl('none', backend, ['-o', '/dev/null', '-w', '%{http_code}', origin])
        assert.equal(refused.output, '401')
      }
    })
  }

  it('keeps the one sign-in of a connection on bound, and asks for each request on iwa', () => {
    const codes = (backend: LabBackend): string => {
      const cache = `alice-twice`
      run(cache, ['kinit', 'alice'], `${lab.users.alice.password}\n`)
      const first = ['--negotiate', '-u', ':', '-o', '/dev/null', '-w', '%{http_code} ']
      const second = ['-o', '/dev/null', '-w', '%{http_code} %{num_connects}']
      return curl(cache, backend, [...first, backend.url, '--next', ...second, backend.url]).output
    }
    assert.equal(codes(lab.backends.bound), '200 200 0')
    assert.equal(codes(lab.backends.iwa), '200 401 0')
  })

  it('has an EPA backend that refuses a token without channel binding', () => {
    const { epa } = lab.backends
    run('alice-epa', ['kinit', 'alice'], `${lab.users.alice.password}\n`)
    // curl before 8.10 binds to no channel; later ones do, and then the right answer is 200.
    const page = curl('alice-epa', epa, ['--negotiate', '-u', ':', epa.url])
    assert.match(page.output, /"bound": false|"user": "alice@CORP\.EXAMPLE", "bound": true/)
    const without = curl('none', epa, ['-w', ' %{http_code}', epa.url])
    assert.match(without.output, /"reason": "no token".* 401$/s)
  })

  it('knows its names by DNS', async () => {
    const resolver = new Resolver({ timeout: 20_000, tries: 1 })
    resolver.setServers([lab.dnsServer])
    const [dc] = lab.domainControllers
    for (const [name, backend] of Object.entries(lab.backends)) {
      assert.deepEqual(await resolver.resolve4(`${name}.corp.example`), [backend?.address])
    }
    for (const name of ['dc1.corp.example', 'corp.example', 'gc._msdcs.corp.example']) {
      assert.deepEqual(await resolver.resolve4(name), [dc?.address])
    }
    // No SRV here: Samba compresses the target's name (RFC 2782 forbids it), and Node's resolver calls that EBADRESP.
  })

  it('has the accounts that the other suites count on', async () => {
    const client = new Client({
      url: `ldaps://${lab.domainControllers[0]?.address ?? ''}`,
      timeout: 10_000,
      tlsOptions: { ca: readFileSync(lab.caFile), servername: 'dc1.corp.example' },
    })
    try {
      await client.bind(lab.users.alice.userPrincipalName, lab.users.alice.password)
      const read = async (name: string) => {
        const filter = `(sAMAccountName=${name})`
        const { searchEntries } = await client.search(lab.baseDn, { filter })
        const [entry] = searchEntries
        assert.ok(entry)
        return entry
      }
      const NOT_DELEGATED = 0x100000
      assert.equal((await read('bob'))['userPrincipalName'], 'robert@contoso.test')
      assert.ok(Number((await read('carol'))['userAccountControl']) & NOT_DELEGATED)
      assert.match(String((await read('dave'))['memberOf']), /CN=Protected Users/)
      assert.equal([(await read('heidi'))['memberOf']].flat().length, 601)
    } finally {
      await client.unbind()
    }
  })

  it('has an OpenID provider that says what it can do', () => {
    const url = `${lab.oidc.issuer}/.well-known/openid-configuration`
    const { output } = run('none', ['curl', '-sS', '--noproxy', '*', '--cacert', lab.caFile, url])
    const discovery = JSON.parse(output) as Record<string, unknown>
    assert.equal(discovery['issuer'], lab.oidc.issuer)
    assert.equal(discovery['jwks_uri'], lab.oidc.jwksUri)
    assert.deepEqual(discovery['code_challenge_methods_supported'], ['S256'])
    assert.ok(typeof discovery['end_session_endpoint'] === 'string')
  })
})
