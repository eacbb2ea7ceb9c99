import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bundleOf, found, reportOf, type BundleContents } from '../../../src/doctor/index.ts'

const contents = (change: Partial<BundleContents> = {}): BundleContents => ({
  report: reportOf([
    { id: 'a.b', title: 't', subject: undefined, findings: [found('DOCTOR_FAULT', 'seen')] },
  ]),
  versions: { sallyport: '1.0.0' },
  configuration: { kerberos: { realm: 'CORP.EXAMPLE', keytab: '/etc/sallyport/conn1.keytab' } },
  policy: { backends: [{ origin: 'http://iwa.corp.example' }] },
  ...change,
})
const NOTHING = { secrets: [], paths: [] }

const secretText = fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme-ascii' })
const fieldName = fc.oneof(
  fc.constantFrom('realm', 'url', 'keytab', 'passwordFile', 'issuer', 'passwordVariable', 'kdcs'),
  fc.string({ maxLength: 12 }),
)

describe('the bundle', () => {
  it('is an archive that tar reads', () => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-bundle-'))
    try {
      const log = 'x'.repeat(512)
      writeFileSync(
        join(directory, 'b.tar'),
        bundleOf(contents({ log }), NOTHING, 1_700_000_000_000),
      )
      const tar = spawnSync('tar', ['-xf', 'b.tar'], { cwd: directory, encoding: 'utf8' })
      assert.equal(tar.stderr, '')
      const read = (name: string) => readFileSync(join(directory, 'sallyport-doctor', name), 'utf8')
      assert.equal(read('log.txt'), log)
      assert.deepEqual(JSON.parse(read('connector.json')), {
        kerberos: { realm: 'CORP.EXAMPLE', keytab: '<path>/conn1.keytab' },
      })
      assert.equal((JSON.parse(read('report.json')) as { ok: boolean }).ok, false)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  it('holds no known secret, wherever it stands and however it is written', () => {
    fc.assert(
      fc.property(
        fc.array(secretText, { minLength: 1, maxLength: 3 }),
        fieldName,
        (secrets, field) => {
          const written = secrets.flatMap((secret) => [
            secret,
            Buffer.from(secret).toString('base64'),
            Buffer.from(secret).toString('hex'),
          ])
          const text = written.join(' and ')
          const all = contents({
            report: reportOf([
              {
                id: 'a.b',
                title: 't',
                subject: undefined,
                findings: [
                  found('DOCTOR_FAULT', text, { subject: text, mends: [{ text, shell: text }] }),
                ],
              },
            ]),
            versions: { node: text },
            configuration: { [field]: secrets, deep: [{ [field]: text, [text]: 1 }] },
            policy: { [field]: { [field]: text } },
            log: `${text}\n${text}`,
          })
          const without = bundleOf(contents(), NOTHING, 0).toString('latin1')
          const archive = bundleOf(all, { secrets, paths: [] }, 0).toString('latin1')
          for (const secret of written) {
            // What is there without any secret (`sallyport` is no secret) proves nothing.
            if (
              secret.trim().length < 8 ||
              without.includes(secret) ||
              '<redacted>'.includes(secret)
            )
              continue
            assert.ok(!archive.includes(secret), secret)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes what looks like a secret out of a log, though nobody knew it', () => {
    const log = [
      'Authorization: Negotiate YIIabcdefghijkl==',
      '{"cookie":"__Host-sallyport=abcdef123456"}',
      'got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl from',
      'and x-eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJiIn0.c2ln, eyJ-only',
      'proxy http://me:hunter22@proxy.example:3128 and _http://me:hunter24@proxy.example',
      'password=hunter23 token: abcdef987654',
      '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG\n-----END PRIVATE KEY-----',
      'kept: 200 GET /index.html',
    ].join('\n')
    const archive = bundleOf(contents({ log }), NOTHING, 0).toString()
    for (const secret of [
      'YIIabc',
      'abcdef123456',
      'eyJhbGci',
      'hunter2',
      'abcdef987654',
      'MIGHAg',
    ]) {
      assert.ok(!archive.includes(secret), secret)
    }
    assert.ok(archive.includes('kept: 200 GET /index.html'))
  })

  it('leaves of paths the last part', () => {
    const path = '/srv/customer-x/keys/conn1.keytab'
    const log = `cannot read ${path}`
    const archive = bundleOf(contents({ log }), { secrets: [], paths: [path] }, 0).toString()
    assert.ok(archive.includes('cannot read <path>/conn1.keytab'))
    assert.ok(!archive.includes('customer-x'))
  })

  it('shows texts of a configuration only where they are known to be harmless', () => {
    const configuration = {
      clientSecret: 'abc',
      new: { field: 'x' },
      limits: { dialMs: 5 },
      fast: 'off',
    }
    const archive = bundleOf(contents({ configuration }), NOTHING, 0).toString()
    const shown = archive.slice(archive.indexOf('{\n  "clientSecret"'))
    assert.match(shown, /"clientSecret": "<redacted>",\s+"new": \{\s+"field": "<redacted>"/)
    assert.match(shown, /"dialMs": 5[\s\S]*"fast": "off"/)
  })
})
