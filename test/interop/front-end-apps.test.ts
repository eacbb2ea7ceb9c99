/** Sign-in with Kerberos at apps that tell header fields, want step-up or have parts, and what ends it. Real tickets, provider and directory. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startService, type ServiceProcess } from '../../docker/demo/process.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { SECOND_FACTOR } from '../../docker/oidc/provider.ts'
import { controllerIsHere, runOnController } from '../support/lab-delegation.ts'
import { sharedLab } from '../support/lab.ts'
import { newVisitor, pageCode } from '../support/people.ts'
import { missingFor, plainCurl, TicketHolder } from '../support/ticket-holder.ts'

const lab = sharedLab()
const HOSTS = ['plain', 'epa', 'bound'].map((app) => `${app}.localhost`)
const USER = { name: 'frontend1', password: 'Wonderland-1' }

function reasonToSkip(): string | false {
  const missing = missingFor(lab)
  if (missing !== false || lab === undefined) return missing
  return controllerIsHere(lab) ? false : 'the domain controller is in a container'
}

describe('apps that browsers inside sign in to with Kerberos', { skip: reasonToSkip() }, () => {
  assert.ok(lab)
  const { origin } = lab.backends.plain
  const common = { origin, addresses: ['127.88.0.0/16'] }
  let stack: Stack
  let connector: ServiceProcess
  let directory: string
  let alice: TicketHolder
  let user: TicketHolder

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-front-end-apps-'))
    const spns = HOSTS.map((host) => `samba-tool spn add HTTP/${host} 'CONN1$'`)
    const create = `samba-tool user create ${USER.name} '${USER.password}'`
    await runOnController(lab, [...spns, create].join('\n'))
    alice = await TicketHolder.of(lab, directory, { name: 'alice' })
    user = await TicketHolder.of(lab, directory, USER)
    stack = await startStack(lab, {
      editGateway: (config) => {
        const frontEndKerberos = { networks: ['127.0.0.0/8'] }
        const more: Record<string, object> = {
          plain: {
            ...{ preAuthentication: 'oidc', singleSignOn: 'headers', allow: { everyone: true } },
            ...{ frontEndKerberos, paths: [{ path: '/whoami' }] },
          },
          epa: { frontEndKerberos, acr: [SECOND_FACTOR] },
          bound: { frontEndKerberos },
        }
        for (const app of config['apps'] as { id: string }[]) Object.assign(app, more[app.id] ?? {})
      },
      editConnector: (config) => {
        config['sso'] = { identityMs: 1000, policyRefusalMs: 1000 }
      },
      editPolicy: (config) => {
        const rows = config['backends'] as Record<string, unknown>[]
        const { bound } = lab.backends
        for (const row of rows) {
          if (row['servicePrincipalName'] === bound.spn) row['acr'] = [SECOND_FACTOR]
        }
        const headers = { 'X-Upn': '{upn}', 'X-Groups': '{groups}', 'X-Mail': '{email?}' }
        config['backends'] = [
          ...rows.filter((row) => row['origin'] !== origin),
          { ...common, headerSignOn: { headers } },
          { ...common, headerSignOn: { headers: { 'X-Mail': '{email}' } }, paths: ['/whoami'] },
        ]
        const services = HOSTS.map((host) => `HTTP/${host}`)
        config['frontEndKerberos'] = { services, realms: [lab.realm] }
      },
    })
    ;({ connector } = stack)
  })
  after(async () => {
    await connector.stop()
    await stack.stop()
    const spns = HOSTS.map((host) => `samba-tool spn delete HTTP/${host} 'CONN1$'`)
    await runOnController(lab, [...spns, `samba-tool user delete ${USER.name}`].join('\n'))
    await rm(directory, { recursive: true, force: true })
  })

  const jar = (name: string): readonly string[] => {
    const file = join(directory, `jar-${name}`)
    return ['-c', file, '-b', file]
  }

  it('tell the backend what the ticket and the directory say, and nothing that the client says', async () => {
    const lies = ['X-Upn: root', 'x_mail: root@corp.example', 'X-Groups: Domain Admins']
    const args = lies.flatMap((line) => ['-H', line])
    const answer = await alice.curl(...args, ...jar('alice'), stack.url('plain', '/headers'))
    assert.match(answer, /HTTP\/1\.1 200/)
    const seen = JSON.parse(answer.slice(answer.indexOf('{'))) as Record<string, string>
    assert.equal(seen['X-Upn'], 'alice@corp.example')
    assert.match(seen['X-Groups'] ?? '', /(^|;)staff(;|$)/)
    assert.equal(seen['X-Mail'], undefined)
    assert.doesNotMatch(answer, /root|Domain Admins/)
  })

  it('refuse what a ticket cannot fill in, at a part of the app, in the very session', async () => {
    const args = ['-H', 'X-Mail: root', '-H', 'Accept: application/json', ...jar('alice')]
    const answer = await plainCurl(...args, stack.url('plain', '/whoami'))
    assert.match(answer, /HTTP\/1\.1 403/)
    assert.match(answer, /ERR_SSO_HEADER_CLAIM/)
    const line = await connector.waitFor(({ code }) => code === 'ERR_SSO_HEADER_CLAIM')
    assert.match(JSON.stringify(line), /sub, upn, account, realm, groups/)
  })

  it('look at no ticket where the app wants an authentication context', async () => {
    const answer = await alice.curl('-H', 'Accept: text/html', stack.url('epa', '/whoami'))
    assert.match(answer, /HTTP\/1\.1 303/)
    assert.match(answer, new RegExp(`^location: ${lab.oidc.issuer}.*acr`, 'im'))
    const judged = connector.lines.filter(
      ({ msg, app }) => app === 'epa' && msg.includes('with Kerberos'),
    )
    assert.deepEqual(judged, [])
  })

  for (const app of ['epa', 'bound']) {
    const who = app === 'epa' ? 'gateway.yaml' : 'only the policy inside'
    it(`take alice to the provider where ${who} wants one, and let her in then`, async () => {
      const visitor = await newVisitor({ lab, stack })
      const authorization = await alice.freshToken(`${app}.localhost`)
      const { userPrincipalName: name, password } = lab.users.alice
      const url = stack.url(app, '/whoami')
      const page = await visitor.signIn(url, { name, password }, { headers: { authorization } })
      assert.deepEqual([page.status, pageCode(page)], [200, undefined])
      assert.match(page.body, /alice/)
      const mentioned = (text: string): boolean =>
        connector.lines.some((line) => line['app'] === app && JSON.stringify(line).includes(text))
      // Where the gateway knows it, the token is not even shown to the connector.
      const shown = app === 'bound'
      assert.equal(mentioned('signed in with Kerberos'), shown)
      assert.equal(mentioned('ERR_SSO_STEP_UP_NEEDED'), shown)
      await visitor.close()
    })
  }

  it('end with the account, and begin again with it', async () => {
    const url = stack.url('plain', '/headers')
    assert.match(await user.curl(...jar('user'), url), /HTTP\/1\.1 200/)
    const again = (): Promise<string> =>
      plainCurl('-H', 'Accept: application/json', ...jar('user'), url)
    assert.match(await again(), /HTTP\/1\.1 200/)
    await runOnController(lab, `samba-tool user disable ${USER.name}`)
    let answer = await again()
    while (/HTTP\/1\.1 200/.test(answer)) answer = await again()
    assert.match(answer, /ERR_SSO_ACCOUNT_DISABLED/)
    // The ticket is good for hours yet.
    const page = await user.curl('-H', 'Accept: application/json', url)
    assert.match(page, /HTTP\/1\.1 403/)
    assert.match(page, /ERR_SSO_ACCOUNT_DISABLED/)
    await runOnController(lab, `samba-tool user enable ${USER.name}`)
    while (!/HTTP\/1\.1 200/.test(answer)) answer = await user.curl(url)
  })

  it('sign in again unseen after the connector has started anew: its key is another', async () => {
    const url = stack.url('plain', '/headers')
    const html = ['-H', 'Accept: text/html', ...jar('alice')]
    assert.match(await plainCurl(...html, url), /HTTP\/1\.1 200/)
    await connector.stop()
    connector = await startService(
      ['connector', 'run', '--config', stack.files.connector],
      'tunnel up',
    )
    const asks = await plainCurl(...html, url)
    assert.match(asks, /HTTP\/1\.1 401/)
    assert.match(asks, /www-authenticate: Negotiate/i)
    assert.match(await alice.curl(...html, url), /HTTP\/1\.1 200/)
  })
})
