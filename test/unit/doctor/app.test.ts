import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  APP_CHECKS,
  APP_LIST_CHECKS,
  planChecks,
  runChecks,
  type AppListWorld,
  type AppWorld,
} from '../../../src/doctor/index.ts'
import { schemesOf } from '../../../src/doctor/app/schemes.ts'
import type { BackendAnswer, BackendQuestion } from '../../../src/doctor/backend.ts'
import { HeaderRoom } from '../../../src/doctor/header-room.ts'
import type { ServiceTicket } from '../../../src/kerberos/index.ts'
import { createAuthority, issueServerCertificate } from '../../../src/pki/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { compilePolicy, policySchema, routeApp } from '../../../src/sso/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { answer, challenge, fails, findingsOf, krbError } from '../../support/doctor-findings.ts'
import { PLAIN_APP } from '../../support/fake-tunnel.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { DAY_MS, derOf, START_MS, stillPorts } from '../../support/pki.ts'

const HOST = 'iwa.corp.example'
const SPN = `HTTP/${HOST}`
const ports = stillPorts()
const authority = createAuthority(ports)
const certificate = derOf(
  issueServerCertificate(authority, { names: [HOST] }, ports).certificatePem,
)
const ca = authority.certificatePem

const KERBEROS_APP: AppSettings = {
  ...PLAIN_APP,
  internalUrl: `https://${HOST}/`,
  singleSignOn: 'kerberos',
  servicePrincipalName: SPN,
}

/** A backend that signs in by Negotiate, and says what it thinks of bindings. */
type Judge = (question: BackendQuestion, binding: string) => BackendAnswer
const NEGOTIATE: Judge = ({ authorize }) => (authorize ? answer(200) : challenge('Negotiate'))

const ISSUER = {
  issuer: 'https://idp.example',
  audience: 'x',
  loginClaim: 'upn',
  keysFile: 'keys.json',
  upnSuffixes: ['corp.example'],
}

interface Setting {
  readonly app?: Partial<AppSettings>
  readonly row?: object
  readonly issuers?: readonly object[]
  readonly world?: Partial<AppWorld>
  readonly backend?: Judge
}

function worldOf({
  app: change,
  row,
  issuers = [ISSUER],
  world,
  backend = NEGOTIATE,
}: Setting): AppWorld {
  const app = { ...KERBEROS_APP, ...change }
  const origin = `https://${HOST}`
  const file = {
    issuers,
    backends: [{ origin, servicePrincipalName: SPN, tls: { ca: 'x' }, ...row }],
  }
  const policy = compilePolicy(policySchema.parse(file), () => ca)
  let bound = ''
  const room = new HeaderRoom((question) => Promise.resolve(backend(question, 'none')))
  return {
    app,
    headerRoom: () => room,
    nowMs: START_MS + DAY_MS,
    route: () => routeApp(policy, app),
    issuers: [...policy.issuers.values()],
    rows: policy.backends.map((each) => each.row),
    addresses: () => Promise.resolve(['10.0.0.7']),
    aliasOf: () => Promise.resolve(undefined),
    connect: () => Promise.resolve(1),
    peek: (place) =>
      Promise.resolve({ chain: [certificate], chainFault: undefined, alpn: place.alpn?.at(-1) }),
    ask: (_route, question) => {
      bound = 'none'
      question.authorize?.(certificate)
      return Promise.resolve(backend(question, bound))
    },
    ticket: () => Promise.resolve({} as ServiceTicket),
    token: (_ticket, binding) => {
      const text = Buffer.from(binding ?? []).toString('hex')
      right ||= text
      bound = text === '' ? 'none' : text === right ? 'right' : 'wrong'
      return { authorization: 'Negotiate x', verify: () => undefined }
    },
    ...world,
  }
}
/** The first binding that is made is the right one. */
let right = ''

/** Codes of what is not well, and all findings. */
async function look(setting: Setting = {}) {
  const plan = planChecks(APP_CHECKS, worldOf(setting), 'intranet')
  return findingsOf(plan, new ManualClock())
}

const peer = (change: object) => ({
  peek: () =>
    Promise.resolve({ chain: [certificate], chainFault: undefined, alpn: undefined, ...change }),
})

describe('the checks of an app', () => {
  it('pass where all is well', async () => {
    const { codes, all } = await look()
    assert.equal(codes, '')
    assert.deepEqual(all, [
      'DOCTOR_APP_ROUTE',
      'DOCTOR_APP_LOGIN',
      'DOCTOR_APP_ADDRESS',
      'DOCTOR_APP_TCP',
      'DOCTOR_APP_TLS_GOOD',
      'DOCTOR_APP_HTTP1',
      'DOCTOR_APP_NEGOTIATE',
      'DOCTOR_APP_TICKET',
      'DOCTOR_APP_TOKEN',
      'DOCTOR_APP_EPA_OFF',
      'DOCTOR_APP_HEADERS_ROOMY',
    ])
  })

  it('tell how the policy and the gateway differ, with the row that is missing', async () => {
    const cases: readonly (readonly [Setting, string, RegExp])[] = [
      [
        { row: { origin: 'https://other.example' } },
        'DOCTOR_APP_NOT_IN_POLICY',
        /origin: https:\/\/iwa/,
      ],
      [
        {
          app: { servicePrincipalName: 'HTTP/x, allowPrivileged: true' },
          row: { origin: 'https://other.example' },
        },
        'DOCTOR_APP_NOT_IN_POLICY',
        /servicePrincipalName: "HTTP\/x, allowPrivileged: true" }$/,
      ],
      [
        { row: { servicePrincipalName: 'HTTP/x' } },
        'DOCTOR_APP_SPN_MISMATCH',
        /servicePrincipalName: HTTP\/iwa/,
      ],
      [
        {
          app: { singleSignOn: 'none', preAuthentication: 'passthrough' },
          row: { servicePrincipalName: undefined },
        },
        'DOCTOR_APP_PASSTHROUGH',
        /preAuthentication: passthrough/,
      ],
    ]
    for (const [setting, code, mend] of cases) {
      const { codes, unwell } = await look(setting)
      assert.equal(codes, code)
      assert.match(unwell[0]?.mends[0]?.setting ?? '', mend)
    }
  })

  it('tell a login identity that the policy takes from no issuer, with the lines to add', async () => {
    const settingFor = async (delegatedLoginIdentity: string, issuers = [ISSUER]) => {
      const { codes, unwell } = await look({ app: { delegatedLoginIdentity }, issuers })
      return codes === '' ? '' : `${codes}: ${unwell[0]?.mends[0]?.setting ?? ''}`
    }
    assert.match(
      await settingFor('userPrincipalUsername'),
      /^DOCTOR_APP_LOGIN_KIND: issuers:[^]*loginIdentities: \[userPrincipalName, .*, userPrincipalUsername\]/,
    )
    assert.match(await settingFor('sid'), /sidClaim: <claim>\n *loginIdentities: \[.*, sid\]/)
    assert.match(await settingFor('employee'), /loginAttributes:\n *- \{ name: employee,/)
    const row = { name: 'employee', claim: 'employee_id', attribute: 'employeeID' }
    const other = { ...ISSUER, issuer: 'https://b.example', loginAttributes: [row] }
    assert.equal(await settingFor('employee', [ISSUER, other]), '')
    const { codes, all } = await look({ app: { delegatedLoginIdentity: 'sid' }, issuers: [] })
    assert.equal(codes, '')
    assert.ok(all.includes('DOCTOR_NOT_APPLICABLE'))
  })

  it('tell faults of name, alias, address and TCP', async () => {
    assert.equal(
      (await look({ world: { addresses: fails('ENOTFOUND') } })).codes,
      'DOCTOR_APP_NAME',
    )
    const alias = await look({ world: { aliasOf: () => Promise.resolve('web7.corp.example') } })
    assert.equal(alias.codes, 'DOCTOR_APP_CNAME')
    assert.match(alias.unwell[0]?.mends[0]?.sambaTool ?? '', /spn add HTTP\/iwa\.corp\.example/)
    const inside = { addresses: () => Promise.resolve(['169.254.169.254']) }
    const refused = await look({ world: inside })
    assert.equal(refused.codes, 'DOCTOR_APP_ADDRESS_REFUSED')
    assert.match(refused.unwell[0]?.mends[0]?.setting ?? '', /169\.254\.169\.254\/32/)
    assert.equal(
      (await look({ world: { connect: fails('ECONNREFUSED') } })).codes,
      'DOCTOR_APP_UNREACHABLE',
    )
  })

  it('tell faults of the certificate', async () => {
    const untrusted = await look({ world: peer({ chainFault: 'SELF_SIGNED_CERT_IN_CHAIN' }) })
    assert.equal(untrusted.codes, 'DOCTOR_APP_TLS')
    assert.match(untrusted.unwell[0]?.message ?? '', /issued by “CN=/)
    const pin = await look({ row: { tls: { pin: ['ab'.repeat(32)] } } })
    assert.equal(pin.codes, 'DOCTOR_APP_TLS')
    const listed = /pin: \[([0-9a-f]{64})\]/.exec(pin.unwell[0]?.mends[0]?.setting ?? '')?.[1]
    assert.equal((await look({ row: { tls: { pin: [listed] } } })).codes, '')
    assert.equal(
      (await look({ row: { tls: { verify: 'off' } } })).codes,
      'DOCTOR_APP_TLS_UNVERIFIED',
    )
    assert.equal(
      (await look({ world: { nowMs: START_MS + 900 * DAY_MS } })).codes,
      'DOCTOR_APP_CERT_EXPIRED',
    )
    const ends = new X509Certificate(certificate).validToDate.getTime()
    const soon = await look({ world: { nowMs: ends - 13 * DAY_MS } })
    assert.equal(soon.codes, 'DOCTOR_APP_CERT_ENDS_SOON')
    const other = derOf(
      issueServerCertificate(authority, { names: ['x.example'] }, ports).certificatePem,
    )
    assert.match(
      (await look({ world: peer({ chain: [other] }) })).unwell[0]?.message ?? '',
      /for DNS:x\.example/,
    )
    assert.equal((await look({ world: { peek: fails('ECONNRESET') } })).codes, 'DOCTOR_APP_TLS')
  })

  it('tell which HTTP the backend speaks', async () => {
    const both = await look({ world: peer({ alpn: 'h2' }) })
    assert.ok(both.all.includes('DOCTOR_APP_HTTP2_OFFERED'))
    const only: AppWorld['peek'] = ({ alpn }) =>
      alpn?.length === 1
        ? Promise.reject(new Error('no application protocol'))
        : Promise.resolve({ chain: [certificate], chainFault: undefined, alpn: 'h2' })
    assert.equal((await look({ world: { peek: only } })).codes, 'DOCTOR_APP_HTTP2')
  })

  it('tell what the backend offers', async () => {
    const cases: readonly (readonly [BackendAnswer, string])[] = [
      [challenge('NTLM'), 'DOCTOR_APP_NTLM'],
      [challenge('Basic realm="a, Negotiate"'), 'DOCTOR_APP_NO_NEGOTIATE'],
      [answer(503), 'DOCTOR_APP_ERROR'],
      [answer(200), 'DOCTOR_APP_OPEN'],
    ]
    for (const [said, code] of cases) {
      assert.equal((await look({ backend: () => said })).codes.split(',')[0], code)
    }
    assert.equal(
      (await look({ world: { ask: fails('ECONNRESET') } })).codes,
      'DOCTOR_APP_BROKEN_HTTP',
    )
    // The path is the gateway's to choose.
    const strange = { internalUrl: `https://${HOST}/$(id)` }
    const broken = await look({ app: strange, world: { ask: fails('ECONNRESET') } })
    assert.match(broken.unwell[0]?.mends[0]?.shell ?? '', /^curl -sSI --http1.1 '[^']+\$\(id\)'$/)
    const none = {
      app: { singleSignOn: 'none' },
      row: { servicePrincipalName: undefined },
    } as const
    assert.equal(
      (await look({ ...none, backend: () => challenge('NTLM') })).codes,
      'DOCTOR_APP_WANTS_SIGN_IN',
    )
    const open = await look({ ...none, backend: () => answer(200) })
    assert.equal(open.codes, '')
    assert.ok(open.all.includes('DOCTOR_APP_NO_SIGN_IN'))
  })

  it('tell challenges apart', () => {
    const schemes = (...values: string[]) => schemesOf(challenge(...values)).join()
    assert.equal(schemes('Negotiate', 'NTLM'), 'negotiate,ntlm')
    assert.equal(schemes('Negotiate, NTLM, Basic realm="x"'), 'negotiate,ntlm,basic')
    assert.equal(schemes('Negotiate oYG2=='), 'negotiate')
    assert.equal(schemes('Basic realm="Negotiate, NTLM"'), 'basic')
    assert.equal(schemes('Basic realm="a, NTLM, b"'), 'basic')
    assert.equal(schemes('Digest realm="a", nonce="b", NTLM'), 'digest,ntlm')
  })

  it('tell how the backend takes a token', async () => {
    const ticket = await look({ world: { ticket: fails('ERR_KRB_SPN_UNKNOWN') } })
    assert.equal(ticket.codes, 'DOCTOR_APP_TICKET_REFUSED')
    assert.deepEqual(ticket.unwell[0]?.mends, [{ text: 'do' }])
    const loop = await look({ backend: () => challenge('Negotiate') })
    assert.equal(loop.codes, 'DOCTOR_APP_401')
    const front: Judge = ({ authorize }, bound) =>
      authorize && bound === 'none' ? answer(200) : challenge('Negotiate')
    assert.equal((await look({ backend: front })).codes, 'DOCTOR_APP_EPA')
    const unproved: Partial<AppWorld> = {
      token: () => ({
        authorization: 'Negotiate x',
        verify: () => {
          throw new SallyportError('ERR_KRB_MUTUAL', 'no AP-REP')
        },
      }),
    }
    assert.equal((await look({ world: unproved })).codes, 'DOCTOR_APP_NO_MUTUAL')
  })

  it('tell what the backend itself says of a token', async () => {
    const refusing =
      (errorCode: number): Judge =>
      ({ authorize }) =>
        authorize ? challenge(`Negotiate ${krbError(errorCode)}`) : challenge('Negotiate')
    const cases = [
      [37, 'DOCTOR_APP_CLOCK'],
      [41, 'DOCTOR_APP_KEY'],
      [45, 'DOCTOR_APP_KEY'],
      [60, 'DOCTOR_APP_401'],
    ] as const
    for (const [errorCode, code] of cases) {
      assert.equal((await look({ backend: refusing(errorCode) })).codes, code)
    }
  })

  it('find out whether Extended Protection is required, allowed or off', async () => {
    const epa =
      (...taken: readonly string[]): Judge =>
      ({ authorize, fieldOctets }, bound) =>
        authorize && taken.includes(bound) && fieldOctets === undefined
          ? answer(200)
          : challenge('Negotiate')
    const required = await look({ backend: epa('right') })
    assert.ok(required.all.includes('DOCTOR_APP_EPA_REQUIRED'))
    const allowed = await look({ backend: epa('right', 'none') })
    assert.ok(allowed.all.includes('DOCTOR_APP_EPA_ALLOWED'))
  })

  it('find the longest header field, with the setting of the server that it is', async () => {
    const upTo =
      (most: number, server: string): Judge =>
      (question, bound) =>
        (question.fieldOctets ?? 0) > most
          ? answer(431)
          : {
              ...NEGOTIATE(question, bound),
              field: (name) => (name === 'server' ? [server] : ['Negotiate']),
            }
    const iis = await look({ backend: upTo(16_384, 'Microsoft-IIS/10.0') })
    assert.equal(iis.codes, 'DOCTOR_APP_HEADERS_TIGHT')
    assert.match(iis.unwell[0]?.message ?? '', /16000 octets .* answers 431 to 24000/)
    assert.match(iis.unwell[0]?.mends[0]?.powershell ?? '', /MaxFieldLength/)
    const apache = await look({ backend: upTo(8190, 'Apache/2.4') })
    assert.equal(apache.unwell[0]?.mends[0]?.setting, 'LimitRequestFieldSize 65536')
    assert.equal((await look({ backend: upTo(70_000, 'x') })).codes, '')
  })
})

describe('the list of apps', () => {
  const codesOf = async (world: Partial<AppListWorld>) => {
    const told = () => Promise.resolve([PLAIN_APP])
    const whole = { told, asked: [], group: () => Promise.resolve('default'), ...world }
    const plan = planChecks(APP_LIST_CHECKS, whole)
    const results = await runChecks(
      plan,
      { checkMs: 1000, concurrent: 1 },
      { clock: new ManualClock() },
    )
    return results.flatMap(({ findings }) => findings.map(({ code }) => code)).join()
  }

  it('tells an app that belongs to others, and an empty group', async () => {
    assert.equal(await codesOf({}), 'DOCTOR_APPS_TOLD')
    assert.equal(
      await codesOf({ asked: ['intranet', 'x', 'y'] }),
      'DOCTOR_APP_OTHER_GROUP,DOCTOR_APP_OTHER_GROUP',
    )
    assert.equal(await codesOf({ told: () => Promise.resolve([]) }), 'DOCTOR_APPS_NONE')
  })
})
