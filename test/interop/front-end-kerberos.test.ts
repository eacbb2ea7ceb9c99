/** Browsers inside sign in with Kerberos: curl and Chromium with alice's ticket, and a Chromium without one. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { chromium, type BrowserContext } from 'playwright-core'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { runOnController } from '../../test/support/lab-delegation.ts'
import { CHROMIUM, QUIET, signInOnPage } from '../support/chromium.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const lab = sharedLab()
const SPN = 'HTTP/intranet.localhost'

function reasonToSkip(): string | false {
  if (!lab) return NO_LAB
  const missing = [CHROMIUM, '/usr/bin/curl', '/usr/bin/kinit'].filter((each) => !existsSync(each))
  return missing.length === 0 ? false : `missing: ${missing.join(', ')}`
}

/** Runs a command and gives what it printed. */
function run(
  command: string,
  args: readonly string[],
  more: { readonly env: NodeJS.ProcessEnv; readonly stdin?: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: more.env })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', () => {
      resolve(output)
    })
    child.stdin.end(more.stdin)
  })
}

describe(
  'front-end Kerberos against Samba, Apache, curl and Chromium',
  { skip: reasonToSkip() },
  () => {
    assert.ok(lab)
    let stack: Stack
    let directory: string
    /** Of somebody with alice's ticket. */
    let env: NodeJS.ProcessEnv

    for (const acceptor of ['own', 'auto'] as const) {
      describe(`acceptor: ${acceptor}`, () => {
        before(async () => {
          directory = await mkdtemp(join(tmpdir(), 'sallyport-front-end-'))
          await runOnController(lab, `samba-tool spn add ${SPN} 'CONN2$'`)
          const conf = join(directory, 'krb5.conf')
          const text = await readFile(lab.krb5Conf, 'utf8')
          await writeFile(conf, `${text}  .localhost = ${lab.realm}\n`)
          env = { ...process.env, KRB5_CONFIG: conf, KRB5CCNAME: `FILE:${join(directory, 'cc')}` }
          const said = await run('/usr/bin/kinit', ['alice'], {
            env,
            stdin: `${lab.users.alice.password}\n`,
          })
          assert.doesNotMatch(said, /kinit:/)
          stack = await startStack(lab, {
            // No protocol transition: users' own tickets are all it can use.
            account: 'CONN2',
            editGateway: (config) => {
              const apps = config['apps'] as Record<string, unknown>[]
              for (const app of apps) {
                if (app['id'] === 'intranet')
                  app['frontEndKerberos'] = { networks: ['127.0.0.0/8'] }
              }
            },
            editConnector: (config) => {
              Object.assign(config['kerberos'] as object, { acceptor })
            },
            editPolicy: (config) => {
              config['frontEndKerberos'] = { services: [SPN], realms: [lab.realm] }
            },
          })
        })
        after(async () => {
          await stack.stop()
          await runOnController(lab, `samba-tool spn delete ${SPN} 'CONN2$'`)
          await rm(directory, { recursive: true, force: true })
        })

        const curl = (...args: readonly string[]): Promise<string> =>
          run('/usr/bin/curl', ['-ksi', '--negotiate', '-u', ':', ...args], { env })

        it('curl is alice at the backend, in one request', async () => {
          const answer = await curl(stack.url('intranet', '/whoami'))
          assert.match(answer, /HTTP\/1\.1 200/)
          assert.match(answer, /"user":"alice@CORP\.EXAMPLE"/)
          assert.match(answer, /set-cookie: __Host-sallyport=/i)
          assert.match(answer, /www-authenticate: Negotiate [A-Za-z0-9+/]{20}/i)
        })

        it('says who judges tokens', () => {
          const said = stack.connector.lines.map(({ msg }) => msg)
          const library =
            "browsers' tokens are judged by our own acceptor and the host's GSS-API library"
          const ownAlone =
            "browsers' tokens are judged by our own acceptor alone: no npm package kerberos"
          const expected = acceptor === 'own' ? 0 : 1
          assert.equal(
            said.filter((each) => each === library || each === ownAlone).length,
            expected,
          )
          const installed = existsSync(new URL('../../node_modules/kerberos', import.meta.url))
          assert.equal(said.includes(library), acceptor === 'auto' && installed)
        })

        it('a copied token is refused the second time', async () => {
          const trace = await run(
            '/usr/bin/curl',
            ['-ksv', '--negotiate', '-u', ':', stack.url('intranet', '/whoami')],
            { env },
          )
          const [, token = ''] = /> Authorization: (Negotiate \S+)/.exec(trace) ?? []
          assert.notEqual(token, '')
          const again = await run(
            '/usr/bin/curl',
            [
              '-ksi',
              '-H',
              `Authorization: ${token}`,
              '-H',
              'Accept: text/html',
              stack.url('intranet', '/whoami'),
            ],
            { env },
          )
          assert.match(again, /HTTP\/1\.1 303/)
          assert.match(again, /no-kerberos=1/)
        })

        const launch = async (profile: string, chosen: NodeJS.ProcessEnv) =>
          chromium.launchPersistentContext(profile, {
            executablePath: CHROMIUM,
            args: [...QUIET, '--auth-server-allowlist=*.localhost'],
            env: chosen,
            ignoreHTTPSErrors: true,
          })

        /**
         * In a profile of its own, since a private window shows nobody a ticket. Chromium on Linux passes over the first challenge of
         * a profile's life: it loads the GSS-API library only from then on.
         */
        const open = async (
          chosen: NodeJS.ProcessEnv,
          work: (context: BrowserContext) => Promise<void>,
        ): Promise<void> => {
          const profile = await mkdtemp(join(directory, 'profile-'))
          const first = await launch(profile, chosen)
          const page = await first.newPage()
          await page.goto(stack.url('intranet', '/whoami'))
          await page.waitForURL((url) => url.origin === lab.oidc.issuer)
          await first.clearCookies()
          await first.close()
          const context = await launch(profile, chosen)
          try {
            await work(context)
          } finally {
            await context.close()
          }
        }

        it('Chromium with a ticket sees the page, without a sign-in page', async () => {
          await open(env, async (context) => {
            const page = await context.newPage()
            const response = await page.goto(stack.url('intranet', '/whoami'))
            assert.equal(response?.status(), 200)
            assert.match(await page.locator('body').innerText(), /"user":"alice@CORP\.EXAMPLE"/)
            const again = await page.reload()
            assert.equal(again?.status(), 200)
          })
        })

        it('Chromium without a ticket gets to the sign-in page by itself, and signs in there', async () => {
          const none = { ...env, KRB5CCNAME: `FILE:${join(directory, 'none')}` }
          await open(none, async (context) => {
            const page = await context.newPage()
            await page.goto(stack.url('intranet', '/whoami'))
            await page.waitForURL((url) => url.origin === lab.oidc.issuer)
            await signInOnPage(
              page,
              { login: 'alice@corp.example', password: lab.users.alice.password },
              stack.url('intranet', '/whoami'),
            )
            const names = (await context.cookies()).map(({ name }) => name)
            assert.ok(names.includes('__Host-sallyport'), names.join(' '))
            assert.ok(names.includes('__Host-sallyport-no-kerberos'))
            // Signed in; CONN2 may not transition protocols, so its KDC refuses to act for her without her ticket.
            assert.match(await page.locator('body').innerText(), /ERR_KRB_NOT_FORWARDABLE/)
          })
        })
      })
    }
  },
)
