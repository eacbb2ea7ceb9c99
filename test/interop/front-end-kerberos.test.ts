/** Browsers inside sign in with Kerberos: curl and Chromium with alice's ticket, and a Chromium without one. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { chromium, type BrowserContext } from 'playwright-core'
import { startStack, type Stack, type StackOptions } from '../../docker/demo/stack.ts'
import type { LabEnvironment } from '../../docker/lab.ts'
import { runOnController } from '../../test/support/lab-delegation.ts'
import { CHROMIUM, QUIET, signInOnPage } from '../support/chromium.ts'
import { sharedLab } from '../support/lab.ts'
import { missingFor, plainCurl, TicketHolder } from '../support/ticket-holder.ts'

const lab = sharedLab()
const SPN = 'HTTP/intranet.localhost'
const WITHOUT_PACKAGE = {
  NODE_OPTIONS: `--import ${new URL('../support/no-kerberos-package.ts', import.meta.url).href}`,
}
const INSTALLED = existsSync(new URL('../../node_modules/kerberos', import.meta.url))
const ALONE = "browsers' tokens are judged by our own acceptor alone"
const TOGETHER = "browsers' tokens are judged by our own acceptor and the host's GSS-API library"

interface Variant {
  readonly acceptor: 'own' | 'auto' | 'both'
  /** Whether the connector finds the npm package `kerberos`. */
  readonly library: boolean
  /** What it says of its judges. */
  readonly says: typeof ALONE | typeof TOGETHER | undefined
  /** Chromium comes too. */
  readonly browser: boolean
}

const VARIANTS: readonly Variant[] = [
  { acceptor: 'own', library: INSTALLED, says: undefined, browser: true },
  { acceptor: 'auto', library: INSTALLED, says: INSTALLED ? TOGETHER : ALONE, browser: true },
  { acceptor: 'auto', library: false, says: ALONE, browser: false },
  ...(INSTALLED
    ? [{ acceptor: 'both', library: true, says: TOGETHER, browser: false } as const]
    : []),
]

/** Without protocol transition: users' own tickets are all that the connector's account can use. */
function stackOptions(
  { realm }: LabEnvironment,
  { acceptor, library }: Pick<Variant, 'acceptor' | 'library'>,
): StackOptions {
  return {
    account: 'CONN2',
    editGateway: (config) => {
      const apps = config['apps'] as Record<string, unknown>[]
      const app = apps.find(({ id }) => id === 'intranet')
      Object.assign(app ?? {}, { frontEndKerberos: { networks: ['127.0.0.0/8'] } })
    },
    editConnector: (config) => {
      Object.assign(config['kerberos'] as object, { acceptor })
    },
    editPolicy: (config) => {
      config['frontEndKerberos'] = { services: [SPN], realms: [realm] }
    },
    connectorEnvironment: library ? {} : WITHOUT_PACKAGE,
  }
}

describe(
  'front-end Kerberos against Samba, Apache, curl and Chromium',
  { skip: missingFor(lab, [CHROMIUM]) },
  () => {
    assert.ok(lab)
    let stack: Stack
    let directory: string
    let alice: TicketHolder
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'sallyport-front-end-'))
      await runOnController(lab, `samba-tool spn add ${SPN} 'CONN2$'`)
      alice = await TicketHolder.of(lab, directory, { name: 'alice' })
    })
    after(async () => {
      await runOnController(lab, `samba-tool spn delete ${SPN} 'CONN2$'`)
      await rm(directory, { recursive: true, force: true })
    })

    it('acceptor: both without the package is a connector that does not start, and says why', async () => {
      const both = stackOptions(lab, { acceptor: 'both', library: false })
      const startAndStop = async () => (await startStack(lab, both)).stop()
      await assert.rejects(startAndStop, (error: Error) => {
        assert.match(error.message, /ERR_KRB_GSSAPI_ABSENT/)
        assert.match(error.message, /set acceptor: own/)
        assert.match(error.message, /connector run ended/)
        return true
      })
    })

    for (const variant of VARIANTS) {
      const { acceptor, library, says, browser } = variant
      describe(`acceptor: ${acceptor}, ${library ? 'with' : 'without'} the package`, () => {
        before(async () => {
          stack = await startStack(lab, stackOptions(lab, variant))
        })
        after(async () => {
          await stack.stop()
        })

        it('curl is alice at the backend, in one request', async () => {
          const answer = await alice.curl(stack.url('intranet', '/whoami'))
          assert.match(answer, /HTTP\/1\.1 200/)
          assert.match(answer, /"user":"alice@CORP\.EXAMPLE"/)
          assert.match(answer, /set-cookie: __Host-sallyport=/i)
          assert.match(answer, /www-authenticate: Negotiate [A-Za-z0-9+/]{20}/i)
        })

        it('says who judges tokens', () => {
          const said = stack.connector.lines.map(({ msg }) => msg)
          const judges = said.filter((each) => each === ALONE || each === TOGETHER)
          assert.deepEqual(judges, says === undefined ? [] : [says])
        })

        it('a copied token is refused the second time', async () => {
          const url = stack.url('intranet', '/whoami')
          const token = await alice.tokenFor(url)
          const html = ['-H', 'Accept: text/html']
          const again = await plainCurl('-H', `Authorization: ${token}`, ...html, url)
          assert.match(again, /HTTP\/1\.1 303/)
          assert.match(again, /no-kerberos=1/)
        })

        if (!browser) return

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
          await open(alice.env, async (context) => {
            const page = await context.newPage()
            const response = await page.goto(stack.url('intranet', '/whoami'))
            assert.equal(response?.status(), 200)
            assert.match(await page.locator('body').innerText(), /"user":"alice@CORP\.EXAMPLE"/)
            const again = await page.reload()
            assert.equal(again?.status(), 200)
          })
        })

        it('Chromium without a ticket gets to the sign-in page by itself, and signs in there', async () => {
          const none = { ...alice.env, KRB5CCNAME: `FILE:${join(directory, 'none')}` }
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
