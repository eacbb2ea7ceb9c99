import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rawCookies, rawField } from '../../../src/gateway/raw-fields.ts'

describe('raw fields', () => {
  const raw = [
    'hOsT',
    'a.example',
    'Cookie',
    'a=1',
    'X-Host',
    'no',
    'HOST',
    'b.example',
    'cookie',
    'b=2',
  ]

  it('gives the first field of a name, whatever its case', () => {
    assert.equal(rawField(raw, 'host'), 'a.example')
    assert.equal(rawField(raw, 'accept'), undefined)
    assert.equal(rawField(['Accept'], 'accept'), undefined)
  })

  it('gives split cookies as one', () => {
    assert.equal(rawCookies(raw), 'a=1; b=2')
    assert.equal(rawCookies(['Cookie', '']), '')
    assert.equal(rawCookies(['X-Cookie', 'a=1']), undefined)
  })
})
