/** Whom the client can be: a group managed service account, a credential cache, an account that changes its password. A lab of its own. */

import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startLab, type Lab } from '../../docker/lab.ts'
import { managedIdentity } from '../../src/connector/index.ts'
import type { LdapDirectory } from '../../src/directory/io/index.ts'
import { drive } from '../../src/kerberos/client-drive.ts'
import {
  computerSalt,
  decodeKeytab,
  encodeKeytab,
  KerberosClient,
  newCcache,
  renewExchange,
  rotatePassword,
  secretsOf,
  stringToKey,
  type ClientIdentity,
  type KeyOwner,
  type RotationOptions,
} from '../../src/kerberos/index.ts'
import {
  ccacheIdentity,
  KeytabFileStore,
  keytabIdentity,
  PasswordServerTransport,
  readCcacheFile,
  rotateKeytabFile,
  writeCcacheFile,
} from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { connectorClient, labTransport } from '../support/lab-kerberos.ts'
import { labDirectory } from '../support/lab-directory.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { mitTools, mitToolsMissing, type MitTools } from '../support/mit-tools.ts'

const SPN = 'HTTP/iwa.corp.example'
const world = { clock: systemClock, random: systemRandom }
const shared = sharedLab()

function account(name: string, realm: string): KeyOwner {
  return { principal: { nameType: 1, nameString: [name] }, realm }
}

describe(
  'identities, against Samba and MIT’s tools',
  { skip: shared ? mitToolsMissing() : NO_LAB },
  () => {
    let lab: Lab
    let tools: MitTools
    let folder = ''
    before(async () => {
      lab = await startLab({ services: ['dc', 'apache'] })
      tools = mitTools(lab.env)
      folder = await mkdtemp(join(tmpdir(), 'sallyport-identity-'))
    })
    after(async () => {
      tools.remove()
      await rm(folder, { recursive: true })
      await lab.stop()
    })

    const clientOf = (identity: ClientIdentity): KerberosClient =>
      new KerberosClient({ identity, transport: labTransport(lab.env), ...world })
    const alice = () => ({ name: 'alice', realm: lab.env.realm })
    /** Apache, asked as alice with a ticket that this client got for her. */
    const whoami = async (client: KerberosClient, cache: string): Promise<string> => {
      const ticket = await client.delegate(await client.impersonate(alice()), SPN)
      await writeCcacheFile(tools.cache(cache), newCcache([ticket]))
      return tools.negotiate(cache, lab.env.backends.iwa, `${lab.env.backends.iwa.origin}/whoami`)
        .output
    }

    describe(
      'a group managed service account',
      { skip: shared?.managedAccount === '' && 'this Samba has none' },
      () => {
        let directory: LdapDirectory
        let identity: ClientIdentity
        const gmsa = () => account('gmsa1$', lab.env.realm)
        before(async () => {
          directory = await labDirectory(lab.env)
          identity = await managedIdentity(gmsa(), { directory, ...world })
        })
        after(() => {
          directory.close()
        })

        it('acts for alice at Apache with a password that CONN1 reads over LDAPS', async () => {
          assert.match(await whoami(clientOf(identity), 'gmsa'), /"user":"alice@CORP\.EXAMPLE"/)
        })

        it('has keys of the salt that the KDC uses: MIT’s kinit takes them from a keytab', async () => {
          const secrets = secretsOf(identity)
          assert.ok('inOrder' in secrets)
          const [present] = secrets.inOrder
          assert.ok(present !== undefined && 'password' in present)
          const salt = computerSalt('gmsa1$', lab.env.domain)
          const entry = { ...gmsa(), kvno: 1, timestampMs: 0 }
          const keytab = join(folder, 'gmsa.keytab')
          const key = stringToKey(18, present.password, salt)
          await writeFile(keytab, encodeKeytab([{ ...entry, key }]), { mode: 0o600 })
          const ran = tools.run('gmsa-kinit', ['kinit', '-k', '-t', keytab, 'gmsa1$'])
          assert.equal(ran.status, 0, ran.output)
        })

        it('tells when it reads the password again: within the days that the account’s settings say', async () => {
          const { password } = await directory.readManagedAccount('gmsa1$')
          const thirtyDaysMs = 30 * 86_400_000
          assert.ok(password.unchangedIntervalMs <= password.queryIntervalMs)
          assert.ok(password.queryIntervalMs <= thirtyDaysMs)
          assert.equal(password.current.length, 128)
        })

        it('is refused who may not read the password, with the commands that allow it', async () => {
          const other = await labDirectory(lab.env, { connector: 'CONN2' })
          await assert.rejects(managedIdentity(gmsa(), { directory: other, ...world }), {
            code: 'ERR_DIRECTORY_REFUSED',
            mend: /group-msa-membership add --name=gmsa1/,
          })
          other.close()
        })
      },
    )

    describe('a credential cache that kinit wrote', () => {
      it('gets tickets, delegates with evidence of another, and cannot act for users', async () => {
        const { keytab } = lab.env.connectors.CONN1
        const ran = tools.run('cc', ['kinit', '-r', '7d', '-k', '-t', keytab, 'CONN1$'])
        assert.equal(ran.status, 0, ran.output)
        const client = clientOf(await ccacheIdentity(tools.cache('cc'), world))
        assert.equal(client.name, 'CONN1$@CORP.EXAMPLE')
        assert.deepEqual((await client.ownTicket(SPN)).client.nameString, ['CONN1$'])
        const evidence = await (await connectorClient(lab.env, 'CONN1')).impersonate(alice())
        assert.deepEqual((await client.delegate(evidence, SPN)).client.nameString, ['alice'])
        await assert.rejects(client.impersonate(alice()), { code: 'ERR_KRB_NO_LONG_TERM_KEY' })
      })

      it('gets tickets of its own with a ticket that is not forwardable, and says why it cannot delegate', async () => {
        const { keytab } = lab.env.connectors.CONN1
        const ran = tools.run('cc-F', ['kinit', '-F', '-k', '-t', keytab, 'CONN1$'])
        assert.equal(ran.status, 0, ran.output)
        const client = clientOf(await ccacheIdentity(tools.cache('cc-F'), world))
        assert.deepEqual((await client.ownTicket(SPN)).client.nameString, ['CONN1$'])
        const evidence = await (await connectorClient(lab.env, 'CONN1')).impersonate(alice())
        await assert.rejects(client.delegate(evidence, SPN), {
          code: 'ERR_KRB_NOT_FORWARDABLE',
          mend: /kinit -f CONN1\$@CORP\.EXAMPLE/,
        })
      })

      it('has a ticket that the KDC renews', async () => {
        const [tgt] = (await readCcacheFile(tools.cache('cc'))).credentials
        assert.ok(tgt)
        // Renewed tickets end later only where the old one is some seconds old; the KDC counts whole seconds.
        while (Date.now() - tgt.startTimeMs < 1000)
          await new Promise((resolve) => setTimeout(resolve, 50))
        const ports = { ...world, maxClockSkewMs: 300_000, etypes: [18, 17], ticketLifetimeMs: 1 }
        const renewed = await drive(renewExchange(tgt, ports), labTransport(lab.env))
        assert.ok(renewed.endTimeMs > tgt.endTimeMs)
        assert.equal(renewed.renewTillMs, tgt.renewTillMs)
        const client = clientOf({ ...account('CONN1$', lab.env.realm), keys: { tgt: renewed } })
        assert.deepEqual((await client.ownTicket(SPN)).client.nameString, ['CONN1$'])
      })
    })

    describe('an account that changes its own password', () => {
      const owner = () => account('CONN1$', lab.env.realm)
      const options = (): Omit<RotationOptions, 'store'> => ({
        transport: labTransport(lab.env),
        passwordServer: new PasswordServerTransport({
          servers: { [lab.env.realm]: [lab.env.domainControllers[0]?.address ?? ''] },
        }),
        ...world,
      })
      const kinit = (keytab: string) =>
        tools.run('rotated', ['kinit', '-k', '-t', keytab, 'CONN1$']).status
      let path = ''
      let client: KerberosClient
      before(async () => {
        path = join(folder, 'conn1.keytab')
        await copyFile(lab.env.connectors.CONN1.keytab, path)
        client = clientOf(await keytabIdentity(path, owner(), { ...world, checkIntervalMs: 1 }))
      })

      it('goes on under the new one; what was issued under the old one still opens and delegates', async () => {
        const before = decodeKeytab(await readFile(path))
        const old = await client.impersonate(alice())
        const { kvno, resumed } = await rotateKeytabFile(path, owner(), options())
        assert.deepEqual([kvno, resumed], [(before[0]?.kvno ?? 0) + 1, false])
        const keytab = decodeKeytab(await readFile(path))
        assert.deepEqual(keytab.map((entry) => [entry.kvno, entry.key.etype]).sort(), [
          [kvno - 1, 17],
          [kvno - 1, 18],
          [kvno, 17],
          [kvno, 18],
        ])
        assert.deepEqual((await client.delegate(old, SPN)).client.nameString, ['alice'])
        assert.match(await whoami(client, 'new'), /"user":"alice@CORP\.EXAMPLE"/)
        assert.equal(kinit(path), 0)
        assert.notEqual(kinit(lab.env.connectors.CONN1.keytab), 0)
      })

      it('stopped after the change and before the keytab, can log in and goes on', async () => {
        const store = new KeytabFileStore(path)
        const dead = () => Promise.reject(new Error('the power failed'))
        const stopped: RotationOptions = {
          ...options(),
          store: {
            readKeytab: () => store.readKeytab(),
            readPending: (principal) => store.readPending(principal),
            writePending: (principal, password) => store.writePending(principal, password),
            writeKeytab: dead,
            removePending: dead,
          },
        }
        await assert.rejects(rotatePassword(owner(), stopped), /the power failed/)
        assert.notEqual(kinit(path), 0)
        const restarted = clientOf(await keytabIdentity(path, owner(), world))
        assert.equal((await restarted.impersonate(alice())).accountName, 'alice')
        assert.equal((await client.impersonate(alice())).accountName, 'alice')
        assert.equal((await rotateKeytabFile(path, owner(), options())).resumed, true)
        assert.equal(kinit(path), 0)
        assert.equal((await restarted.impersonate(alice())).accountName, 'alice')
      })

      it('is told the domain’s reason when its policy refuses', async () => {
        const victim = account('victor1', lab.env.realm)
        const keytab = join(folder, 'victor1.keytab')
        const key = stringToKey(18, lab.env.users.victor1.password, `${lab.env.realm}victor1`)
        const entry = { ...victim, kvno: 1, timestampMs: 0, key }
        await writeFile(keytab, encodeKeytab([entry]), { mode: 0o600 })
        await lab.samba(['domain', 'passwordsettings', 'set', '--min-pwd-age=1'])
        await assert.rejects(rotateKeytabFile(keytab, victim, options()), {
          code: 'ERR_KRB_PASSWORD_REFUSED',
          message: /SOFTERROR/,
        })
        await lab.samba(['domain', 'passwordsettings', 'set', '--min-pwd-age=0'])
        assert.equal((await rotateKeytabFile(keytab, victim, options())).resumed, false)
      })
    })
  },
)
