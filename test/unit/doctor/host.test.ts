import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HOST_CHECKS, type HostWorld, type KerberosWorld } from '../../../src/doctor/index.ts'
import { registerMend } from '../../../src/doctor/register-mend.ts'
import type { FileFacts } from '../../../src/doctor/host/index.ts'

const KERBEROS: KerberosWorld = {
  realm: 'CORP.EXAMPLE',
  hosts: ['dc1.corp.example', '10.0.0.1'],
  kdcsListed: false,
  dnsLookup: true,
  allowOwnMd5: false,
  compareClocks: () => Promise.resolve({ skewMs: 100 }),
  addresses: () => Promise.resolve(['10.0.0.1']),
  namesOf: () => Promise.resolve(['DC1.corp.example']),
  services: () => Promise.resolve(['dc1.corp.example:88']),
}

const KEYTAB: FileFacts = {
  mode: 0o100600,
  uid: 7,
  owner: 'sallyport',
  kind: 'file',
  readable: true,
}

const WORLD: HostWorld = {
  versions: { sallyport: '1.0.0', node: '24.1.0', openssl: '3.5.0', nodeWanted: '>=22.19' },
  files: [{ what: 'keytab', path: "/etc/it's.keytab", kind: 'file', secret: true }],
  user: { uid: 7, name: 'sallyport' },
  lookAt: () => Promise.resolve(KEYTAB),
  kerberos: KERBEROS,
  fips: { mode: false, md5: true },
}

/** The codes of one check, and the first finding. */
async function look(
  id: string,
  world: Partial<HostWorld> = {},
  kerberos: Partial<KerberosWorld> = {},
) {
  const check = HOST_CHECKS.find((each) => each.id === id)
  assert.ok(check, id)
  const whole = { ...WORLD, kerberos: { ...KERBEROS, ...kerberos }, ...world }
  const findings = await check.run(whole, new AbortController().signal)
  return { codes: findings.map(({ code }) => code).join(), first: findings[0] }
}

const file = (change: Partial<FileFacts> | undefined) => ({
  lookAt: () => Promise.resolve(change && { ...KEYTAB, ...change }),
})

describe('the checks of the host', () => {
  it('pass on a host that is well', async () => {
    const seen = await Promise.all(HOST_CHECKS.map(async ({ id }) => (await look(id)).codes))
    assert.deepEqual(seen, [
      'DOCTOR_VERSIONS',
      'DOCTOR_FIPS_OFF',
      'DOCTOR_FILE_GOOD',
      'DOCTOR_NAME_RESOLVES',
      'DOCTOR_SRV_FOUND',
      'DOCTOR_CLOCK_GOOD',
    ])
  })

  it('have nothing to say of Kerberos where there is none', async () => {
    for (const id of ['host.names', 'host.srv', 'host.clock']) {
      assert.equal((await look(id, { kerberos: undefined })).codes, 'DOCTOR_NOT_APPLICABLE')
    }
    const fips = { mode: true, md5: false }
    assert.equal(
      (await look('host.fips', { kerberos: undefined, fips })).codes,
      'DOCTOR_FIPS_READY',
    )
  })

  it('compare versions by number', async () => {
    const node = async (version: string) =>
      (await look('host.versions', { versions: { ...WORLD.versions, node: version } })).codes
    assert.equal(await node('22.19.0'), 'DOCTOR_VERSIONS')
    assert.equal(await node('22.9.0'), 'DOCTOR_NODE_TOO_OLD')
    assert.equal(await node('100.0.0'), 'DOCTOR_VERSIONS')
  })

  it('tell every way in which a file can be wrong, with its command', async () => {
    const cases: readonly (readonly [Partial<FileFacts> | undefined, string, RegExp])[] = [
      [undefined, 'DOCTOR_FILE_MISSING', /ls -l '\/etc\/it'\\''s\.keytab'/],
      [{ kind: 'directory' }, 'DOCTOR_FILE_MISSING', /ls -l/],
      [{ readable: false }, 'DOCTOR_FILE_UNREADABLE', /^chown sallyport /],
      [{ mode: 0o100644 }, 'DOCTOR_FILE_EXPOSED', /^chmod 600 /],
      [{ mode: 0o100620 }, 'DOCTOR_FILE_EXPOSED', /^chmod 600 /],
      [{ mode: 0o100640 }, 'DOCTOR_FILE_GROUP_READABLE', /^chmod 600 /],
      [{ uid: 8 }, 'DOCTOR_FILE_EXPOSED', /^chmod 600 /],
    ]
    for (const [change, code, shell] of cases) {
      const { codes, first } = await look('host.files', file(change))
      assert.equal(codes, code)
      assert.match(first?.mends[0]?.shell ?? '', shell)
    }
    const path = '/var/lib/sallyport'
    const directory = { what: 'state directory', path, kind: 'directory', secret: true } as const
    const lookAt = () => Promise.resolve(undefined)
    const state = await look('host.files', { files: [directory], lookAt })
    assert.deepEqual(state.first?.mends, [registerMend(path, 'first')])
    const open = [
      { what: 'policy', path: '/etc/policy.yaml', kind: 'file', secret: false },
    ] as const
    const policy = async (mode: number) =>
      (await look('host.files', { files: open, ...file({ mode }) })).codes
    assert.equal(await policy(0o100644), 'DOCTOR_FILE_GOOD')
    assert.equal(await policy(0o100664), 'DOCTOR_FILE_WRITABLE')
  })

  it('look at the other files where the way to one is closed', async () => {
    const files = ['/closed/connector.key', '/etc/policy.yaml'].map((path) => ({
      ...{ what: 'file', path, kind: 'file' as const, secret: false },
    }))
    const lookAt = (path: string) =>
      path.startsWith('/closed/')
        ? Promise.reject(Object.assign(new Error('permission denied'), { code: 'EACCES' }))
        : Promise.resolve(KEYTAB)
    const { codes, first } = await look('host.files', { files, lookAt })
    assert.equal(codes, 'DOCTOR_FILE_UNREADABLE,DOCTOR_FILE_GOOD')
    assert.match(first?.message ?? '', /sallyport cannot look at the file: EACCES/)
    assert.equal(first?.subject, '/closed/connector.key')
    assert.equal(first.mends[0]?.shell, 'namei -l /closed/connector.key')
  })

  it('tell names without address, and addresses without name', async () => {
    const nowhere = await look(
      'host.names',
      {},
      { addresses: () => Promise.reject(new Error('no')) },
    )
    assert.equal(nowhere.codes, 'DOCTOR_NAME_NO_ADDRESS')
    const noPtr = await look('host.names', {}, { namesOf: () => Promise.resolve([]) })
    assert.equal(noPtr.codes, 'DOCTOR_NAME_NO_PTR')
    assert.match(noPtr.first?.mends[0]?.sambaTool ?? '', /0\.0\.10\.in-addr\.arpa 1 PTR dc1\.corp/)
    const other = await look('host.names', {}, { namesOf: () => Promise.resolve(['x.example']) })
    assert.match(other.first?.message ?? '', /leads back to x\.example/)
    const failing = await look('host.names', {}, { namesOf: () => Promise.reject(new Error('x')) })
    assert.equal(failing.codes, 'DOCTOR_NAME_NO_PTR')
  })

  it('want SRV records only where nothing else names KDCs', async () => {
    const none = { services: () => Promise.resolve([]) }
    assert.equal((await look('host.srv', {}, none)).codes, 'DOCTOR_SRV_MISSING')
    const listed = await look('host.srv', {}, { ...none, kdcsListed: true })
    assert.equal(listed.codes, 'DOCTOR_SRV_MISSING_BUT_LISTED')
    const off = await look('host.srv', {}, { ...none, dnsLookup: false })
    assert.equal(off.codes, 'DOCTOR_NOT_APPLICABLE')
    const mute = { services: () => Promise.reject(new Error('no answer')) }
    assert.match((await look('host.srv', {}, mute)).first?.message ?? '', /no answer/)
  })

  it('tell by how much the clock is off', async () => {
    const clock = (skewMs: number | undefined, code = 'ERR_KRB_SKEW') =>
      look(
        'host.clock',
        {},
        {
          compareClocks: () => Promise.resolve({ skewMs, problem: { code, text: 'why' } }),
        },
      )
    assert.match((await clock(-40_000)).first?.message ?? '', /40 seconds ahead/)
    assert.equal((await clock(-40_000)).codes, 'DOCTOR_CLOCK_OFF')
    assert.match((await clock(360_000)).first?.message ?? '', /360 seconds behind/)
    assert.equal((await clock(360_000)).codes, 'DOCTOR_CLOCK_WRONG')
    assert.equal((await clock(undefined)).codes, 'DOCTOR_CLOCK_WRONG')
    const other = await clock(undefined, 'ERR_KRB_KDC_UNREACHABLE')
    assert.equal(other.codes, 'DOCTOR_CLOCK_UNKNOWN')
  })

  it('say what FIPS mode needs', async () => {
    const fips = { mode: true, md5: false }
    const off = await look('host.fips', { fips })
    assert.equal(off.codes, 'DOCTOR_FIPS_NO_MD5')
    assert.match(off.first?.mends[0]?.setting ?? '', /allowOwnMd5: true/)
    assert.equal(
      (await look('host.fips', { fips }, { allowOwnMd5: true })).codes,
      'DOCTOR_FIPS_READY',
    )
  })
})
