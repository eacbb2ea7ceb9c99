import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountKey } from '../../../src/directory/index.ts'
import type { BackendAnswer } from '../../../src/doctor/backend.ts'
import { HeaderRoom } from '../../../src/doctor/header-room.ts'
import { KerberosError } from '../../../src/kerberos/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { answer, challenge, fails, krbError } from '../../support/doctor-findings.ts'
import {
  ALICE,
  ISSUER,
  issuersOf,
  look,
  roomOf,
  SERVICE,
  tokenOf,
  type UserSetting,
} from '../../support/doctor-user.ts'
import { REALM } from '../../support/kerberos-world.ts'

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

  it('look up what the login is written as, and take no namesake of another domain', async () => {
    const cases: readonly (readonly [string, AccountKey])[] = [
      ['alice', { by: 'sAMAccountName', value: 'alice' }],
      ['alice@a@b.example', { by: 'userPrincipalName', value: 'alice@a@b.example' }],
      ['S-1-5-21-1-2-3-1200', { by: 'sid', value: 'S-1-5-21-1-2-3-1200' }],
      ['Corp.Example\\alice', { by: 'sAMAccountName', value: 'alice', realms: ['Corp.Example'] }],
    ]
    for (const [login, key] of cases) {
      const keys: AccountKey[] = []
      const findAccount = (asked: AccountKey) => {
        keys.push(asked)
        return Promise.resolve(ALICE)
      }
      const ports = { login, directory: () => Promise.resolve({ findAccount }) }
      assert.ok((await look({ ports })).all.includes('DOCTOR_USER_FOUND'))
      assert.deepEqual(keys, [key])
    }
    const { codes } = await look({ ports: { login: 'branch.example\\alice' } })
    assert.equal(codes, 'DOCTOR_USER_UNKNOWN')
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
    const cases: readonly (readonly [UserSetting, string, RegExp])[] = [
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
    const services = [{ ...SERVICE, mayImpersonate }]
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

  it('tell a token that is longer than the backend takes, with the setting of the server that it is', async () => {
    const { headerRoom } = roomOf(8190, 'Apache/2.4')
    const { codes, unwell, asked } = await look({ ports: { ...tokenOf(8191), headerRoom } })
    assert.equal(codes, 'DOCTOR_TOKEN_LARGE')
    assert.match(unwell[0]?.message ?? '', /answers 431 to a field of 8191 octets.* has 8191$/)
    assert.equal(unwell[0]?.mends[0]?.setting, 'LimitRequestFieldSize 12288')
    assert.equal(asked, 0)
    const fits = await look({ ports: { ...tokenOf(8190), headerRoom: roomOf(8190).headerRoom } })
    assert.equal(fits.codes, '')
    const iis = roomOf(16_000, 'Microsoft-IIS/10.0')
    const large = await look({ ports: { ...tokenOf(60_000), headerRoom: iis.headerRoom } })
    const commands = large.unwell[0]?.mends[0]?.powershell ?? ''
    assert.match(commands, /MaxFieldLength -Type DWord -Value 65534\n.*MaxRequestBytes .* 94208\n/)
  })

  it('ask the backend about a size only where that is not known from other checks', async () => {
    const { room, headerRoom, asked } = roomOf(8190)
    const { signal } = new AbortController()
    assert.deepEqual(
      [await room.takes(8000, signal), await room.takes(12_000, signal)],
      [true, false],
    )
    const before = asked()
    assert.equal((await look({ ports: { ...tokenOf(7000), headerRoom } })).codes, '')
    const { codes } = await look({ ports: { ...tokenOf(20_000), headerRoom } })
    assert.equal(codes, 'DOCTOR_TOKEN_LARGE')
    assert.equal(asked(), before)
    await look({ ports: { ...tokenOf(8100), headerRoom } })
    assert.equal(asked(), before + 1)
  })

  it('say so where the backend’s room cannot be measured', async () => {
    const room = new HeaderRoom(fails('ECONNREFUSED'))
    const { codes, findings } = await look({ ports: { headerRoom: () => room } })
    assert.equal(codes, '')
    const good = findings.find(({ code }) => code === 'DOCTOR_TICKET_GOOD')
    assert.match(good?.message ?? '', /is not known \(ECONNREFUSED\)/)
  })

  it('tell what the backend makes of the ticket', async () => {
    const refused = (errorCode: number) => challenge(`Negotiate ${krbError(errorCode)}`)
    const cases: readonly (readonly [BackendAnswer, string])[] = [
      [refused(41), 'DOCTOR_BACKEND_KEY'],
      [refused(31), 'DOCTOR_BACKEND_KEY'],
      [refused(44), 'DOCTOR_BACKEND_KEY'],
      [refused(45), 'DOCTOR_BACKEND_KEY'],
      [refused(37), 'DOCTOR_BACKEND_CLOCK'],
      [refused(60), 'DOCTOR_BACKEND_REFUSES'],
      [challenge('Negotiate', 'NTLM'), 'DOCTOR_BACKEND_REFUSES'],
      [answer(403), ''],
    ]
    for (const [said, code] of cases) assert.equal((await look({ answer: said })).codes, code)
    const silent = await look({ answer: challenge('Negotiate', 'NTLM') })
    assert.match(silent.unwell[0]?.message ?? '', /it offers negotiate, ntlm and does not say why/)
    const { unwell } = await look({ answer: refused(41) })
    assert.match(unwell[0]?.message ?? '', /401 to the ticket for HTTP\/iwa.*: .+/)
    assert.ok((unwell[0]?.mends[0]?.text.length ?? 0) > 10)
    const unproved = tokenOf(3000, () => {
      throw new KerberosError('ERR_KRB_MUTUAL', 'not the service')
    })
    assert.equal((await look({ ports: unproved })).codes, 'DOCTOR_BACKEND_UNPROVED')
    const away = await look({ ports: { ask: fails('ERR_SSO_BACKEND_UNREACHABLE') } })
    assert.equal(away.codes, 'DOCTOR_BACKEND_UNREACHABLE')
  })
})
