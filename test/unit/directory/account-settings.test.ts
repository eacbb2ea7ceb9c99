import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accountSettings, encodeSid, encryptionTypes } from '../../../src/directory/index.ts'
import { fileTimeMs, generalizedTimeMs } from '../../../src/directory/file-time.ts'
import { trustOf } from '../../../src/directory/trust.ts'
import { keptDescriptor } from '../../support/descriptors.ts'

const SID = 'S-1-5-21-1-2-3-1122'

function entryOf(text: Readonly<Record<string, string | readonly string[]>>, acting?: Uint8Array) {
  const whole = { sAMAccountName: 'CONN1$', userAccountControl: '4096', ...text }
  return {
    distinguishedName: 'CN=CONN1,CN=Computers,DC=corp,DC=example',
    text: new Map(
      Object.entries(whole).map(([name, value]) => [name.toLowerCase(), [value].flat()]),
    ),
    binary: new Map([
      ['objectsid', [encodeSid(SID)]],
      ...(acting ? [['msds-allowedtoactonbehalfofotheridentity', [acting]] as const] : []),
    ]),
  }
}

describe('accountSettings', () => {
  // Values of CONN1$ of the lab, Samba 4.22.6.
  it('reads a connector account', () => {
    const settings = accountSettings(
      entryOf({
        objectClass: ['top', 'person', 'organizationalPerson', 'user', 'computer'],
        userAccountControl: '16846848',
        accountExpires: '9223372036854775807',
        pwdLastSet: '134404848649865526',
        'msDS-SupportedEncryptionTypes': '24',
        'msDS-KeyVersionNumber': '1',
        servicePrincipalName: 'HOST/conn1.corp.example',
        'msDS-AllowedToDelegateTo': ['HTTP/iwa.corp.example', 'HTTP/bound.corp.example'],
        whenCreated: '20261130040104.0Z',
      }),
    )
    assert.equal(settings.kind, 'computer')
    assert.equal(settings.sid, SID)
    assert.equal(settings.realm, 'CORP.EXAMPLE')
    assert.ok(settings.control.trustedToAuthForDelegation && !settings.control.trustedForDelegation)
    assert.ok(!('expiresMs' in settings) && !settings.mustChangePassword)
    assert.equal(settings.passwordSetMs, Date.parse('2026-11-30T04:01:04.986Z'))
    assert.equal(settings.createdMs, Date.parse('2026-11-30T04:01:04Z'))
    assert.equal(settings.kvno, 1)
    assert.deepEqual(settings.allowedToDelegateTo, [
      'HTTP/iwa.corp.example',
      'HTTP/bound.corp.example',
    ])
    assert.deepEqual(settings.acting, { is: 'absent' })
  })

  const flags = [
    { control: 0x2, computed: 0, flag: 'disabled' },
    { control: 0, computed: 0x10, flag: 'lockedOut' },
    { control: 0, computed: 0x800000, flag: 'passwordExpired' },
    { control: 0x100000, computed: 0, flag: 'notDelegated' },
    { control: 0x80000, computed: 0, flag: 'trustedForDelegation' },
    { control: 0x1000000, computed: 0, flag: 'trustedToAuthForDelegation' },
    { control: 0x200000, computed: 0, flag: 'useDesKeyOnly' },
    { control: 0x2000000, computed: 0, flag: 'noPac' },
  ] as const
  for (const { control, computed, flag } of flags) {
    it(`sees ${flag} and nothing else`, () => {
      const settings = accountSettings(
        entryOf({
          userAccountControl: String(control),
          'msDS-User-Account-Control-Computed': String(computed),
        }),
      )
      const set = Object.entries(settings.control).filter(([, value]) => value)
      assert.deepEqual(set, [[flag, true]])
    })
  }

  it('sees that a password must be changed, and when an account ends', () => {
    const settings = accountSettings(
      entryOf({ pwdLastSet: '0', accountExpires: '132223104000000000' }),
    )
    assert.ok(settings.mustChangePassword)
    assert.equal(settings.expiresMs, Date.parse('2020-01-01T00:00:00Z'))
    assert.ok(!('passwordSetMs' in settings))
  })

  it('reads a descriptor, and says why where it cannot', () => {
    const good = accountSettings(entryOf({}, keptDescriptor('rbcd')))
    assert.equal(good.acting.is, 'read')
    const bad = accountSettings(entryOf({}, keptDescriptor('rbcd').subarray(0, 40)))
    assert.equal(bad.acting.is, 'malformed')
  })

  it('knows managed accounts by their class', () => {
    const kind = (...objectClass: string[]) => accountSettings(entryOf({ objectClass })).kind
    assert.equal(kind('top', 'computer', 'msDS-GroupManagedServiceAccount'), 'managed')
    assert.equal(kind('top', 'user'), 'user')
  })

  it('refuses an account without flags, and flags that are no number', () => {
    const refusal = { code: 'ERR_DIRECTORY_REPLY' }
    assert.throws(() => accountSettings(entryOf({ userAccountControl: [] })), refusal)
    assert.throws(() => accountSettings(entryOf({ userAccountControl: 'x' })), refusal)
  })
})

describe('encryption types', () => {
  const cases = [
    { value: undefined, text: /^not set/, aes: false, isDefault: true },
    { value: 0, text: /^not set/, aes: false, isDefault: true },
    { value: 0x80000, text: /^not set/, aes: false, isDefault: true },
    { value: 4, text: /^RC4$/, aes: false, isDefault: false },
    { value: 24, text: /^AES256, AES128$/, aes: true, isDefault: false },
    { value: 31, text: /^AES256, AES128, RC4, DES$/, aes: true, isDefault: false },
    { value: 0x24, text: /^RC4$/, aes: false, isDefault: false },
  ]
  for (const { value, text, aes, isDefault } of cases) {
    it(`reads ${String(value)}`, () => {
      const types = encryptionTypes(value)
      assert.match(types.text, text)
      assert.equal(types.aes256 || types.aes128, aes)
      assert.equal(types.isDefault, isDefault)
    })
  }
})

describe('times', () => {
  it('never is no time', () => {
    for (const never of [undefined, '0', '-1', '9223372036854775807']) {
      assert.equal(fileTimeMs(never), undefined)
    }
    for (const none of ['soon', '', '99999999999999999999']) {
      assert.throws(() => fileTimeMs(none), { code: 'ERR_DIRECTORY_REPLY' })
    }
    assert.equal(generalizedTimeMs('20261330040104.0Z'), undefined)
    assert.equal(generalizedTimeMs('2026'), undefined)
  })
})

describe('trustOf', () => {
  it('tells direction, kind and attributes', () => {
    const entry = (attributes: number) => ({
      distinguishedName: 'CN=other.example,CN=System,DC=corp,DC=example',
      text: new Map([
        ['trustpartner', ['other.example']],
        ['trustdirection', ['2']],
        ['trusttype', ['2']],
        ['trustattributes', [String(attributes)]],
      ]),
      binary: new Map(),
    })
    const trust = trustOf(entry(0x8 | 0x10))
    assert.equal(trust.direction, 'outbound')
    assert.equal(trust.type, 'uplevel')
    assert.ok(trust.forest && trust.selectiveAuthentication && !trust.tgtDelegation)
    assert.ok(trustOf(entry(0x800)).tgtDelegation && !trustOf(entry(0xa00)).tgtDelegation)
    assert.ok(trustOf(entry(0x20)).tgtDelegation)
  })
})
