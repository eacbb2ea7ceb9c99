import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createBrowserCertificate } from '../../../docker/demo/browser-certificate.ts'
import { runCommand, startService, type ServiceProcess } from '../../../docker/demo/process.ts'
import { freePort } from '../../../docker/demo/stack.ts'
import { decodeRegistrationToken, encodeRegistrationToken } from '../../../src/pki/index.ts'

const GATEWAY_YAML = (ports: { browser: number; tunnel: number }) => `
stateDirectory: ./gateway
browser: { address: 127.0.0.1, port: ${ports.browser}, certificate: browser.pem, key: browser.key }
tunnel:
  { address: 127.0.0.1, port: ${ports.tunnel}, name: gateway.example, publicAddress: '127.0.0.1:${ports.tunnel}' }
apps:
  - { id: plain, externalUrl: 'https://plain.localhost:${ports.browser}/', internalUrl: http://plain.corp.example/, preAuthentication: passthrough, singleSignOn: none, connectorGroup: default }
`
const POLICY_YAML = 'issuers: []\nbackends:\n  - { origin: http://plain.corp.example }\n'

const CLI = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')

let directory: string
let gateway: ServiceProcess
let tunnelPort: number
let gatewayFile: string

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
  await createBrowserCertificate(directory, ['plain.localhost'])
  tunnelPort = await freePort()
  gatewayFile = await file(
    'gateway.yaml',
    GATEWAY_YAML({ browser: await freePort(), tunnel: tunnelPort }),
  )
  gateway = await startService(['gateway', 'run', '--config', gatewayFile], 'ready')
})
after(async () => {
  await gateway.stop()
  await rm(directory, { recursive: true, force: true })
})

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

async function newToken(): Promise<string> {
  const made = await runCommand(['tokens', 'create', '--config', gatewayFile])
  assert.equal(made.status, 0, made.stderr)
  return made.stdout.trim()
}

const register = (state: string, token: string) =>
  runCommand(['connector', 'register', '--state', join(directory, state), '--token-file', '-'], {
    stdin: token,
  })

async function refused(args: readonly string[], expected: RegExp): Promise<string> {
  const { status, stderr } = await runCommand(args)
  assert.equal(status, 1, stderr)
  assert.match(stderr, expected)
  return stderr
}

/** Says on standard error which of the packages that a whole service runs on are loaded. */
const HEAVY_PACKAGES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      const name = /node_modules.(kysely|fastify|undici|jose|ldapts)./.exec(url)?.[1]
      if (name) console.error('loads ' + name)
      return next(url, context)
    },
  })`)}`

describe('what short commands load', () => {
  const environment = { NODE_OPTIONS: `--import=${HEAVY_PACKAGES}` }

  it('is nothing that a whole service runs on', async () => {
    const asked = await runCommand(['tokens', 'create', '--config', gatewayFile], { environment })
    assert.deepEqual([asked.status, asked.stderr], [0, ''])
    const use = ['connector', 'register', '--state', join(directory, 'light'), '--token-file', '-']
    const registered = await runCommand(use, { stdin: asked.stdout, environment })
    assert.deepEqual([registered.status, registered.stderr], [0, ''])
  })

  it('is seen: a service loads them', async () => {
    const failed = await runCommand(['connector', 'run', '--config', '/nowhere'], { environment })
    assert.match(failed.stderr, /loads undici/)
  })
})

describe('help and usage', () => {
  it('--help shows commands and examples', async () => {
    const { status, stdout } = await runCommand(['--help'])
    assert.equal(status, 0)
    for (const word of ['gateway', 'connector', 'tokens', 'Examples:'])
      assert.ok(stdout.includes(word))
  })

  it('ends without a word where nobody takes the output any more', async () => {
    const child = spawn(process.execPath, [CLI, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const [status] = (await once(child, 'close')) as [number | null]
    assert.deepEqual([status, said], [141, ''])
  })

  it('says why where the output cannot be written', async (t) => {
    if (!existsSync('/dev/full')) {
      t.skip('this system has no /dev/full')
      return
    }
    const full = await open('/dev/full', 'w')
    const child = spawn(process.execPath, [CLI, '--help'], { stdio: ['ignore', full.fd, 'pipe'] })
    assert.ok(child.stderr)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const [status] = (await once(child, 'close')) as [number | null]
    await full.close()
    assert.equal(status, 1)
    assert.match(said, /^sallyport: ERR_CLI_OUTPUT: .*ENOSPC.*\n$/)
  })

  it('a misspelt command ends with status 2 and a suggestion', async () => {
    const { status, stderr } = await runCommand(['gatway'])
    assert.equal(status, 2)
    assert.match(stderr, /Did you mean gateway\?/)
  })

  it('a registration token has no place in the argument list', async () => {
    const { status } = await runCommand([
      'connector',
      'register',
      '--state',
      'x',
      '--token',
      'sallyport-1.x',
    ])
    assert.equal(status, 2)
  })
})

describe('configuration', () => {
  it('names file, line and field of every fault', async () => {
    const text = GATEWAY_YAML({ browser: 1, tunnel: 2 }).replace(
      'singleSignOn: none',
      'singleSignOn: kerberos',
    )
    const path = await file('bad.yaml', text.replace('port: 1,', 'port: many,'))
    const stderr = await refused(['gateway', 'check', '--config', path], /ERR_CLI_CONFIG/)
    assert.match(stderr, /bad\.yaml:3:\d+: browser\.port: /)
    assert.match(
      stderr,
      /bad\.yaml:7:\d+: apps\[0\]\.singleSignOn: kerberos needs a signed-in user/,
    )
  })

  it('says which file is missing', async () => {
    await refused(
      ['gateway', 'run', '--config', '/nonexistent.yaml'],
      /ERR_CLI_FILE: .*\/nonexistent\.yaml: there is no such file/,
    )
  })

  it('a good file is good', async () => {
    const { status, stdout } = await runCommand(['gateway', 'check', '--config', gatewayFile])
    assert.deepEqual([status, stdout.endsWith('good, 1 app\n')], [0, true])
  })

  it('names the address that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const text = GATEWAY_YAML({ browser: port, tunnel: await freePort() }).replace(
      './gateway',
      './second',
    )
    const path = await file('taken.yaml', text)
    const stderr = await refused(['gateway', 'run', '--config', path], /ERR_GATEWAY_LISTEN/)
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1.*${port}`))
    assert.match(stderr, /mend: /)
    await new Promise((resolve) => taken.close(resolve))
  })
})

describe('registration', () => {
  it('keeps key and certificate for the owner alone, and a token is good once', async () => {
    const token = await newToken()
    const first = await register('one', token)
    assert.equal(first.status, 0, first.stderr)
    for (const name of ['connector.key', 'connector.crt', 'connector.json']) {
      assert.equal((await stat(join(directory, 'one', name))).mode & 0o777, 0o600, name)
    }
    const second = await register('two', token)
    assert.deepEqual(
      [second.status, /ERR_\w*TOKEN_USED/.test(second.stderr)],
      [1, true],
      second.stderr,
    )
    await assert.rejects(stat(join(directory, 'two', 'connector.key')))
  })

  it('sends nothing to a gateway whose authority is another one', async () => {
    const token = decodeRegistrationToken(await newToken())
    const forged = encodeRegistrationToken({ ...token, pin: 'ab'.repeat(32) })
    const { status, stderr } = await register('three', forged)
    assert.deepEqual([status, /ERR_PKI_PIN_MISMATCH/.test(stderr)], [1, true], stderr)
    // The secret was not shown to anyone: the real token still works.
    const honest = await register('three', encodeRegistrationToken(token))
    assert.equal(honest.status, 0, honest.stderr)
  })

  it('refuses garbage, an empty token and a gateway that is not there', async () => {
    const garbage = await register('four', 'sallyport-1.garbage')
    assert.match(garbage.stderr, /ERR_PKI_TOKEN/)
    const empty = await register('four', '')
    assert.match(empty.stderr, /ERR_CLI_SECRET: no registration token is in standard input/)
    const token = decodeRegistrationToken(await newToken())
    const nowhere = encodeRegistrationToken({ ...token, address: `127.0.0.1:${await freePort()}` })
    const unreachable = await register('four', nowhere)
    assert.match(unreachable.stderr, /UNREACHABLE/)
    assert.deepEqual([garbage.status, empty.status, unreachable.status], [1, 1, 1])
  })
})

describe('a connector that cannot start', () => {
  const connectorYaml = (lines: string) => `stateDirectory: ./one\npolicy: policy.yaml\n${lines}`

  it('names the keytab that it cannot read', async () => {
    await file('policy.yaml', POLICY_YAML)
    await file('broken.keytab', 'this is no keytab')
    const kerberos = (keytab: string) =>
      `kerberos: { realm: CORP.EXAMPLE, principal: CONN1$, keytab: ${keytab}, kdcs: [127.0.0.1] }\ndirectory: { servers: [dc1.corp.example] }\n`
    const missing = await file('c1.yaml', connectorYaml(kerberos('missing.keytab')))
    await refused(['connector', 'run', '--config', missing], /missing\.keytab/)
    const broken = await file('c2.yaml', connectorYaml(kerberos('broken.keytab')))
    await refused(
      ['connector', 'run', '--config', broken],
      /ERR_KRB_KEYTAB.*broken\.keytab|broken\.keytab.*ERR_KRB_KEYTAB/s,
    )
  })

  it('says that it is not registered', async () => {
    await file('policy.yaml', POLICY_YAML)
    const path = await file('c3.yaml', connectorYaml('').replace('./one', './nowhere'))
    await refused(
      ['connector', 'run', '--config', path],
      /ERR_CONNECTOR_NOT_REGISTERED[\s\S]*sallyport connector register/,
    )
  })

  it('names line and field of a bad policy', async () => {
    await file('bad-policy.yaml', 'issuers: []\nbackends:\n  - { origin: ftp://x }\n')
    const path = await file('c4.yaml', 'stateDirectory: ./one\npolicy: bad-policy.yaml\n')
    await refused(
      ['connector', 'check', '--config', path],
      /bad-policy\.yaml:3:\d+: backends\[0\]\.origin: /,
    )
  })
})

describe('administration', () => {
  it('lists connectors with their group', async () => {
    const { status, stdout } = await runCommand(['connectors', 'list', '--config', gatewayFile])
    assert.equal(status, 0)
    assert.match(stdout, /"group": "default"/)
  })

  it('says what to do when no gateway runs', async () => {
    const idle = await file(
      'idle.yaml',
      (await readFile(gatewayFile, 'utf8')).replace('./gateway', './idle'),
    )
    await refused(['sessions', 'list', '--config', idle], /mend: .*sallyport gateway run/)
  })

  it('says that no connector is there whose cache could be shown', async () => {
    await refused(['cache', 'show', '--config', gatewayFile], /ERR_GATEWAY_NO_CONNECTOR/)
  })

  it('says that the running gateway is older than the command', async () => {
    const old = (await readFile(gatewayFile, 'utf8')).replace('./gateway', './old')
    const path = await file('old.yaml', old)
    await mkdir(join(directory, 'old'))
    const gatewayOfOld = createHttpServer((_request, response) => {
      response.writeHead(404, { 'Content-Type': 'application/json' })
      response.end('{"code":"ERR_GATEWAY_NOT_FOUND","message":"there is no such operation"}')
    })
    gatewayOfOld.listen(join(directory, 'old', 'admin.sock'))
    await once(gatewayOfOld, 'listening')
    await refused(
      ['cache', 'show', '--config', path],
      /older version[\s\S]*mend: |mend: .*older version/,
    )
    gatewayOfOld.close()
  })

  it('a connector that nobody registered cannot be revoked', async () => {
    const args = [
      'connectors',
      'revoke',
      '00000000-0000-4000-8000-000000000000',
      '--config',
      gatewayFile,
    ]
    await refused(args, /ERR_GATEWAY_CONNECTOR_UNKNOWN/)
  })
})
