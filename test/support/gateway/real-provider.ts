/** The lab's OpenID provider in this process, with one person and nobody to ask for a password. */

import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createProvider } from '../../../docker/oidc/provider.ts'
import type { People, Person } from '../../../docker/oidc/people.ts'
import { createAuthority, issueServerCertificate } from '../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'

const PERSON: Person = {
  id: 'S-1-5-21-1-2-3-1104',
  upn: 'alice@corp.example',
  accountName: 'alice',
  name: 'Alice',
  email: 'alice@corp.example',
  groups: ['staff'],
  department: undefined,
}

const issuePorts = { clock: systemClock, random: systemRandom }
const authority = createAuthority(issuePorts)

/** A provider that listens. */
export interface RealProvider {
  readonly issuer: string
  /** PEM. */
  readonly ca: string
  readonly clientId: string
  readonly clientSecret: string
  /** While true every request gets a 503. */
  down: boolean
  /** People whom it still knows. */
  readonly known: Set<string>
  /** In the person's ID tokens from now on. */
  groups: readonly string[]
  close(): Promise<void>
}

function settings(issuer: string, idTokenSeconds: number) {
  return {
    ...{ address: '127.0.0.1', port: 0, issuer, tlsDirectory: '' },
    ...{ clientId: 'sallyport', clientSecret: 'a-secret-of-the-test', idTokenSeconds },
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/**
 * Starts it on a free port.
 *
 * @param idTokenSeconds - How long its ID tokens are good for.
 */
export async function startRealProvider(idTokenSeconds = 3600): Promise<RealProvider> {
  const credential = issueServerCertificate(authority, { names: ['127.0.0.1'] }, issuePorts)
  const server = createServer({ cert: credential.certificatePem, key: credential.privateKeyPem })
  const issuer = `https://127.0.0.1:${await listen(server)}`
  const known = new Set([PERSON.id])
  const find = (id: string) =>
    Promise.resolve(known.has(id) ? { ...PERSON, groups: real.groups } : undefined)
  // Only `find` is used by the provider; passwords are asked for by the lab's own page.
  const people = { find } as unknown as People
  const chosen = settings(issuer, idTokenSeconds)
  const { clientId, clientSecret } = chosen
  const provider = createProvider(chosen, people)
  const callback = provider.callback()
  const real: RealProvider = {
    ...{ issuer, ca: authority.certificatePem, clientId, clientSecret, down: false, known },
    groups: PERSON.groups,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
  server.on('request', (request, response) => {
    if (real.down) response.writeHead(503).end()
    else if (request.url?.startsWith('/interaction/')) {
      const login = { login: { accountId: PERSON.id } }
      provider.interactionFinished(request, response, login).catch(() => response.destroy())
    } else void callback(request, response)
  })
  return real
}
