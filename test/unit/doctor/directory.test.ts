import assert from 'node:assert/strict'
import { KerberosError } from '../../../src/kerberos/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { describe, it } from 'node:test'
import type { AccountSettings, Trust } from '../../../src/directory/index.ts'
import type { DirectoryPicture } from '../../../src/doctor/directory/world.ts'
import { DIRECTORY_CHECKS, planChecks, type DirectoryWorld } from '../../../src/doctor/index.ts'
import { fails, findingsOf } from '../../support/doctor-findings.ts'
import { account, delegationState, service, TO_AUTH } from '../../support/delegation-state.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const IWA = 'HTTP/iwa.corp.example'
const clock = new ManualClock()
/** FILETIME of a time in milliseconds since 1970 (MS-DTYP 2.3.3). */
const fileTime = (ms: number): string => String((BigInt(ms) + 11_644_473_600_000n) * 10_000n)
const conn = (difference: Parameters<typeof account>[2] = {}): AccountSettings =>
  account('CONN$', 1104, {
    control: TO_AUTH,
    spns: ['HOST/conn.corp.example'],
    list: [IWA],
    more: { 'msDS-KeyVersionNumber': '3' },
    ...difference,
  })
const KRBTGT = account('krbtgt', 502)
const SID_TRUST: Trust = {
  partner: 'partner.example',
  direction: 'both',
  type: 'uplevel',
  forest: false,
  withinForest: false,
  selectiveAuthentication: false,
  sidFiltering: true,
  tgtDelegation: false,
}
const controller = (name: string, readOnly: boolean) => ({
  name,
  host: `${name.toLowerCase()}.corp.example`,
  readOnly,
  site: 'Berlin',
  globalCatalog: true,
  operatingSystem: 'Windows Server 2022 Standard',
})

/** What differs from a healthy directory. */
interface Setting {
  readonly world?: Partial<DirectoryWorld>
  readonly picture?: Partial<DirectoryPicture>
  readonly own?: AccountSettings
  readonly holder?: AccountSettings
  readonly controllers?: readonly ReturnType<typeof controller>[]
  readonly groups?: () => Promise<readonly string[]>
}

function pictureOf(setting: Setting): DirectoryPicture {
  const { own = conn(), holder = account('svc-iwa', 1115, { spns: [IWA] }) } = setting
  const { controllers = [controller('DC1', false)], groups } = setting
  const groupsOf = groups ?? (() => Promise.resolve(['S-1-5-21-1-2-3-513']))
  return {
    search: undefined as never,
    root: {
      namingContext: 'DC=corp,DC=example',
      configuration: 'CN=Configuration,DC=corp,DC=example',
      rootDomain: 'DC=corp,DC=example',
      server: 'dc1.corp.example',
      domainLevel: 7,
      globalCatalog: true,
    },
    facts: { accounts: undefined as never, groupsOf, aliases: new Map(), controllers },
    sites: ['Berlin'],
    trusts: [],
    connector: own,
    krbtgt: KRBTGT,
    aesSinceMs: clock.nowMs() - 1_000_000,
    delegation: delegationState(own, [service(own, IWA, [holder])]),
    ...setting.picture,
  }
}

/** All findings of what is not well, and all codes. */
async function look(setting: Setting = {}) {
  const world: DirectoryWorld = {
    clock,
    account: 'CONN$',
    keytab: '/etc/sallyport/conn.keytab',
    rotatedEveryDays: undefined,
    services: [{ spn: IWA, origins: ['http://iwa.corp.example'] }],
    hosts: [
      { host: 'dc1.corp.example', use: 'kdc' },
      { host: 'dc1.corp.example', use: 'directory' },
    ],
    otherDomains: [],
    others: () => Promise.resolve([]),
    connect: () => Promise.resolve(1),
    ownKeys: () => Promise.resolve([{ kvno: 3, etype: 18 }]),
    ownTicket: () => Promise.resolve({}),
    directory: () => Promise.reject(new TypeError('the picture is given')),
    picture: () => Promise.resolve(pictureOf(setting)),
    ...setting.world,
  }
  const plan = planChecks(DIRECTORY_CHECKS, world)
  return findingsOf(plan, clock)
}

describe('the checks of the directory', () => {
  it('tell when the password was set, and when the connector sets the next one', async () => {
    const told = async (rotatedEveryDays: number | undefined) => {
      const own = { ...conn(), passwordSetMs: Date.parse('2026-11-01T12:00:00Z') }
      const { findings } = await look({ own, world: { rotatedEveryDays } })
      return findings.find(({ code }) => code === 'DOCTOR_KEYTAB_GOOD')?.message ?? ''
    }
    assert.match(
      await told(undefined),
      /; the password was set on 2026-11-01, and is not rotated by/,
    )
    assert.match(
      await told(30),
      /set on 2026-11-01, and is rotated from 2026-12-01 on \(every 30 days\)$/,
    )
  })

  it('pass where all is well', async () => {
    const { codes, all } = await look()
    assert.equal(codes, '')
    assert.deepEqual(
      [...new Set(all)],
      [
        'DOCTOR_PORT_OPEN',
        'DOCTOR_OWN_TICKET_GOOD',
        'DOCTOR_BIND_GOOD',
        'DOCTOR_CONTROLLERS',
        'DOCTOR_OWN_ACCOUNT_GOOD',
        'DOCTOR_KEYTAB_GOOD',
        'DOCTOR_ENCRYPTION_GOOD',
        'DOCTOR_GROUPS_READABLE',
        'DOCTOR_DELEGATION_GRANTED',
        'DOCTOR_KRBTGT_GOOD',
        'DOCTOR_TRUSTS',
        'DOCTOR_NOT_APPLICABLE',
      ],
    )
  })

  it('tell closed ports: those that are needed from those that only some commands use', async () => {
    const only = (open: readonly number[]): Setting => ({
      world: {
        connect: (_host, port) => (open.includes(port) ? Promise.resolve(1) : fails('ETIMEDOUT')()),
      },
    })
    assert.equal(
      (await look(only([88, 636]))).codes,
      'DOCTOR_PORT_OPTIONAL_CLOSED,DOCTOR_PORT_OPTIONAL_CLOSED',
    )
    const { unwell } = await look(only([464, 3269]))
    assert.deepEqual(
      unwell.map(({ code, subject }) => `${code} ${subject ?? ''}`),
      ['DOCTOR_PORT_CLOSED dc1.corp.example:88', 'DOCTOR_PORT_CLOSED dc1.corp.example:636'],
    )
  })

  it('give a mend for each reason why the account gets no ticket', async () => {
    const mendsFor = async (code: string) => {
      const { codes, unwell } = await look({ world: { ownTicket: fails(code) } })
      assert.equal(codes, 'DOCTOR_OWN_TICKET_REFUSED')
      return unwell[0]?.mends.map(({ sambaTool, text }) => sambaTool ?? text) ?? []
    }
    assert.deepEqual(await mendsFor('ERR_KRB_CLIENT_REVOKED'), [
      "samba-tool user enable 'CONN$'",
      "samba-tool user unlock 'CONN$'",
      "samba-tool user setexpiry 'CONN$' --noexpiry",
    ])
    for (const code of ['ERR_KRB_PREAUTH_FAILED', 'ERR_KRB_ETYPE']) {
      assert.match((await mendsFor(code))[0] ?? '', /exportkeytab .* --principal='CONN\$'$/)
    }
    assert.deepEqual(await mendsFor('ERR_KRB_KDC_UNREACHABLE'), ['do'])
  })

  it('tell a keytab that is none from one that cannot be read', async () => {
    const mendFor = async (cause: Error): Promise<string> => {
      const error = new KerberosError('ERR_KRB_KEYTAB', 'why', { cause, mend: 'do' })
      const { unwell } = await look({ world: { ownTicket: () => Promise.reject(error) } })
      const [{ sambaTool, text } = { text: '', sambaTool: '' }] = unwell[0]?.mends ?? []
      return sambaTool ?? text
    }
    assert.match(await mendFor(new Error('at octet 6')), /^rm -f .* exportkeytab /)
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' })
    assert.equal(await mendFor(denied), 'do')
  })

  it('stop at a directory that lets nobody in', async () => {
    const { codes, unwell } = await look({ world: { picture: fails('ERR_DIRECTORY_BIND') } })
    assert.equal(codes, 'DOCTOR_BIND_FAILED')
    assert.match(unwell[0]?.message ?? '', /ERR_DIRECTORY_BIND: why/)
  })

  it('tell when only read-only controllers are named, and not while a writable one is', async () => {
    const readOnly = { controllers: [controller('DC1', true), controller('DC2', false)] }
    assert.equal((await look(readOnly)).codes, 'DOCTOR_ONLY_READ_ONLY')
    const hosts = ['dc1', 'dc2'].map((name) => ({
      host: `${name}.corp.example`,
      use: 'kdc' as const,
    }))
    assert.equal((await look({ ...readOnly, world: { hosts } })).codes, '')
  })

  it('count domain controllers in words', async () => {
    const told = async (count: number): Promise<string> => {
      const controllers = Array.from({ length: count }, (_, at) => controller(`DC${at + 1}`, false))
      const { findings } = await look({ controllers })
      return findings.find(({ code }) => code === 'DOCTOR_CONTROLLERS')?.message ?? ''
    }
    assert.match(await told(1), /^1 domain controller \(DC1 in Berlin/)
    assert.match(await told(2), /^2 domain controllers \(DC1 /)
  })

  it('tell what is wrong with the connector’s own account', async () => {
    const missing = await look({ picture: { connector: undefined } })
    assert.equal(missing.codes, 'DOCTOR_OWN_ACCOUNT_MISSING')
    const cases: readonly (readonly [Parameters<typeof account>[2], RegExp])[] = [
      [{ control: TO_AUTH + 2 }, /user enable/],
      [{ more: { 'msDS-User-Account-Control-Computed': '16' } }, /user unlock/],
      [{ more: { accountExpires: fileTime(clock.nowMs() - 1000) } }, /replace: accountExpires/],
    ]
    for (const [difference, mend] of cases) {
      const { codes, unwell } = await look({ own: conn(difference) })
      assert.equal(codes, 'DOCTOR_OWN_ACCOUNT_STANDING')
      assert.match(unwell[0]?.mends[0]?.sambaTool ?? '', mend)
    }
    const noPac = await look({ own: conn({ control: TO_AUTH + 0x2000000 }) })
    assert.equal(noPac.codes, 'DOCTOR_OWN_ACCOUNT_WITHOUT_PAC')
    const later = fileTime(clock.nowMs() + 1000)
    assert.equal((await look({ own: conn({ more: { accountExpires: later } }) })).codes, '')
  })

  it('tell a keytab that is older or newer than the directory, and one without AES', async () => {
    const withKeys = (...keys: { kvno: number; etype: number }[]) =>
      look({ world: { ownKeys: () => Promise.resolve(keys) } })
    for (const kvno of [2, 4]) {
      const { codes, unwell } = await withKeys({ kvno, etype: 18 })
      assert.equal(codes, 'DOCTOR_KEYTAB_STALE')
      assert.match(unwell[0]?.message ?? '', new RegExp(`key version ${kvno}, .* has 3:`))
    }
    assert.equal((await withKeys({ kvno: 2, etype: 18 }, { kvno: 3, etype: 17 })).codes, '')
    const rc4 = await withKeys({ kvno: 3, etype: 23 })
    assert.equal(rc4.codes, 'DOCTOR_KEYTAB_WITHOUT_AES')
    assert.match(rc4.unwell[0]?.message ?? '', /encryption types 23/)
    assert.match(rc4.unwell[0]?.mends[0]?.sambaTool ?? '', /exportkeytab/)
    const password = { keytab: undefined, ownKeys: () => Promise.resolve(undefined) }
    assert.equal((await look({ world: password })).codes, '')
  })

  it('tell accounts whose tickets would not be under AES keys', async () => {
    const holder = (difference: Parameters<typeof account>[2]) =>
      look({ holder: account('svc-iwa', 1115, { spns: [IWA], ...difference }) })
    const old = { pwdLastSet: fileTime(clock.nowMs() - 2_000_000) }
    const cases = [
      [{ etypes: 4 }, 'DOCTOR_WITHOUT_AES'],
      [{ etypes: 0 }, 'DOCTOR_ENCRYPTION_DEFAULT'],
      [{ control: 0x200000 }, 'DOCTOR_DES_ONLY'],
      [{ more: old }, 'DOCTOR_PASSWORD_BEFORE_AES'],
      [{ etypes: 0, more: old }, 'DOCTOR_PASSWORD_BEFORE_AES'],
      [{ etypes: 28 }, ''],
    ] as const
    for (const [difference, code] of cases) {
      const { codes, unwell } = await holder(difference)
      assert.equal(codes, code)
      assert.ok(unwell.every(({ subject }) => subject === 'svc-iwa'))
    }
    const { unwell } = await holder({ etypes: 4 })
    assert.match(unwell[0]?.mends[0]?.sambaTool ?? '', /msDS-SupportedEncryptionTypes: 24/)
  })

  it('ask each other directory by itself', async () => {
    const mend = 'Start it.'
    const down = () =>
      Promise.reject(new SallyportError('ERR_DIRECTORY_UNREACHABLE', 'no', { mend }))
    const others = [
      { serves: 'branch.example', check: down },
      { serves: 'the forest of far.example', check: () => Promise.resolve() },
    ]
    const { codes, all, unwell } = await look({ world: { others: () => Promise.resolve(others) } })
    assert.equal(codes, 'DOCTOR_OTHER_DIRECTORY_FAILED')
    assert.ok(all.includes('DOCTOR_OTHER_DIRECTORY_GOOD'))
    const [finding] = unwell
    assert.equal(finding?.subject, 'branch.example')
    assert.equal(finding.message, 'branch.example: ERR_DIRECTORY_UNREACHABLE: no')
    assert.equal(finding.mends[0]?.text, mend)
  })

  it('tell a service’s account that is disabled or has ended', async () => {
    const standing = (difference: Parameters<typeof account>[2]) =>
      look({ holder: account('svc-iwa', 1115, { spns: [IWA], ...difference }) })
    assert.equal((await standing({ control: 2 })).codes, 'DOCTOR_SERVICE_ACCOUNT_STANDING')
    const ended = { accountExpires: fileTime(clock.nowMs()) }
    assert.equal((await standing({ more: ended })).codes, 'DOCTOR_SERVICE_ACCOUNT_STANDING')
  })

  it('tell tokenGroups that may not be read, with the group that may', async () => {
    const { codes, unwell } = await look({ groups: fails('ERR_DIRECTORY_REFUSED') })
    assert.equal(codes, 'DOCTOR_GROUPS_UNREADABLE')
    assert.equal(
      unwell[0]?.mends[0]?.sambaTool,
      "samba-tool group addmembers 'Windows Authorization Access Group' 'CONN$'",
    )
  })

  it('do not blame rights where the directory fell silent or answered nonsense', async () => {
    for (const code of ['ERR_DIRECTORY_UNREACHABLE', 'ERR_DIRECTORY_REPLY'] as const) {
      const { codes, unwell } = await look({ groups: fails(code) })
      assert.equal(codes, 'DOCTOR_GROUPS_UNKNOWN')
      assert.match(
        unwell[0]?.message ?? '',
        new RegExp(`^tokenGroups could not be asked for: ${code}: `),
      )
      assert.doesNotMatch(JSON.stringify(unwell), /Windows Authorization Access Group/)
    }
  })

  it('tell a krbtgt that is sensitive, or not to be read', async () => {
    const sensitive = await look({
      picture: { krbtgt: account('krbtgt', 502, { control: 0x100000 }) },
    })
    assert.equal(sensitive.codes, 'DOCTOR_KRBTGT_SENSITIVE')
    assert.equal(sensitive.unwell[0]?.mends[0]?.sambaTool, 'samba-tool user sensitive krbtgt off')
    const unknown = await look({ picture: { krbtgt: undefined } })
    assert.equal(unknown.codes, 'DOCTOR_KRBTGT_UNKNOWN')
    const readable = unknown.findings.find(({ code }) => code === 'DOCTOR_GROUPS_READABLE')
    assert.equal(readable?.message, 'tokenGroups can be read (1 group of CONN$)')
  })

  it('tell a name that another domain of the forest has, too', async () => {
    const own = conn()
    const there = { sAMAccountName: 'svc-far', distinguishedName: 'CN=svc-far,DC=eu,DC=example' }
    const far = {
      ...service(own, IWA, []),
      elsewhere: [{ ...there, sid: 'S-1-5-21-9-9-9-1', realm: 'EU.EXAMPLE' }],
    }
    const delegation = delegationState(own, [far])
    const { codes } = await look({ own, picture: { delegation } })
    assert.match(codes, /DOCTOR_SPN_ELSEWHERE/)
  })

  it('tell trusts, and what of them gets into users’ way', async () => {
    const trusts = (...changes: Partial<Trust>[]) =>
      look({ picture: { trusts: changes.map((change) => ({ ...SID_TRUST, ...change })) } })
    assert.equal((await trusts({})).codes, '')
    const { codes, unwell } = await trusts({ selectiveAuthentication: true }, { forest: true })
    assert.equal(codes, 'DOCTOR_TRUST_SELECTIVE')
    assert.match(unwell[0]?.message ?? '', /partner\.example .*selective authentication/)
    const told = (await trusts({ forest: true, sidFiltering: false, tgtDelegation: true })).findings
    const [trust] = told.filter(({ code }) => code === 'DOCTOR_TRUSTS')
    assert.match(trust?.message ?? '', /uplevel, both, forest/)
    assert.match(trust?.message ?? '', /tickets may be forwarded across it/)
    const external = (await trusts({})).findings.find(({ code }) => code === 'DOCTOR_TRUSTS')
    assert.match(external?.message ?? '', /both, external, SIDs of other domains are filtered/)
  })

  it('tell whether users of the other domains of connector.yaml can be acted for', async () => {
    const of = (trust: Partial<Trust>, operatingSystem: string, domain = 'eu.partner.example') => {
      const trusts = [{ ...SID_TRUST, ...trust }]
      const known = pictureOf({}).facts
      const controllers = known.controllers.map((each) => ({ ...each, operatingSystem }))
      const picture = { trusts, facts: { ...known, controllers } }
      return look({ picture, world: { otherDomains: [domain] } })
    }
    const samba = await of({}, 'Samba-4.22.6')
    assert.equal(samba.codes, 'DOCTOR_TRUST_NOT_DELEGABLE')
    assert.match(samba.unwell[0]?.message ?? '', /eu\.partner\.example .*ERR_KRB_FOREIGN_USER/)
    const windows = 'Windows Server 2022'
    assert.equal((await of({}, windows)).codes, '')
    assert.equal((await of({ direction: 'inbound' }, windows)).codes, 'DOCTOR_TRUST_NOT_DELEGABLE')
    assert.equal((await of({}, windows, 'else.example')).codes, 'DOCTOR_TRUST_MISSING')
    assert.equal((await of({ withinForest: true }, windows, 'else.example')).codes, '')
  })
})
