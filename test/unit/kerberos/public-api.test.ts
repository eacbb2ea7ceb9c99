import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { publicApi } from '../../support/public-api.ts'

const KERBEROS = join(import.meta.dirname, '../../../src/kerberos')

describe('the public API of the Kerberos library', () => {
  const api = publicApi([
    { name: 'sallyport/kerberos', file: join(KERBEROS, 'index.ts') },
    { name: 'sallyport/kerberos/node', file: join(KERBEROS, 'io/index.ts') },
  ])

  it('is typed to the last field: no any', () => {
    assert.ok(api.exports.length > 100)
    assert.deepEqual(api.anys, [])
  })

  it('exports every type that its types are made of', () => {
    assert.deepEqual(api.unexported, [])
  })

  it('has a docstring for every exported name', () => {
    const bare = api.exports.filter(({ documentation }) => documentation === '')
    assert.deepEqual(
      bare.map(({ path }) => path),
      [],
    )
  })

  it('has a docstring for every member of classes and interfaces', () => {
    const bare = api.exports.flatMap(({ path, undocumentedMembers }) =>
      undocumentedMembers.map((name) => `${path}.${name}`),
    )
    assert.deepEqual(bare, [])
  })
})

/** Everything that must be found out. */
const LEAKY = `
interface Hidden { readonly deep: readonly Map<string, any>[] }
/** Documented. */
export interface Options { hidden: Hidden | undefined; readonly [name: string]: unknown }
export function parse(text: string): Promise<Options> { return JSON.parse(text) }
/** Documented. */
export const callback: (error: any) => void = () => undefined
`

describe('publicApi', () => {
  it('finds any at every depth, what is not exported, and what has no docstring', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-api-'))
    try {
      const file = join(folder, 'leaky.ts')
      writeFileSync(file, LEAKY)
      const { anys, exports, unexported } = publicApi([{ name: 'leaky', file }])
      assert.deepEqual(anys, ['leaky: parse()<0>.hidden.deep<0><1>', 'leaky: callback(error)'])
      assert.deepEqual(unexported, ['Hidden, in leaky: parse()<0>.hidden'])
      const bare = exports.filter(({ documentation }) => documentation === '')
      assert.deepEqual(
        bare.map(({ path }) => path),
        ['leaky: parse'],
      )
      assert.deepEqual(exports.find(({ path }) => path === 'leaky: Options')?.undocumentedMembers, [
        'hidden',
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
