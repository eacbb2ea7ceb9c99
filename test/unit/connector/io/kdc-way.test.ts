import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connectorConfigSchema } from '../../../../src/connector/index.ts'
import { openKdcWay } from '../../../../src/connector/io/kdc-way.ts'
import { resolveKdcTransport } from '../../../../src/kerberos/io/kdc-transport-options.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import { httpsCredential } from '../../../support/https-credential.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

/** connector.yaml's kerberos section, defaults filled in. */
function section(more: Readonly<Record<string, unknown>>) {
  const { kerberos } = connectorConfigSchema.parse({
    ...{ stateDirectory: 's', policy: 'p', directory: { servers: ['dc1.corp.example'] } },
    kerberos: { realm: 'CORP.EXAMPLE', principal: 'CONN1$', keytab: 'k', kdcs: ['dc1'], ...more },
  })
  assert.ok(kerberos)
  return kerberos
}

const open = (more: Readonly<Record<string, unknown>>) =>
  openKdcWay(section(more), {
    ...{ clock: systemClock, random: systemRandom, logger: new MemoryLogger() },
    resolve: () => assert.fail('nothing is looked up'),
  })

describe('the connector’s way to its KDCs', () => {
  it('can be told every limit that the transport has', async () => {
    const flat = section({ hedgeAfterMs: 400, udpPreferenceLimit: 1465 })
    const settings = Object.entries(resolveKdcTransport({ kdcs: { A: ['dc1'] } }))
    const numbers = settings.filter(([, value]) => typeof value === 'number')
    const kdcLimits = Object.fromEntries(numbers.filter(([name]) => !(name in flat)))
    assert.ok('maxWaiting' in kdcLimits && 'probeAfterMs' in kdcLimits)
    assert.deepEqual(section({ kdcLimits }).kdcLimits, kdcLimits)
    await open({ kdcLimits })
  })

  it('hands them on: with one turn and one place to wait, the third is told at once', async () => {
    const { transport } = await open({
      ...{ kdcs: ['127.90.255.254:9'], timeoutMs: 60_000, totalTimeoutMs: 60_000 },
      kdcLimits: { maxExchanges: 1, maxWaiting: 1 },
    })
    const asked = [1, 2, 3].map(() => transport.exchange('CORP.EXAMPLE', Uint8Array.of(0x6a, 0)))
    const ended = await Promise.allSettled(asked)
    const reasons = ended.map((end) => (end.status === 'rejected' ? String(end.reason) : ''))
    assert.match(reasons[2] ?? '', /was not begun: too many exchanges wait already/)
    assert.match(reasons[1] ?? '', /ECONNREFUSED/)
  })

  describe('a certificate for KDC proxies', () => {
    let folder = ''
    const own = httpsCredential(['connector'])
    const other = httpsCredential(['other'])
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sallyport-kdc-way-'))
      const files = { 'own.pem': own.cert, 'own.key': own.key, 'other.key': other.key, junk: 'x' }
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    })
    after(() => rm(folder, { recursive: true }))
    const show = (certificate: string, key: string) =>
      open({
        kdcProxy: {
          clientCertificate: { certificate: join(folder, certificate), key: join(folder, key) },
        },
      })

    it('is read at once', async () => {
      assert.ok((await show('own.pem', 'own.key')).transport)
    })

    for (const [certificate, key] of [
      ['own.pem', 'other.key'],
      ['own.pem', 'junk'],
      ['junk', 'own.key'],
    ] as const) {
      it(`is refused at once when ${key} is not the key of ${certificate}`, async () => {
        await assert.rejects(show(certificate, key), (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ERR_CONNECTOR_FILE')
          assert.match(
            error.message,
            /kdcProxy\.clientCertificate\) are no certificate and its key/,
          )
          assert.doesNotMatch(error.message, /BEGIN/)
          return true
        })
      })
    }

    it('that is not there is named with the field that names it', async () => {
      await assert.rejects(show('none.pem', 'own.key'), {
        code: 'ERR_CONNECTOR_FILE',
        message:
          /none\.pem \(kerberos\.kdcProxy\.clientCertificate\.certificate\): there is no such file$/,
      })
    })
  })
})
