import assert from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../docker/demo/process.ts'
import { remoteUser } from '../../docker/demo/proof.ts'
import { startStack, type Stack, type StackOptions } from '../../docker/demo/stack.ts'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import { adminRequest } from '../../src/gateway/io/admin-client.ts'
import { decodeKeytab, encodeKeytab } from '../../src/kerberos/index.ts'
import { hasFarTools, NO_FAR_TOOLS, startKdcProxy } from '../support/far-kdc.ts'
import { httpsCredential } from '../support/https-credential.ts'
import { signIn } from '../support/people.ts'

const availability = labAvailability()
const PASSWORD = 'Lab-conn2-other-1'

/** Between the requests that go on while a password is changed. */
const PAUSE_MS = 200

/** Every kept ticket goes, as by `sallyport cache flush`. */
function flush({ directory }: Stack): Promise<unknown> {
  const request = { method: 'POST', path: '/cache/flush', body: {} } as const
  return adminRequest(join(directory, 'gateway'), request)
}

type Kerberos = Record<string, unknown>

/** The kerberos section changed, and fields taken out of it. */
function kerberos(change: Kerberos, without: readonly string[] = []): StackOptions {
  return {
    editConnector: (config) => {
      const section = config['kerberos'] as Kerberos
      for (const name of without) Reflect.deleteProperty(section, name)
      Object.assign(section, change)
    },
  }
}

// A lab of its own: these tests change the passwords of connector accounts.
describe(
  'every way for a connector to its account and its KDCs',
  { skip: availability.ok ? false : (availability.reason ?? 'no lab') },
  () => {
    let lab: Lab
    /** CONN1's present keytab. */
    let present = ''
    before(async () => {
      lab = await startLab()
      present = lab.env.connectors['CONN1'].keytab
    })
    after(() => lab.stop())

    /** Alice opens an app; who the backend says she is. */
    async function aliceBy(options: StackOptions, app = 'intranet'): Promise<string | undefined> {
      const stack = await startStack(lab.env, options)
      try {
        const { visitor, page } = await signIn({ lab: lab.env, stack }, 'alice', { app })
        await visitor.close()
        assert.equal(page.status, 200, page.body)
        return remoteUser(page)
      } finally {
        await stack.stop()
      }
    }
    const ALICE = 'alice@CORP.EXAMPLE'

    it('KDCs by the DNS alone', async () => {
      assert.equal(await aliceBy(kerberos({}, ['kdcs'])), ALICE)
    })

    it('KDCs by a krb5.conf, with armour required and datagrams first', async () => {
      const change = { krb5Conf: lab.env.krb5Conf, fast: 'required', udpPreferenceLimit: 1400 }
      assert.equal(await aliceBy(kerberos({ ...change, dnsLookup: false }, ['kdcs'])), ALICE)
    })

    it('a group managed service account, whose password CONN1 reads', async (t) => {
      const gmsa = lab.env.managedAccount
      if (gmsa === '') {
        t.skip(`Samba ${lab.env.sambaVersion} makes no group managed service accounts`)
        return
      }
      const keytab = lab.env.connectors['CONN1'].keytab
      const managedBy = { principal: 'CONN1$', keytab }
      assert.equal(await aliceBy(kerberos({ principal: gmsa, managedBy }, ['keytab'])), ALICE)
    })

    it('a keytab whose password is changed: the running connector takes the new one', async () => {
      const keytab = join(lab.env.directory, 'rotated.keytab')
      await copyFile(present, keytab)
      present = keytab
      const stack = await startStack(lab.env, kerberos({ keytab }))
      try {
        const before = await signIn({ lab: lab.env, stack }, 'alice')
        assert.equal(remoteUser(before.page), ALICE)
        const rotated = await runCommand([
          ...['connector', 'rotate-password', '--log-level', 'error'],
          ...['--config', stack.files.connector],
        ])
        assert.equal(rotated.status, 0, rotated.stderr)
        assert.match(
          rotated.stdout,
          /^changed: the keytab holds keys of version \d+ and those before\n$/,
        )
        await flush(stack)
        const afterwards = await before.visitor.visit(stack.url('intranet', '/whoami'))
        assert.deepEqual([afterwards.status, remoteUser(afterwards)], [200, ALICE])
        const bob = await signIn({ lab: lab.env, stack }, 'bob')
        assert.equal(remoteUser(bob.page), 'bob@CORP.EXAMPLE')
        await before.visitor.close()
        await bob.visitor.close()
      } finally {
        await stack.stop()
      }
    })

    /** A rotation that is due in the midst of requests; `way` is to the KDCs. */
    const rotatesByItself = async (way: Kerberos): Promise<void> => {
      const keytab = join(lab.env.directory, 'scheduled.keytab')
      const entries = decodeKeytab(await readFile(present))
      const write = async (timestampMs: number): Promise<void> => {
        const octets = encodeKeytab(entries.map((entry) => ({ ...entry, timestampMs })))
        await writeFile(keytab, octets, { mode: 0o600 })
      }
      const newest = async (): Promise<number> =>
        Math.max(...decodeKeytab(await readFile(keytab)).map(({ kvno }) => kvno))
      await write(Date.now())
      const rotatePassword = { everyDays: 1, spreadHours: 0, checkMinutes: 1 }
      const stack = await startStack(lab.env, kerberos({ ...way, keytab, rotatePassword }))
      try {
        const { visitor, page } = await signIn({ lab: lab.env, stack }, 'alice')
        assert.equal(remoteUser(page), ALICE)
        const kvno = await newest()
        // The keys have become two days old.
        await write(Date.now() - 2 * 86_400_000)
        const seen = { rotated: false }
        let answered = 0
        const rotation = stack.connector
          .waitFor((line) => line['event'] === 'password-rotated', 240_000)
          .finally(() => {
            seen.rotated = true
          })
        while (!seen.rotated) {
          await flush(stack)
          await sleep(PAUSE_MS)
          const asked = await visitor.visit(stack.url('intranet', '/whoami'))
          assert.deepEqual([asked.status, remoteUser(asked)], [200, ALICE])
          answered += 1
        }
        assert.equal((await rotation)['kvno'], kvno + 1)
        assert.ok(answered > 0)
        assert.equal(await newest(), kvno + 1)
        await assert.rejects(readFile(`${keytab}.pending`), { code: 'ENOENT' })
        const bob = await signIn({ lab: lab.env, stack }, 'bob')
        assert.equal(remoteUser(bob.page), 'bob@CORP.EXAMPLE')
        await visitor.close()
        await bob.visitor.close()
        present = keytab
      } finally {
        await stack.stop()
      }
    }

    it('a keytab whose password the connector changes by itself, while requests go on', () =>
      rotatesByItself({}))

    it('the same through a KDC proxy, which is all that the connector knows of KDCs', async (t) => {
      if (!hasFarTools()) {
        t.skip(NO_FAR_TOOLS)
        return
      }
      const credential = httpsCredential()
      const proxy = await startKdcProxy({ [lab.env.realm]: [lab.env.kdc] }, credential)
      t.after(() => proxy.stop())
      const ca = join(lab.env.directory, 'kdcproxy-ca.pem')
      await writeFile(ca, credential.ca)
      const kdcs = [`https://127.0.0.1:${proxy.port}/KdcProxy`]
      await rotatesByItself({ kdcs, kdcProxy: { ca }, dnsLookup: false })
      const changes = proxy.asked.filter((asked) => asked.startsWith('CORP.EXAMPLE KPASSWD-REQ'))
      assert.equal(changes.length, 1)
    })

    it('a password out of a file, then a variable', async () => {
      await lab.samba(['user', 'setpassword', 'CONN3$', `--newpassword=${PASSWORD}`])
      const passwordFile = join(lab.env.directory, 'conn3.password')
      await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
      // CONN3 may delegate to svc-rbcd, which is another app of the demo.
      process.env['SALLYPORT_TEST_CONN3'] = PASSWORD
      for (const secret of [{ passwordFile }, { passwordVariable: 'SALLYPORT_TEST_CONN3' }]) {
        const options = kerberos({ principal: 'CONN3$', ...secret }, ['keytab'])
        assert.equal(await aliceBy(options, 'rbcd'), ALICE)
      }
    })

    it('says which variable is missing', async () => {
      const passwordVariable = 'SALLYPORT_TEST_NO_SUCH_VARIABLE'
      await assert.rejects(
        aliceBy(kerberos({ passwordVariable }, ['keytab'])),
        /ERR_CONNECTOR_FILE: the environment variable SALLYPORT_TEST_NO_SUCH_VARIABLE/,
      )
    })
  },
)
