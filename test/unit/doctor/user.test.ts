import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DirectoryAccount } from '../../../src/directory/index.ts'
import {
  planChecks,
  USER_CHECKS,
  userWorld,
  type BackendAnswer,
  type UserPorts,
} from '../../../src/doctor/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { compilePolicy, policySchema } from '../../../src/sso/index.ts'
import { fails, findingsOf } from '../../support/doctor-findings.ts'
import { account } from '../../support/delegation-state.ts'
import { newWorld, REALM, SPN } from '../../support/kerberos-world.ts'
import type { Kind, Refusal } from '../../support/memory-kdc/index.ts'

const ALICE: DirectoryAccount = {
  distinguishedName: 'CN=alice,CN=Users,DC=corp,DC=example',
  sAMAccountName: 'alice',
  sid: 'S-1-5-21-1-2-3-1200',
  realm: REALM,
  enabled: true,
  sensitive: false,
  protectedUser: false,
  memberOf: [],
}
const ISSUER = {
  issuer: 'https://idp.example',
  audience: 'sallyport',
  loginClaim: 'upn',
  keysFile: 'keys.json',
  upnSuffixes: ['corp.example'],
}
const issuersOf = (...rows: readonly object[]) => {
  const file = policySchema.parse({ issuers: rows, backends: [] })
  return [...compilePolicy(file, () => '').issuers.values()]
}
const ANSWER: BackendAnswer = { status: 200, proof: 'proved', schemes: ['Negotiate'] }

/** What differs from a user for whom all is well. */
interface Setting {
  readonly account?: Partial<DirectoryAccount>
  readonly settings?: Parameters<typeof account>[2]
  readonly connector?: string
  readonly refuse?: Partial<Record<Kind, Refusal>>
  readonly answer?: Partial<BackendAnswer>
  readonly ports?: Partial<UserPorts>
}

/** Asks a KDC in memory. */
async function look(setting: Setting = {}) {
  const { clock, kdc, client } = newWorld()
  const { connector = 'CONN1$', refuse, answer } = setting
  if (refuse) kdc.tricks = { refuse: (kind) => refuse[kind] }
  const tickets = client(connector)
  let asked = 0
  const world = userWorld({
    clock,
    login: 'alice',
    connector,
    services: [{ origin: 'http://iwa.corp.example', spn: SPN, mayImpersonate: () => undefined }],
    issuers: issuersOf(ISSUER),
    loginKinds: ['userPrincipalName'],
    signIn: () => Promise.resolve(undefined),
    directory: () =>
      Promise.resolve({ findAccount: () => Promise.resolve({ ...ALICE, ...setting.account }) }),
    settings: (name) => Promise.resolve(account(name, 1200, setting.settings)),
    tickets: () =>
      Promise.resolve({
        // This KDC has no directory behind it, so it tells no SIDs.
        impersonate: ({ name, realm }, signal) => tickets.impersonate({ name, realm }, signal),
        delegate: (evidence, spn, signal) => tickets.delegate(evidence, spn, signal),
        diagnose: (evidence, spn, signal) => tickets.diagnose(evidence, spn, signal),
      }),
    fieldOctets: () => 3000,
    request: () => {
      asked += 1
      return Promise.resolve({ ...ANSWER, ...answer })
    },
    ...setting.ports,
  })
  const plan = planChecks(USER_CHECKS, world, 'alice')
  return { ...(await findingsOf(plan, clock)), asked }
}

describe('the checks of a user', () => {
  it('pass where all is well', async () => {
    const { codes, all } = await look()
    assert.equal(codes, '')
    assert.deepEqual(all, [
      'DOCTOR_USER_FOUND',
      'DOCTOR_USER_ASSERTABLE',
      'DOCTOR_USER_GOOD',
      'DOCTOR_USER_ALLOWED',
      'DOCTOR_S4U2SELF_GOOD',
      'DOCTOR_TICKET_GOOD',
      'DOCTOR_BACKEND_ANSWERS',
    ])
  })

  it('tell a login that nobody, or several have, or that cannot be looked up', async () => {
    const cases = [
      ['ERR_DIRECTORY_NOT_FOUND', 'DOCTOR_USER_UNKNOWN'],
      ['ERR_DIRECTORY_AMBIGUOUS', 'DOCTOR_USER_AMBIGUOUS'],
      ['ERR_DIRECTORY_REPLY', 'DOCTOR_USER_UNREADABLE'],
    ] as const
    for (const [error, code] of cases) {
      const directory = () => Promise.resolve({ findAccount: fails(error) })
      const { codes, asked } = await look({ ports: { directory } })
      assert.equal(codes, code)
      assert.equal(asked, 0)
    }
    const hidden = await look({ ports: { settings: () => Promise.resolve(undefined) } })
    assert.equal(hidden.codes, 'DOCTOR_USER_UNREADABLE')
  })

  it('tell a suffix or realm that the policy lets no issuer assert, with the list to be set', async () => {
    const contoso = { ...ISSUER, upnSuffixes: ['contoso.test'] }
    const elsewhere = { ...ISSUER, realms: ['ELSEWHERE.EXAMPLE'] }
    const cases = [
      [contoso, 'upnSuffixes: [contoso.test, corp.example]'],
      [elsewhere, `realms: [ELSEWHERE.EXAMPLE, ${REALM}]`],
    ] as const
    for (const [row, setting] of cases) {
      const { codes, unwell } = await look({ ports: { issuers: issuersOf(row) } })
      assert.equal(codes, 'DOCTOR_USER_NOT_ASSERTABLE')
      assert.ok(unwell[0]?.mends[0]?.setting?.startsWith(`${setting} `), setting)
    }
    const robert = { issuers: issuersOf(contoso), login: 'robert@contoso.test' }
    assert.equal((await look({ ports: robert })).codes, '')
  })

  it('ask of the issuer that the gateway has, and of the kinds that the apps have', async () => {
    const contoso = { ...ISSUER, issuer: 'https://b.example', upnSuffixes: ['contoso.test'] }
    const both = { issuers: issuersOf(contoso, ISSUER) }
    assert.equal((await look({ ports: both })).codes, '')
    const signIn = () => Promise.resolve({ issuer: 'https://b.example', clientId: 'sallyport' })
    const { codes } = await look({ ports: { ...both, signIn } })
    assert.equal(codes, 'DOCTOR_USER_NOT_ASSERTABLE')
    const names = { ...ISSUER, onPremisesSAMAccountNameClaim: 'sam' }
    const account = { userPrincipalName: 'alice@contoso.test' }
    const ports = { issuers: issuersOf(names), loginKinds: ['onPremisesSAMAccountName'] }
    assert.equal((await look({ account, ports })).codes, 'DOCTOR_USER_NOT_ASSERTABLE')
    const { all } = await look({ ports: { loginKinds: ['userPrincipalUsername'] } })
    assert.ok(all.includes('DOCTOR_NOT_APPLICABLE'))
  })

  it('tell each state that keeps a user out, and ask the backend nothing then', async () => {
    const cases: readonly (readonly [Setting, string, RegExp])[] = [
      [{ account: { enabled: false } }, 'DISABLED', /user enable alice/],
      [{ account: { sensitive: true } }, 'SENSITIVE', /user sensitive alice off/],
      [{ account: { protectedUser: true } }, 'PROTECTED', /removemembers 'Protected Users' alice/],
      [
        { settings: { more: { 'msDS-User-Account-Control-Computed': '16' } } },
        'LOCKED',
        /user unlock alice/,
      ],
      [{ settings: { more: { accountExpires: '1' } } }, 'EXPIRED', /replace: accountExpires/],
    ]
    for (const [setting, code, mend] of cases) {
      const { codes, unwell, asked } = await look(setting)
      assert.equal(codes, `DOCTOR_USER_${code}`)
      assert.match(unwell[0]?.mends[0]?.sambaTool ?? '', mend)
      assert.equal(asked, 0)
    }
  })

  it('only warn of a password that must be changed: Windows gives tickets all the same', async () => {
    const { codes, asked } = await look({ settings: { more: { pwdLastSet: '0' } } })
    assert.equal(codes, 'DOCTOR_USER_MUST_CHANGE')
    assert.equal(asked, 1)
  })

  it('tell a policy that does not act for the user, and ask for no ticket then', async () => {
    const mayImpersonate = () => {
      throw new SallyportError('ERR_SSO_NEVER', 'never')
    }
    const services = [{ origin: 'http://iwa.corp.example', spn: SPN, mayImpersonate }]
    const tickets = () => Promise.reject(new TypeError('nobody is to ask'))
    const { codes, asked } = await look({ ports: { services, tickets } })
    assert.equal(codes, 'DOCTOR_USER_NEVER_IMPERSONATED')
    assert.equal(asked, 0)
  })

  it('tell what the KDC says to a ticket in the user’s name', async () => {
    const revoked = await look({ refuse: { S4U2Self: { code: 18, ntStatus: 0xc0000072 } } })
    assert.equal(revoked.codes, 'DOCTOR_S4U2SELF_REFUSED')
    assert.match(revoked.unwell[0]?.message ?? '', /STATUS_ACCOUNT_DISABLED/)
    const conn2 = await look({ connector: 'CONN2$' })
    assert.equal(conn2.codes, 'DOCTOR_S4U2SELF_NOT_FORWARDABLE')
    const mend = conn2.unwell[0]?.mends[0]?.sambaTool
    assert.equal(mend, "samba-tool delegation for-any-protocol 'CONN2$' on")
  })

  // MS-SFU 3.2.5.2: Windows tells these apart by NTSTATUS; Samba answers 13 alone.
  const statuses = [
    [0xc00000bb, /STATUS_NOT_SUPPORTED/],
    [0xc0000272, /STATUS_NO_MATCH/],
    [0xc0000225, /STATUS_NOT_FOUND/],
    [0xc000006e, /STATUS_ACCOUNT_RESTRICTION/],
  ] as const
  for (const [ntStatus, name] of statuses) {
    it(`tell a refusal to delegate as Windows words it, ${ntStatus.toString(16)}, with a mend`, async () => {
      const { codes, unwell, asked } = await look({ refuse: { S4U2Proxy: { code: 13, ntStatus } } })
      assert.equal(codes, 'DOCTOR_TICKET_REFUSED')
      assert.match(unwell[0]?.message ?? '', name)
      assert.ok((unwell[0]?.mends[0]?.text.length ?? 0) > 10)
      assert.equal(asked, 0)
    })
  }

  it('warn of a token that is longer than servers take', async () => {
    const { codes, unwell } = await look({ ports: { fieldOctets: () => 7501 } })
    assert.equal(codes, 'DOCTOR_TOKEN_LARGE')
    assert.match(unwell[0]?.message ?? '', /7501 octets/)
    assert.equal((await look({ ports: { fieldOctets: () => 7500 } })).codes, '')
  })

  it('tell what the backend makes of the ticket', async () => {
    const refused = (krbErrorCode: number): Partial<BackendAnswer> => ({
      status: 401,
      proof: 'absent',
      refusal: { krbErrorCode, text: `error ${krbErrorCode}`, mend: 'do' },
    })
    const cases: readonly (readonly [Partial<BackendAnswer>, string])[] = [
      [refused(41), 'DOCTOR_BACKEND_KEY'],
      [refused(31), 'DOCTOR_BACKEND_KEY'],
      [refused(44), 'DOCTOR_BACKEND_KEY'],
      [refused(45), 'DOCTOR_BACKEND_KEY'],
      [refused(37), 'DOCTOR_BACKEND_CLOCK'],
      [refused(60), 'DOCTOR_BACKEND_REFUSES'],
      [{ status: 401, proof: 'absent' }, 'DOCTOR_BACKEND_REFUSES'],
      [{ proof: 'wrong' }, 'DOCTOR_BACKEND_UNPROVED'],
      [{ status: 403, proof: 'absent' }, ''],
    ]
    for (const [answer, code] of cases) assert.equal((await look({ answer })).codes, code)
    const { unwell } = await look({ answer: refused(41) })
    assert.deepEqual(unwell[0]?.mends, [{ text: 'do' }])
    assert.match(unwell[0].message, /401 to the ticket for HTTP\/iwa.*: error 41/)
    const away = await look({ ports: { request: fails('ERR_SSO_BACKEND_UNREACHABLE') } })
    assert.equal(away.codes, 'DOCTOR_BACKEND_UNREACHABLE')
  })
})
