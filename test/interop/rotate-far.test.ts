/**
 * A connector in a DMZ changes its own password: `sallyport connector rotate-password` through the real kdcproxy (MS-KKDCP) to Samba.
 *
 * connector.yaml names KDC proxies, a domain controller that does not exist, and a name server that does not run: the connector knows no
 * address of a domain controller, and so cannot have used its port 464. A lab of its own: these tests change passwords.
 */

import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runCommand, type CommandResult } from '../../docker/demo/process.ts'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import {
  decodeKeytab,
  encodeKeytab,
  KerberosClient,
  stringToKey,
} from '../../src/kerberos/index.ts'
import { keytabIdentity } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import {
  hasFarTools,
  NO_FAR_TOOLS,
  startKdcProxy,
  startSquid,
  type KdcProxy,
  type KdcProxyFaults,
  type Squid,
} from '../support/far-kdc.ts'
import { httpsCredential } from '../support/https-credential.ts'
import { labTransport } from '../support/lab-kerberos.ts'
import { clientCredential } from '../support/openssl.ts'

/** Squid alone can resolve it. */
const NAME = 'kdcproxy.far.test'
const LIMITS = { timeoutMs: 20_000, totalTimeoutMs: 60_000 }
const world = { clock: systemClock, random: systemRandom }
const UNWELL =
  'A password server does not answer as it should; others of its realm are asked first.'
/** Where nobody listens. */
const NOBODY = '127.90.255.254'

const availability = labAvailability()
const why = availability.ok ? (hasFarTools() ? false : NO_FAR_TOOLS) : availability.reason

describe('a password that is changed from a DMZ', { skip: why }, () => {
  const credential = httpsCredential(['127.0.0.1', NAME])
  const own = clientCredential()
  let lab: Lab
  let folder = ''
  let keytab = ''
  /** Asks for the connector's certificate. */
  let good: KdcProxy
  let squid: Squid
  const started: { stop(): Promise<void> }[] = []

  const proxy = async (faults: KdcProxyFaults = {}): Promise<KdcProxy> => {
    const { realm, kdc } = lab.env
    const one = await startKdcProxy({ [realm]: [kdc] }, credential, faults)
    started.push(one)
    return one
  }
  before(async () => {
    lab = await startLab({ services: ['dc'] })
    folder = await mkdtemp(join(tmpdir(), 'sallyport-rotate-far-'))
    keytab = join(folder, 'conn1.keytab')
    await copyFile(lab.env.connectors.CONN1.keytab, keytab)
    const files = { 'ca.pem': credential.ca, 'own.pem': own.cert, 'own.key': own.key }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const { realm, kdc, krb5Conf } = lab.env
    good = await startKdcProxy({ [realm]: [kdc] }, { ...credential, clientCa: own.cert })
    const { spn, keytab: squidKeytab } = lab.env.backends.iwa
    const kerberos = { spn, keytab: squidKeytab, krb5Conf }
    squid = await startSquid({ names: [NAME], ports: [good.port], kerberos })
    started.push(good, squid)
  })
  after(async () => {
    await Promise.all(started.map((one) => one.stop()))
    await rm(folder, { recursive: true })
    await lab.stop()
  })

  const straight = ({ port }: KdcProxy): string => `https://127.0.0.1:${port}/KdcProxy`

  /** Runs the command with these KDC proxies. */
  const rotate = async (
    kdcs: readonly string[],
    kdcProxy: object = {},
    account = { principal: 'CONN1$', keytab },
  ): Promise<CommandResult> => {
    const certificate = { certificate: 'own.pem', key: 'own.key' }
    const config = {
      ...{ stateDirectory: 'state', policy: 'policy.yaml' },
      kerberos: {
        ...{ realm: lab.env.realm, ...account, kdcs, dnsLookup: false, ...LIMITS },
        kdcProxy: { ca: 'ca.pem', clientCertificate: certificate, ...kdcProxy },
      },
      directory: { servers: ['dc.far.test'] },
      dns: { servers: [NOBODY] },
    }
    const path = join(folder, 'connector.yaml')
    await writeFile(path, JSON.stringify(config))
    return runCommand(['connector', 'rotate-password', '--log-level', 'warn', '--config', path])
  }
  const newest = async (): Promise<number> => decodeKeytab(await readFile(keytab))[0]?.kvno ?? 0
  const pending = (): Promise<string | undefined> =>
    readFile(`${keytab}.pending`, 'utf8').catch(() => undefined)
  const changes = ({ asked }: KdcProxy): number =>
    asked.filter((one) => one.startsWith('CORP.EXAMPLE KPASSWD-REQ')).length
  /** Acts for alice with the keytab, and with the pending password where there is one. */
  const works = async (): Promise<void> => {
    const owner = { principal: { nameType: 1, nameString: ['CONN1$'] }, realm: lab.env.realm }
    const identity = await keytabIdentity(keytab, owner, world)
    const client = new KerberosClient({ identity, transport: labTransport(lab.env), ...world })
    const alice = await client.impersonate({ name: 'alice', realm: lab.env.realm })
    assert.equal(alice.accountName, 'alice')
  }
  const changed = async (ran: CommandResult, kvno: number, how = 'changed'): Promise<void> => {
    const said = `${how}: the keytab holds keys of version ${kvno} and those before\n`
    assert.deepEqual([ran.status, ran.stdout], [0, said], ran.stderr)
    assert.deepEqual([await newest(), await pending()], [kvno, undefined])
    await works()
  }

  it('goes through a forward proxy that wants a password and a KDC proxy that wants a certificate', async () => {
    const kvno = await newest()
    const { guarded: url, user, password } = squid
    await writeFile(join(folder, 'squid.password'), password, { mode: 0o600 })
    const forwardProxy = { url, user, passwordFile: 'squid.password' }
    const ran = await rotate([`https://${NAME}:${good.port}/KdcProxy`], { forwardProxy })
    await changed(ran, kvno + 1)
    assert.equal(changes(good), 1)
    assert.equal(ran.stderr, '')
  })

  it('goes on to the next KDC proxy when one knows no kpasswd, and the log says so once', async () => {
    const kvno = await newest()
    const ignorant = await proxy({ withoutKpasswd: true })
    const ran = await rotate([straight(ignorant), straight(good)])
    await changed(ran, kvno + 1)
    assert.deepEqual([changes(ignorant), changes(good)], [1, 2])
    const said = ran.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      said.map(({ level, msg, kdc }) => [level, msg, kdc]),
      [['warn', UNWELL, straight(ignorant)]],
    )
    assert.match(String(said[0]?.['reason']), /503 \(Can't find remote \(CORP\.EXAMPLE KPASSWD-REQ/)
  })

  it('says what is wrong when the only KDC proxy knows no kpasswd, and goes on when one does', async () => {
    const kvno = await newest()
    const ran = await rotate([straight(await proxy({ withoutKpasswd: true }))])
    assert.notEqual(ran.status, 0)
    assert.match(
      ran.stderr,
      /ERR_KRB_PASSWORD_UNCONFIRMED.*no password server of CORP\.EXAMPLE answered: https:\S+: HTTP status 503 .*; dc\.far\.test:464: .*no answer/,
    )
    assert.match(ran.stderr, /kpasswd.*Run the rotation again/s)
    assert.equal(await newest(), kvno)
    await works()
    await changed(await rotate([straight(good)]), kvno + 1, 'finished an earlier change')
  })

  for (const dies of ['before', 'after'] as const) {
    it(`finds out what became of it when a KDC proxy dies ${dies} the change`, async () => {
      const kvno = await newest()
      const dying = await proxy({ dies })
      const ran = await rotate([straight(dying), straight(good)])
      assert.equal(changes(dying), 1)
      // Samba takes the same request twice, and counts both: the keys are the same.
      await changed(ran, dies === 'before' ? kvno + 1 : kvno + 2)
      assert.match(ran.stderr, /"reason":"other side closed"/)
    })

    it(`can log in when the only KDC proxy dies ${dies} the change, and goes on`, async () => {
      const kvno = await newest()
      const dying = await proxy({ dies })
      const ran = await rotate([straight(dying)])
      assert.equal(changes(dying), 1)
      assert.notEqual(ran.status, 0)
      assert.match(ran.stderr, /ERR_KRB_PASSWORD_UNCONFIRMED/)
      assert.notEqual(await pending(), undefined)
      assert.equal(await newest(), kvno)
      await works()
      await changed(await rotate([straight(good)]), kvno + 1, 'finished an earlier change')
    })
  }

  it('keeps the new password when a KDC proxy hands a refusal back: it may have asked several servers', async () => {
    const { realm, users } = lab.env
    const victim = { principal: 'victor1', keytab: join(folder, 'victor1.keytab') }
    const key = stringToKey(18, users.victor1.password, `${realm}victor1`)
    const principal = { nameType: 1, nameString: ['victor1'] }
    const entry = { principal, realm, kvno: 1, timestampMs: 0, key }
    await writeFile(victim.keytab, encodeKeytab([entry]), { mode: 0o600 })
    const setAge = (days: number): Promise<unknown> =>
      lab.samba(['domain', 'passwordsettings', 'set', `--min-pwd-age=${days}`])
    await setAge(1)
    const refused = await rotate([straight(good)], {}, victim)
    await setAge(0)
    assert.match(refused.stderr, /ERR_KRB_PASSWORD_REFUSED.*SOFTERROR/)
    const again = await rotate([straight(good)], {}, victim)
    assert.match(again.stdout, /^finished an earlier change: /, again.stderr)
  })
})
