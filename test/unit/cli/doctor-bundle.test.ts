import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { connectorConfigSchema } from '../../../src/connector/index.ts'
import { checkBundlePlace, newestPart, writeBundle } from '../../../src/cli/doctor-bundle.ts'
import type { DoctorSources } from '../../../src/cli/doctor-world.ts'
import { reportOf } from '../../../src/doctor/index.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'
import { policyOf } from '../../support/sso/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'sallyport-doctor-bundle-'))
after(() => {
  rmSync(directory, { recursive: true })
})

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

describe('the newest part of a log', () => {
  it('is the whole of a short one', () => {
    assert.equal(newestPart(file('short.log', 'one\ntwo\n')), 'one\ntwo\n')
    assert.equal(newestPart(file('empty.log', '')), '')
  })

  it('begins at a line, however long the log is', () => {
    const path = file('long.log', `${'an old line\n'.repeat(600_000)}the newest\n`)
    assert.ok(statSync(path).size > 4 * 1024 * 1024)
    const part = newestPart(path)
    assert.ok(part.length <= 1_048_576 && part.length > 1_000_000)
    assert.ok(part.startsWith('an old line\n') && part.endsWith('\nthe newest\n'))
  })

  it('is an error where there is none', () => {
    const code = 'ERR_CLI_FILE'
    const missing = { code, message: /no such file/, mend: /ls -l/ }
    assert.throws(() => newestPart(join(directory, 'none.log')), missing)
    assert.throws(() => newestPart(directory), { code, message: /a directory/ })
  })
})

describe('the bundle', () => {
  it('has a place, or says that it has none', () => {
    checkBundlePlace(join(directory, 'b.tar.gz'))
    const expected = { code: 'ERR_CLI_FILE', message: /cannot write the bundle/, mend: /folder/ }
    assert.throws(() => {
      checkBundlePlace(join(directory, 'none', 'b.tar.gz'))
    }, expected)
  })

  it('holds nothing of any secret file that the configuration names', () => {
    const secrets = ['Own-password-1', 'Reader-password-2', 'Proxy-password-3', 'Way-password-4']
    const [own, reader, proxy, way] = secrets.map((text, at) =>
      file(`secret-${at}.txt`, `${text}\n`),
    )
    const policy = file('policy.yaml', 'issuers: []\nbackends: []\n')
    const configPath = file('connector.yaml', 'policy: policy.yaml\n')
    const config = connectorConfigSchema.parse({
      ...{ stateDirectory: join(directory, 'state'), policy },
      kerberos: {
        ...{ realm: 'CORP.EXAMPLE', principal: 'CONN1', passwordFile: own },
        kdcs: ['https://kdc.example/KdcProxy'],
        kdcProxy: {
          forwardProxy: { url: 'http://proxy.example:3128', user: 'u', passwordFile: proxy },
        },
      },
      directory: {
        ...{ servers: ['dc1.corp.example'], bind: 'simple' },
        ...{ bindDn: 'CN=reader,DC=corp,DC=example', passwordFile: reader },
      },
      issuerKeys: {
        forwardProxy: { url: 'http://proxy.example:3128', user: 'u', passwordFile: way },
      },
    })
    const sources: DoctorSources = {
      ...{ configPath, config, policy: policyOf([]), logger: new MemoryLogger() },
    }
    // One of an earlier run, which others may read.
    const archive = file('secrets.tar.gz', 'old')
    const log = `a fool has logged ${secrets.join(' and ')} from ${reader ?? ''}\n`
    writeBundle({ file: archive, log, report: reportOf([]) }, sources)
    const text = gunzipSync(readFileSync(archive)).toString('latin1')
    assert.match(text, /a fool has logged/)
    for (const secret of [...secrets, directory]) assert.ok(!text.includes(secret), secret)
    assert.equal(statSync(archive).mode & 0o777, 0o600)
  })
})
