import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { connectorConfigSchema } from '../../../src/connector/index.ts'
import { SSO_LIMITS } from '../../../src/sso/index.ts'

const WITHOUT = { stateDirectory: 'state', policy: 'policy.yaml' }

function faults(sso: unknown): readonly string[] {
  const result = connectorConfigSchema.safeParse({ ...WITHOUT, sso })
  if (result.success) return []
  return result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}

describe('the sso section of connector.yaml', () => {
  it('may be left out, and takes every limit of the pipeline at its ends', () => {
    assert.deepEqual(connectorConfigSchema.parse(WITHOUT).sso, {})
    for (const [name, { least, most, default: usual }] of Object.entries(SSO_LIMITS)) {
      for (const value of [least, most, usual]) assert.deepEqual(faults({ [name]: value }), [])
      for (const value of [least - 1, most + 1, 1.5, '1']) {
        const [fault = ''] = faults({ [name]: value })
        assert.match(fault, new RegExp(`^sso\\.${name}: expected a whole number from`))
      }
    }
  })

  it('refuses a name that is not a limit', () => {
    assert.match(faults({ ticketMinutes: 60 })[0] ?? '', /ticketMinutes/)
  })

  it('has a row with the true default for each of them in native-notes', () => {
    const page = readFileSync('native-notes/sso-settings.md', 'utf8')
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm)].map(
      ([, name, value]) => [name, Number(value)] as const,
    )
    const limits = Object.entries(SSO_LIMITS).map(([name, range]) => [name, range.default] as const)
    assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(limits))
    assert.equal(rows.length, limits.length)
  })
})
