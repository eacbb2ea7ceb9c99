/** A file of authorities that was replaced half-written: Node takes an empty one for none, and trusts the system's. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { loadPolicy } from '../../../src/cli/connector-config.ts'
import { readAuthorities } from '../../../src/connector/io/read-text.ts'
import { createAuthority } from '../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'

const { certificatePem: whole } = createAuthority({ clock: systemClock, random: systemRandom })
const folder = mkdtempSync(join(tmpdir(), 'sallyport-authorities-'))
after(() => {
  rmSync(folder, { recursive: true })
})

const ca = join(folder, 'ca.pem')
const broken = ['', '\n', 'no certificate', whole.slice(0, 200)]

function policyWith(text: string): string {
  const path = join(folder, 'policy.yaml')
  writeFileSync(path, text)
  return path
}

describe('a file of authorities', () => {
  it('is refused where it is empty or half written, in the policy', () => {
    const texts = [
      'backends:\n  - { origin: https://a.corp.example, tls: { ca: ca.pem } }\nissuers: []\n',
      'backends: []\nissuers:\n  - { issuer: https://idp.example, audience: a, jwksUrl: https://idp.example/k, ca: ca.pem, loginClaim: upn, upnSuffixes: [corp.example] }\n',
    ]
    for (const policy of texts) {
      const path = policyWith(policy)
      for (const text of broken) {
        writeFileSync(ca, text)
        assert.throws(() => loadPolicy(path), { code: 'ERR_CLI_FILE', message: /no whole cert/ })
      }
      writeFileSync(ca, `# of the domain\n${whole}${whole}`)
      loadPolicy(path)
    }
  })

  it('is refused there too where connector.yaml names it', async () => {
    for (const text of broken) {
      writeFileSync(ca, text)
      await assert.rejects(readAuthorities(ca, 'directory.ca'), {
        code: 'ERR_CONNECTOR_FILE',
        message: `${ca} (directory.ca) holds no whole certificate`,
      })
    }
    writeFileSync(ca, whole)
    assert.equal(await readAuthorities(ca, 'directory.ca'), whole)
  })
})
