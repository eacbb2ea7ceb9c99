import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { runCommand } from '../../docker/demo/process.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { newVisitor, pageCode, signIn } from '../support/people.ts'

const lab = sharedLab()

describe(
  'a backend that is told by header fields who the user is',
  { skip: lab ? false : NO_LAB },
  () => {
    assert.ok(lab)
    const { origin } = lab.backends.plain
    const keyFile = join(tmpdir(), `sallyport-assertion-${process.pid}.pem`)
    const rows = [
      {
        origin,
        addresses: ['127.88.0.0/16'],
        headerSignOn: {
          headers: {
            'X-Remote-User': '{upn|localPart}',
            'X-Account': 'CORP\\{account.sAMAccountName}',
            'X-Groups': '{groups?}',
          },
          assertion: { header: 'X-Assertion', keyFile, claims: ['groups'] },
        },
      },
      {
        origin,
        addresses: ['127.88.0.0/16'],
        preAuthentication: 'passthrough',
        paths: ['/echo', '/status/'],
      },
    ]
    let stack: Stack

    before(async () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
      stack = await startStack(lab, {
        editGateway(config) {
          const apps = config['apps'] as Record<string, unknown>[]
          const plain = apps.find(({ id }) => id === 'plain')
          Object.assign(plain ?? {}, {
            preAuthentication: 'oidc',
            singleSignOn: 'headers',
            allow: { everyone: true },
            paths: [
              { path: '/echo', preAuthentication: 'passthrough' },
              { path: '/status/', preAuthentication: 'passthrough' },
              { path: '/cookie', preAuthentication: 'passthrough' },
            ],
          })
        },
        editPolicy(policy) {
          const backends = policy['backends'] as Record<string, unknown>[]
          policy['backends'] = [...backends.filter((row) => row['origin'] !== origin), ...rows]
        },
      })
    })
    after(async () => {
      await stack.stop()
      await rm(keyFile, { force: true })
    })

    const headersOf = async (name: string, more: Record<string, string> = {}) => {
      const { visitor } = await signIn({ lab, stack }, name, { app: 'plain' })
      const page = await visitor.visit(stack.url('plain', '/headers'), { headers: more })
      await visitor.close()
      assert.equal(page.status, 200)
      return JSON.parse(page.body) as Record<string, string>
    }

    it('sees alice, and nothing that her browser says of itself', async () => {
      const seen = await headersOf('alice', {
        x_account: 'CORP\\administrator',
        'x-groups': 'admins',
      })
      assert.equal(seen['X-Remote-User'], 'alice')
      assert.equal(seen['X-Account'], 'CORP\\alice')
      assert.match(seen['X-Groups'] ?? '', /staff/)
      assert.doesNotMatch(JSON.stringify(seen), /admin/)
    })

    it('sees bob by the name of his account, whatever his login is', async () => {
      const seen = await headersOf('bob')
      assert.deepEqual([seen['X-Remote-User'], seen['X-Account']], ['robert', 'CORP\\bob'])
    })

    it('can verify the assertion by the keys that the connector prints', async () => {
      const seen = await headersOf('alice')
      const printed = await runCommand(['connector', 'jwks', '--config', stack.files.connector])
      assert.equal(printed.status, 0)
      assert.doesNotMatch(printed.stdout, /"d"/)
      const keys = createLocalJWKSet(JSON.parse(printed.stdout) as JSONWebKeySet)
      const { payload } = await jwtVerify(seen['X-Assertion'] ?? '', keys, {
        audience: origin,
        issuer: 'sallyport',
      })
      assert.equal(payload['preferred_username'], 'alice')
      assert.ok((payload['groups'] as string[]).includes('staff'))
    })

    it('is open to everybody where both the app and the policy say so, and names nobody there', async () => {
      const visitor = await newVisitor({ lab, stack })
      const page = await visitor.visit(stack.url('plain', '/echo'), {
        headers: { 'x-remote-user': 'root' },
      })
      assert.equal(page.status, 200)
      const elsewhere = await visitor.visit(stack.url('plain', '/headers'))
      assert.equal(elsewhere.status, 303)
      const denied = await visitor.visit(stack.url('plain', '/cookie'))
      assert.deepEqual([denied.status, pageCode(denied)], [403, 'ERR_SSO_POLICY_DENIED'])
      await visitor.close()
    })
  },
)
