/** Real tickets of curl in the wrong hands, before a group of two connectors with one account; and users whom honest things befall. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ServiceProcess } from '../../docker/demo/process.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { parseNegotiate } from '../../src/kerberos/index.ts'
import { controllerIsHere, runOnController } from '../support/lab-delegation.ts'
import { sharedLab } from '../support/lab.ts'
import { framingsOf } from '../support/reframed-tokens.ts'
import { missingFor, plainCurl, run, TicketHolder } from '../support/ticket-holder.ts'

const lab = sharedLab()
const FAKETIME = '/usr/bin/faketime'
const HOST = 'closed.localhost'
/** Another name of the same account, which no app has. */
const SISTER = 'closes.localhost'
const HTML = ['-H', 'Accept: text/html']

function reasonToSkip(): string | false {
  const missing = missingFor(lab, [FAKETIME])
  if (missing !== false || lab === undefined) return missing
  return controllerIsHere(lab) ? false : 'the domain controller is in a container'
}

describe('attacks with real tickets', { skip: reasonToSkip() }, () => {
  assert.ok(lab)
  let stack: Stack
  let connectors: readonly ServiceProcess[]
  let directory: string
  let alice: TicketHolder

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-front-end-attacks-'))
    const add = [HOST, SISTER].map((host) => `samba-tool spn add HTTP/${host} 'CONN4$'`)
    await runOnController(lab, add.join('\n'))
    alice = await TicketHolder.of(lab, directory, { name: 'alice' })
    const { origin } = lab.backends.plain
    stack = await startStack(lab, {
      account: 'CONN4',
      editGateway: (config) => {
        const apps = config['apps'] as { id: string }[]
        const app = apps.find(({ id }) => id === 'closed')
        Object.assign(app ?? {}, {
          ...{ internalUrl: `${origin}/`, singleSignOn: 'headers', allow: { everyone: true } },
          ...{ servicePrincipalName: undefined },
          frontEndKerberos: { networks: ['127.0.0.0/8'] },
        })
      },
      editConnector: (config) => {
        // Without the library's replay cache, which the two would share on this host.
        Object.assign(config['kerberos'] as object, { acceptor: 'own' })
      },
      editPolicy: (config) => {
        const rows = config['backends'] as Record<string, unknown>[]
        const headerSignOn = { headers: { 'X-Upn': '{upn}' } }
        config['backends'] = [...rows, { origin, addresses: ['127.88.0.0/16'], headerSignOn }]
        const services = [HOST, SISTER].map((host) => `HTTP/${host}`)
        config['frontEndKerberos'] = { services, realms: [lab.realm] }
      },
    })
    connectors = [stack.connector, await stack.anotherConnector()]
  })
  after(async () => {
    await stack.stop()
    const remove = [HOST, SISTER].map((host) => `samba-tool spn delete HTTP/${host} 'CONN4$'`)
    await runOnController(lab, remove.join('\n'))
    await rm(directory, { recursive: true, force: true })
  })

  const url = (): string => stack.url('closed', '/headers')
  const show = (token: string | Uint8Array): Promise<string> => {
    const field = typeof token === 'string' ? token : `Negotiate ${base64(token)}`
    return plainCurl('-H', `Authorization: ${field}`, ...HTML, url())
  }
  const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')
  const toProvider = (answer: string): void => {
    assert.match(answer, /HTTP\/1\.1 303/)
    assert.match(answer, new RegExp(`^location: ${lab.oidc.issuer}`, 'im'))
  }
  const accepted = (): number =>
    connectors.flatMap(({ lines }) => lines.filter(({ msg }) => msg === 'signed in with Kerberos'))
      .length

  it('both connectors sign people in', async () => {
    const each = (): readonly number[] =>
      connectors.map(
        ({ lines }) => lines.filter(({ msg }) => msg === 'signed in with Kerberos').length,
      )
    while (each().includes(0)) assert.match(await alice.curl(url()), /"alice@corp\.example"/)
  })

  it('a copy is good at neither of them, however it is framed', async () => {
    const field = await alice.freshToken(HOST)
    const token = parseNegotiate(field) ?? assert.fail()
    assert.match(await show(field), /HTTP\/1\.1 200/)
    const before = accepted()
    for (const copy of Object.values(framingsOf(token))) {
      for (let turn = 0; turn < 2; turn++) toProvider(await show(copy))
    }
    assert.equal(accepted(), before)
    const line = await stack.gateway.waitFor(({ what }) => what === 'negotiate-replay')
    assert.equal(line['event'], 'security')
  })

  it('a ticket for another name of the account is no ticket for this app', async () => {
    toProvider(await show(await alice.freshToken(SISTER)))
    const line = await Promise.any(
      connectors.map((each) =>
        each.waitFor(({ reason }) => /a ticket for HTTP/.test(String(reason))),
      ),
    )
    assert.equal(line['code'], 'ERR_SSO_NEGOTIATE_UNFIT')
  })

  it('NTLM, half a token and octets of nobody go to the provider', async () => {
    const token = parseNegotiate(await alice.freshToken(HOST)) ?? assert.fail()
    const before = accepted()
    const cut = token.subarray(0, token.length / 2)
    for (const each of [Buffer.from('NTLMSSP\0\x01\0\0\0'), cut, Buffer.alloc(4000, 7)]) {
      toProvider(await show(each))
    }
    assert.equal(accepted(), before)
    assert.match(await show(token), /HTTP\/1\.1 200/)
  })

  it('a client whose clock is six minutes off goes to the provider, and the log says why', async () => {
    const args = ['-f', '+6m', '/usr/bin/curl', '-ksi', '--negotiate', '-u', ':', ...HTML, url()]
    toProvider(await run(FAKETIME, args, { env: alice.env }))
    const line = await Promise.any(
      connectors.map((each) => each.waitFor(({ reason }) => /ahead of ours/.test(String(reason)))),
    )
    assert.match(String(line['mend']), /clocks/)
  })

  it('a user in 1,201 groups signs in, whose token is longer than any other field', async () => {
    const ivan = await TicketHolder.of(lab, directory, { name: 'ivan' })
    const field = await ivan.freshToken(HOST)
    assert.ok(field.length > 12_000, `${field.length} octets`)
    const jar = join(directory, 'jar-ivan')
    const first = await ivan.curl('-c', jar, ...HTML, url())
    assert.match(first, /"ivan@corp\.example"/)
    const next = await plainCurl('-b', jar, ...HTML, url())
    assert.match(next, /"ivan@corp\.example"/)
  })
})
