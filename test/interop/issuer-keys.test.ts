/** The real provider's keys through the real Squid, as a connector in a DMZ fetches them. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { jwtVerify } from 'jose'
import { Initiator } from '../../src/kerberos/index.ts'
import type { ForwardProxy } from '../../src/kerberos/io/index.ts'
import { errorCode, errorText, SallyportError } from '../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { compilePolicy, policySchema } from '../../src/sso/index.ts'
import { createKeySource } from '../../src/sso/io/index.ts'
import { hasFarTools, NO_FAR_TOOLS, startSquid, type Squid } from '../support/far-kdc.ts'
import { obtainIdToken } from '../support/id-token.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { MemoryLogger } from '../support/manual-clock.ts'

const lab = sharedLab()
const why = lab === undefined ? NO_LAB : NO_FAR_TOOLS

describe('issuer keys', { skip: lab !== undefined && hasFarTools() ? false : why }, () => {
  assert.ok(lab)
  const { spn, keytab } = lab.backends.iwa
  let squid: Squid
  let idToken: string
  let ca: string

  before(async () => {
    const kerberos = { spn, keytab, krb5Conf: lab.krb5Conf }
    squid = await startSquid({ names: [], ports: [443], kerberos })
    idToken = await obtainIdToken(lab, 'alice')
    ca = await readFile(lab.oidc.caFile, 'utf8')
  })
  after(() => squid.stop())

  const verify = async (
    forwardProxy: ForwardProxy,
    resolve?: (name: string) => Promise<readonly string[]>,
  ) => {
    const { issuer, clientId } = lab.oidc
    const row = {
      ...{ issuer, audience: clientId, loginClaim: 'upn', jwksUrl: `${issuer}/jwks`, ca: 'ca' },
      upnSuffixes: ['corp.example'],
    }
    const policy = compilePolicy(policySchema.parse({ issuers: [row], backends: [] }), () => ca)
    const logger = new MemoryLogger()
    const keys = createKeySource(policy, {
      ...{ logger, forwardProxy, timeoutMs: 30_000 },
      ...(resolve && { resolve }),
    })
    const { payload } = await jwtVerify(idToken, keys.keysOf(issuer))
    return payload['upn']
  }

  it('come through Squid', async () => {
    assert.equal(await verify({ url: squid.open }), 'alice@corp.example')
  })

  it('come through Squid that wants a password', async () => {
    const { guarded: url, user, password } = squid
    assert.equal(await verify({ url, credentials: { user, password } }), 'alice@corp.example')
  })

  it("come through Squid that wants Negotiate, with a ticket of the connector's own account", async () => {
    const host = spn.replace(/^HTTP\//, '')
    const { hostname, port } = new URL(squid.guarded)
    const client = await connectorClient(lab, 'CONN1')
    const negotiate = async (service: string): Promise<Uint8Array> => {
      const ticket = await client.ownTicket(service)
      const ports = { clock: systemClock, random: systemRandom }
      return new Initiator(ticket, ports).createToken().token
    }
    // Squid goes by the name of a service for which there is a keytab.
    const resolve = (): Promise<readonly string[]> => Promise.resolve([hostname])
    const proxy = { url: `http://${host}:${port}`, negotiate }
    assert.equal(await verify(proxy, resolve), 'alice@corp.example')
  })

  it('say what is wrong where Squid does not know us, without the password', async () => {
    const { guarded: url, user } = squid
    const failed = verify({ url, credentials: { user, password: 'wrong-word' } })
    await assert.rejects(failed, (error) => {
      assert.equal(errorCode(error), 'ERR_SSO_KEYS_UNREACHABLE')
      assert.match(errorText(error), /407.*refuses the credentials/)
      assert.doesNotMatch(errorText(error), /wrong-word/)
      assert.match((error instanceof SallyportError && error.mend) || '', /forward proxy/)
      return true
    })
  })
})
