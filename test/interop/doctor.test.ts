/** Doctor finds a whole stack well, and each of these faults by its own code. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { runCommand } from '../../docker/demo/process.ts'
import { freePort, startStack, type Stack } from '../../docker/demo/stack.ts'
import { createAuthority, issueServerCertificate } from '../../src/pki/index.ts'
import { systemRandom } from '../../src/platform/io/index.ts'
import {
  consult,
  offering,
  showing,
  type Fault,
  type TestBackend,
  type Yaml,
} from '../support/doctor-lab.ts'
import { FakedClock, fakedClockMissing } from '../support/faked-clock.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { stillPorts } from '../support/pki.ts'

const lab = sharedLab()
const EPOCH_2020 = Date.UTC(2020, 0, 1)

interface Row extends Yaml {
  origin: string
}
const rowsOf = (policy: Yaml) => policy['backends'] as Row[]

describe('sallyport doctor', { skip: lab ? false : NO_LAB, timeout: 300_000 }, () => {
  assert.ok(lab)
  const backends: TestBackend[] = []
  const old = stillPorts(EPOCH_2020)
  const authority = createAuthority({ ...old, random: systemRandom })
  const own = new Map<string, { readonly origin: string; readonly spn: string }>()
  let stack: Stack

  before(async () => {
    const expired = issueServerCertificate(authority, { names: ['127.0.0.1'] }, old)
    const add = async (id: string, backend: Promise<TestBackend>, spn = lab.backends.iwa.spn) => {
      const made = await backend
      backends.push(made)
      own.set(id, { origin: made.origin, spn })
    }
    await add('ntlm', offering('NTLM'))
    await add('basic', offering('Basic realm="x"'))
    await add('loop', offering('Negotiate'))
    await add('expired', showing({ cert: expired.certificatePem, key: expired.privateKeyPem }))
    own.set('down', { origin: `http://127.0.0.1:${await freePort()}`, spn: lab.backends.iwa.spn })
    own.set('nowhere', { origin: 'http://nowhere.corp.example', spn: 'HTTP/nowhere.corp.example' })
    // Apache has the key of each site's own account alone.
    own.set('key', { origin: lab.backends.iwa.tlsOrigin, spn: lab.backends.other.spn })
    const ca = join(lab.directory, 'doctor-test-ca.pem')
    writeFileSync(ca, authority.certificatePem)
    stack = await startStack(lab, {
      limits: 'product',
      editGateway: (config) => {
        const apps = config['apps'] as Yaml[]
        const [first] = apps
        for (const [id, { origin, spn }] of own) {
          const urls = { externalUrl: `https://${id}.example/`, internalUrl: `${origin}/` }
          apps.push({ ...first, id, ...urls, servicePrincipalName: spn })
        }
      },
      editPolicy: (policy) => {
        for (const { origin, spn } of own.values()) {
          const tls = origin.startsWith('https://127')
            ? { tls: { ca } }
            : { tls: { ca: lab.caFile } }
          rowsOf(policy).push({
            origin,
            servicePrincipalName: spn,
            addresses: ['127.0.0.0/8'],
            ...(origin.startsWith('https:') && tls),
          })
        }
      },
    })
  })
  after(async () => {
    for (const backend of backends) backend.stop()
    await stack.stop()
  })

  it('finds every app of a healthy stack well', async () => {
    const ids = ['intranet', 'bound', 'other', 'rbcd', 'epa', 'closed', 'plain']
    const about = ids.flatMap((id) => ['--app', id])
    const { findings, ok, status, counts } = await consult(stack, about)
    const failed = findings.filter(({ outcome }) => outcome === 'fail')
    // The lab grants CONN1 neither of the first two, on purpose; the last is another case's.
    assert.deepEqual(
      failed.map(({ code, subject }) => [code, subject]),
      [
        ['DOCTOR_DELEGATION_MISSING', lab.backends.other.spn],
        ['DOCTOR_DELEGATION_MISSING', lab.backends.rbcd.spn],
        ['DOCTOR_SPN_MISSING', own.get('nowhere')?.spn],
      ],
    )
    assert.deepEqual([ok, status], [false, 1])
    const ofApps = findings.filter(({ check }) => check.startsWith('app.'))
    const odd = ofApps.filter(
      ({ outcome, code }) => outcome !== 'pass' && code !== 'DOCTOR_NOT_APPLICABLE',
    )
    assert.deepEqual(odd, [])
    const codes = new Map(ofApps.map(({ subject, code }) => [`${subject ?? ''} ${code}`, true]))
    for (const id of ids.filter((each) => each !== 'plain')) {
      assert.ok(codes.has(`${id} DOCTOR_APP_TOKEN`), id)
    }
    assert.ok(codes.has('epa DOCTOR_APP_EPA_REQUIRED'))
    assert.ok(counts.pass > 60)
  })

  it('looks at a user at the apps alone that were asked about', async () => {
    const about = ['--app', 'intranet', '--user', 'alice@corp.example', '--only', 'user']
    const { findings, status } = await consult(stack, about)
    const user = findings.filter(({ check }) => check.startsWith('user.'))
    const codes = user.map(({ code }) => code.replace('DOCTOR_', ''))
    const usual = ['USER_FOUND', 'USER_ASSERTABLE', 'USER_GOOD', 'USER_ALLOWED', 'S4U2SELF_GOOD']
    assert.deepEqual(codes, [...usual, 'TICKET_GOOD', 'BACKEND_ANSWERS'])
    assert.match(user.at(-1)?.message ?? '', /^http:\/\/iwa\.corp\.example answers 200 to alice/)
    assert.equal(status, 0)
  })

  const app = (id: string, ...only: readonly string[]) => [
    ...['--app', id],
    ...only.flatMap((each) => ['--only', each]),
  ]
  const row = (id: string, change: Partial<Row>): Fault => ({
    policy: (policy) => {
      const { origin } = own.get(id) ?? lab.backends[id] ?? assert.fail(id)
      for (const each of rowsOf(policy)) if (each.origin === origin) Object.assign(each, change)
    },
  })

  const cases: readonly {
    readonly name: string
    readonly about: readonly string[]
    readonly fault?: () => Fault
    readonly code: string
    readonly mend?: RegExp
    /** Default: 1 where the finding is a failure. */
    readonly exit?: number
  }[] = [
    {
      name: 'a pin that is not the backend’s',
      about: app('epa', 'app'),
      fault: () => row('epa', { tls: { pin: ['ab'.repeat(32)] } }),
      code: 'DOCTOR_APP_TLS',
      mend: /tls: \{ pin: \[[0-9a-f]{64}\] \}/,
    },
    {
      name: 'an authority that is not the backend’s',
      about: app('epa', 'app'),
      fault: () => row('epa', { tls: { ca: join(lab.directory, 'doctor-test-ca.pem') } }),
      code: 'DOCTOR_APP_TLS',
      mend: /tls: \{ ca:/,
    },
    {
      name: 'an expired certificate',
      about: app('expired', 'app'),
      code: 'DOCTOR_APP_CERT_EXPIRED',
    },
    { name: 'a backend that is down', about: app('down', 'app'), code: 'DOCTOR_APP_UNREACHABLE' },
    {
      name: 'a name that is not in the DNS',
      about: app('nowhere', 'app'),
      code: 'DOCTOR_APP_NAME',
    },
    {
      name: 'a backend with NTLM alone',
      about: app('ntlm', 'app.schemes'),
      code: 'DOCTOR_APP_NTLM',
      mend: /Negotiate/,
    },
    {
      name: 'a backend with Basic alone',
      about: app('basic', 'app.schemes'),
      code: 'DOCTOR_APP_NO_NEGOTIATE',
    },
    {
      name: 'a backend that answers 401 for ever',
      about: app('loop', 'app.token'),
      code: 'DOCTOR_APP_401',
    },
    {
      name: 'short header fields',
      about: app('loop', 'app.headers'),
      code: 'DOCTOR_APP_HEADERS_TIGHT',
    },
    {
      name: 'a policy without a row',
      about: app('intranet', 'app'),
      fault: () => row('iwa', { origin: 'http://elsewhere.example' }),
      code: 'DOCTOR_APP_NOT_IN_POLICY',
      mend: /origin: http:\/\/iwa\.corp\.example/,
    },
    {
      name: 'an address that the policy refuses',
      about: app('intranet', 'app'),
      fault: () => row('iwa', { addresses: ['10.0.0.0/8'] }),
      code: 'DOCTOR_APP_ADDRESS_REFUSED',
      mend: /addresses: \[127\.88\./,
    },
    {
      name: 'an app of another group',
      about: app('unknown', 'apps'),
      code: 'DOCTOR_APP_OTHER_GROUP',
      exit: 2,
    },
    {
      name: 'an app of another group, asked about alone',
      about: app('unknown', 'app.tls'),
      code: 'DOCTOR_APP_OTHER_GROUP',
      exit: 2,
    },
    {
      name: 'a keytab that everybody can read',
      about: ['--only', 'host.files'],
      fault: () => {
        const keytab = join(stack.directory, 'open.keytab')
        copyFileSync(lab.connectors.CONN1.keytab, keytab)
        chmodSync(keytab, 0o644)
        return { connector: (config) => Object.assign(config['kerberos'] as Yaml, { keytab }) }
      },
      code: 'DOCTOR_FILE_EXPOSED',
      mend: /^chmod 600 .*open\.keytab$/,
    },
    {
      name: 'a keytab that is not there',
      about: ['--only', 'host'],
      fault: () => ({
        connector: (config) => Object.assign(config['kerberos'] as Yaml, { keytab: 'none.keytab' }),
      }),
      code: 'DOCTOR_FILE_MISSING',
    },
    {
      name: 'a gateway that is down',
      about: ['--only', 'tunnel'],
      fault: () => ({
        state: (directory) => {
          const file = join(directory, 'connector.json')
          const about = JSON.parse(readFileSync(file, 'utf8')) as Yaml
          writeFileSync(file, JSON.stringify({ ...about, address: '127.0.0.1:1' }))
        },
      }),
      code: 'DOCTOR_TUNNEL_UNREACHABLE',
    },
    {
      name: 'somebody who opens the TLS of the tunnel',
      about: ['--only', 'tunnel'],
      fault: () => ({
        state: (directory) => {
          writeFileSync(join(directory, 'gateway-ca.crt'), authority.certificatePem)
        },
      }),
      code: 'DOCTOR_GATEWAY_INTERCEPTED',
    },
    {
      name: 'keys of the issuer behind a forward proxy that is down',
      about: ['--only', 'issuer.keys'],
      fault: () => ({ environment: { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '' } }),
      code: 'DOCTOR_ISSUER_KEYS_UNREACHABLE',
      mend: /forward proxies|proxy/i,
    },
    {
      name: 'an audience that is not the gateway’s client id',
      about: ['--only', 'issuer'],
      fault: () => ({
        policy: (policy) =>
          Object.assign((policy['issuers'] as Yaml[])[0] ?? {}, { audience: 'x' }),
      }),
      code: 'DOCTOR_ISSUER_AUDIENCE',
      mend: /^audience: /,
    },
    {
      name: 'no registration',
      about: ['--only', 'tunnel'],
      fault: () => ({ connector: (config) => (config['stateDirectory'] = 'nowhere') }),
      code: 'DOCTOR_NOT_REGISTERED',
      mend: /connector register --state/,
    },
  ]
  for (const { name, about, fault, code, mend, exit } of cases) {
    it(`names ${name}: ${code}`, async () => {
      const { findings, unwell, status } = await consult(stack, about, fault?.() ?? {})
      assert.ok(unwell.includes(code), `${unwell.join()} instead of ${code}`)
      const one = findings.find((each) => each.code === code)
      assert.equal(status, exit ?? (one?.outcome === 'fail' ? 1 : 0))
      const said = one?.mends.map((each) => Object.values(each).join('\n')) ?? []
      if (mend)
        assert.ok(
          said.some((text) => mend.test(text.split('\n').at(-1) ?? '') || mend.test(text)),
          said.join(),
        )
    })
  }

  it('names a service whose key the backend does not have', async () => {
    const { unwell } = await consult(stack, app('key', 'app.token'))
    assert.ok(unwell.includes('DOCTOR_APP_KEY') || unwell.includes('DOCTOR_APP_401'), unwell.join())
  })

  it('names a clock that is wrong', { skip: fakedClockMissing() }, async () => {
    const clock = new FakedClock()
    clock.set(400)
    const fault = { environment: clock.environment }
    const { unwell } = await consult(stack, ['--only', 'host.clock'], fault)
    clock.remove()
    assert.deepEqual(unwell, ['DOCTOR_CLOCK_WRONG'])
  })

  it('writes a bundle without the key of the connector', async () => {
    const file = join(stack.directory, 'bundle.tar.gz')
    const log = join(stack.directory, 'log.txt')
    const key = readFileSync(join(stack.directory, 'connector', 'connector.key'), 'utf8')
    writeFileSync(log, `something went wrong with\n${key}\n`)
    await consult(stack, ['--only', 'host.versions', '--bundle', file, '--log', log])
    const listed = spawnSync('tar', ['-tzf', file], { encoding: 'utf8' })
    assert.match(listed.stdout, /report\.json\n.*versions\.json\n/)
    const text = gunzipSync(readFileSync(file)).toString('latin1')
    const [, line = ''] = key.split('\n')
    assert.ok(line.length > 20 && text.includes('something went wrong') && !text.includes(line))
    assert.ok(!text.includes(stack.directory))
  })

  it('ends with 2 for a wrong command line', async () => {
    const { status } = await runCommand(['doctor', '--timeout', 'x'])
    assert.equal(status, 2)
    const config = join(stack.directory, 'without-kerberos.yaml')
    writeFileSync(config, `stateDirectory: nowhere\npolicy: ${stack.files.policy}\n`)
    const wrong = [
      [['--only', 'host.nothing'], /ERR_DOCTOR_ONLY/],
      [['--user', 'alice'], /ERR_CLI_USAGE[^]*alice[^]*no Kerberos/],
      [['--user', ''], /ERR_CLI_USAGE[^]*--user is empty[^]*mend: /],
      [['--app', ''], /ERR_CLI_USAGE[^]*--app is empty[^]*mend: /],
      [['--log', 'x.log'], /ERR_CLI_USAGE[^]*mend: Give --bundle too/],
      [['--onyl', 'host'], /unknown option[^]*--only[^]*--help shows/],
    ] as const
    for (const [args, says] of wrong) {
      const answer = await runCommand(['doctor', '--config', config, ...args])
      assert.deepEqual([answer.status, answer.stdout], [2, ''])
      assert.match(answer.stderr, says)
    }
    // Told before anything is checked.
    for (const [args, says] of [
      [['--bundle', '/nonexistent/b.tar.gz'], /ERR_CLI_FILE: cannot write the bundle/],
      [['--bundle', config, '--log', '/nonexistent.log'], /ERR_CLI_FILE: cannot read the log/],
    ] as const) {
      const answer = await runCommand(['doctor', '--config', config, ...args])
      assert.deepEqual([answer.status, answer.stdout], [1, ''])
      assert.match(answer.stderr, says)
    }
    const missing = ['doctor', '--config', join(stack.directory, 'none.yaml')]
    assert.equal((await runCommand(missing)).status, 1)
  })
})
