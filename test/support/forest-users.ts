/** People of a second forest at a whole Sallyport: with tickets of their own, and by the OpenID provider. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { remoteUser } from '../../docker/demo/proof.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { Visitor, type Page } from '../../docker/demo/visitor.ts'
import type { ForestsLab } from '../../docker/lab/forests.ts'
import { mitTools, mitToolsMissing, type MitTools } from './mit-tools.ts'

const CORP = 'CORP.EXAMPLE'
const BRANCH = 'BRANCH.EXAMPLE'
const SPN = 'HTTP/intranet.localhost'
const FOREIGN = 'ERR_KRB_FOREIGN_USER'

/** Tools that know the KDCs of both realms, and whose realm the gateway's names are. */
function toolsOf({ env, branch }: ForestsLab): MitTools {
  const krb5Conf = join(env.directory, 'forests.conf')
  const text = readFileSync(env.krb5Conf, 'utf8')
    .replace('[realms]\n', `[realms]\n  ${BRANCH} = {\n    kdc = ${branch.address}\n  }\n`)
    .concat(`  .localhost = ${CORP}\n  .branch.example = ${BRANCH}\n`)
  writeFileSync(krb5Conf, text)
  return mitTools({ krb5Conf })
}

function startForestsStack({ env, branch }: ForestsLab, directories: readonly object[]) {
  return startStack(env, {
    editGateway: (config) => {
      for (const app of config['apps'] as Record<string, unknown>[]) {
        if (app['id'] === 'intranet') app['frontEndKerberos'] = { networks: ['127.0.0.0/8'] }
      }
    },
    editConnector: (config) => {
      delete config['directory']
      Object.assign(config, { directories, dns: { servers: [branch.address] } })
    },
    editPolicy: (config) => {
      const [issuer] = config['issuers'] as Record<string, unknown>[]
      Object.assign(issuer ?? {}, {
        realms: [CORP, BRANCH],
        upnSuffixes: ['corp.example', 'contoso.test', branch.domain, branch.upnSuffix],
      })
      config['frontEndKerberos'] = { services: [SPN], realms: [CORP, BRANCH] }
    },
  })
}

/** What a signed-in program is told. */
const PROGRAM = { headers: { accept: 'application/json', 'sec-fetch-mode': 'cors' } }

/**
 * The suite.
 *
 * @param labOf - The lab, once it runs, with Apache and the provider.
 * @param directoriesOf - Both, for connector.yaml.
 */
export function describeForestUsers(
  labOf: () => ForestsLab,
  directoriesOf: () => readonly object[],
): void {
  describe('people of both forests at a whole Sallyport', { skip: mitToolsMissing() }, () => {
    let lab: ForestsLab
    let stack: Stack
    let tools: MitTools
    before(async () => {
      lab = labOf()
      await lab.samba(['spn', 'add', SPN, 'CONN1$'])
      tools = toolsOf(lab)
      stack = await startForestsStack(lab, directoriesOf())
    })
    after(async () => {
      await stack.stop()
      tools.remove()
    })

    /** What the backend answers to curl with a ticket of this principal. */
    function curlAs(principal: readonly string[], password: string): string {
      const cache = principal.join('').replace(/\W/g, '-')
      const { status, output } = tools.run(cache, ['kinit', ...principal], `${password}\n`)
      assert.equal(status, 0, output)
      const url = stack.url('intranet', '/whoami')
      const answer = tools.run(cache, ['curl', '-ksi', '--negotiate', '-u', ':', url])
      return answer.output
    }
    const userIn = (answer: string) => /"user":"([^"]*)"/.exec(answer)?.[1] ?? answer

    async function signIn(name: string, account: string): Promise<{ page: Page; who: Visitor }> {
      const who = new Visitor([stack.browserCa, readFileSync(lab.env.oidc.caFile, 'utf8')])
      // Not the app with sign-in by Kerberos: these people have no tickets.
      const url = stack.url('bound', '/whoami')
      const page = await who.signIn(url, { name, password: `Lab-${account}-1` })
      return { page, who }
    }

    for (const name of ['bob', 'alice', 'olga']) {
      it(`signs ${name} of BRANCH in with a ticket, and the backend sees that very ${name}`, () => {
        const answer = curlAs([`${name}@${BRANCH}`], `Lab-${name}-1`)
        assert.equal(userIn(answer), `${name}@${BRANCH}`)
        assert.match(answer, /set-cookie: __Host-sallyport=/i)
      })
    }

    it('takes nobody for a namesake, in whatever order they come', () => {
      for (const realm of [CORP, BRANCH, CORP]) {
        for (const name of ['bob', 'alice']) {
          const user = `${name}@${realm}`
          assert.equal(userIn(curlAs([user], `Lab-${name}-1`)), user)
        }
      }
    })

    it('signs nobody in whom the other forest calls sensitive', () => {
      const answer = curlAs([`carol@${BRANCH}`], 'Lab-carol-1')
      assert.doesNotMatch(answer, /"user"/)
    })

    it('shows the backend the account’s own name, not one that its ticket has', async () => {
      await lab.samba(['user', 'rename', 'victor5', '--upn=zed@corp.example'])
      // Samba gives victor5 a ticket in the name of zed, whom there may be elsewhere.
      for (const name of [[`zed@${CORP}`], ['-E', 'zed@corp.example'], ['-C', `zed@${CORP}`]]) {
        assert.equal(userIn(curlAs(name, 'Lab-victor5-1')), `victor5@${CORP}`, name.join(' '))
      }
    })

    it('refuses users of BRANCH who sign in at the provider, with code and mend, and serves the others', async () => {
      const alice = await signIn('alice@corp.example', 'alice')
      assert.equal(remoteUser(alice.page), `alice@${CORP}`)
      for (const [login, account] of [
        ['olga@branch.example', 'olga'],
        ['robert@fabrikam.test', 'bob'],
        ['alice@branch.example', 'alice'],
      ] as const) {
        const { page, who } = await signIn(login, account)
        assert.equal(page.status, 403)
        assert.match(page.body, new RegExp(FOREIGN))
        assert.match(page.body, /Your account is of another domain/)
        assert.doesNotMatch(page.body, /BRANCH|branch\.example|HTTP\//)
        const told = await who.visit(stack.url('bound', '/whoami'), PROGRAM)
        assert.equal(told.status, 403)
        assert.equal((JSON.parse(told.body) as { readonly code?: string }).code, FOREIGN)
        const again = await alice.who.open(stack.url('bound', '/whoami'))
        assert.equal(remoteUser(again), `alice@${CORP}`)
        await who.close()
      }
      const line = await stack.connector.waitFor(({ code }) => code === FOREIGN)
      assert.match(String(line['mend']), /frontEndKerberos/)
      const bob = await signIn('robert@contoso.test', 'bob')
      assert.equal(remoteUser(bob.page), `bob@${CORP}`)
      await Promise.all([alice.who.close(), bob.who.close()])
    })
  })
}
