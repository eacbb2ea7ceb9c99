import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { checkConfigText, readFileOctets, type Wanted } from '../../../src/cli/config-file.ts'
import { SallyportError } from '../../../src/platform/index.ts'

const wanted: Wanted<unknown> = {
  kind: 'gateway',
  schema: z.strictObject({
    port: z.number().int().max(65535),
    apps: z.array(z.strictObject({ id: z.string(), url: z.url() })),
  }),
}

function faultsOf(text: string): string {
  try {
    checkConfigText('gateway.yaml', text, wanted)
  } catch (error) {
    assert.ok(error instanceof SallyportError)
    assert.equal(error.code, 'ERR_CLI_CONFIG')
    return error.message
  }
  assert.fail('the text was accepted')
}

describe('checkConfigText', () => {
  it('returns what the schema made of a good file', () => {
    const config = checkConfigText(
      'x',
      'port: 8443\napps: [{ id: a, url: "https://a.example/" }]',
      wanted,
    )
    assert.deepEqual(config, { port: 8443, apps: [{ id: 'a', url: 'https://a.example/' }] })
  })

  it('refuses lists and maps in place of names, however deep, at once', () => {
    for (const text of [
      '? [port]\n: 1\n',
      `${'? '.repeat(300)}#-`,
      // The library would write out the list behind the alias.
      'port: &a [[1]]\n? *a\n: 1\n',
    ]) {
      assert.match(faultsOf(text), /a list or a map stands where the name of a field should/)
    }
  })

  it('refuses octets in place of names, without a word of them on standard error', (t) => {
    const warned = t.mock.method(process, 'emitWarning', () => undefined)
    const faults = faultsOf('port: 1\n!!binary c2VjcmV0: 1\n')
    assert.match(faults, /^gateway\.yaml:2:\d+: something else than text stands where the name/m)
    assert.doesNotMatch(faults, /secret|c2VjcmV0/)
    assert.equal(warned.mock.callCount(), 0)
  })

  it('names line, column and field of every fault', () => {
    const faults = faultsOf(
      'port: 99999\napps:\n  - id: 7\n    url: https://a.example/\n    colour: red\n',
    )
    assert.match(faults, /^gateway\.yaml:1:7: port: /m)
    assert.match(faults, /^gateway\.yaml:3:9: apps\[0\]\.id: /m)
    assert.match(faults, /^gateway\.yaml:5:13: apps\[0\]: unknown field colour$/m)
  })

  it('tells what is missing from what is of another kind', () => {
    const faults = faultsOf('port:\napps: 5\n')
    assert.match(faults, /:1:\d+: port: missing; expected number$/m)
    assert.match(faults, /^gateway\.yaml:2:7: apps: expected array, received number$/m)
    assert.match(faultsOf('- port\n'), /the file: expected object, received array$/)
  })

  it('names the field that may have been meant', () => {
    const faults = faultsOf('prt: 1\napps: [{ id: a, Url: https://a.example/, colour: red }]\n')
    assert.match(faults, /the file: unknown field prt; did you mean port\?$/m)
    assert.match(faults, /apps\[0\]: unknown field Url, colour; did you mean url\?$/m)
  })

  it('says where a missing field belongs', () => {
    assert.match(
      faultsOf('port: 1\napps:\n  - id: a\n'),
      /^gateway\.yaml:3:5: apps\[0\]\.url: missing/m,
    )
  })

  it('names the line of a YAML fault', () => {
    assert.match(faultsOf('port: 1\napps: [\n'), /^gateway\.yaml:3:1: /)
  })

  it('names the line of a repeated key', () => {
    assert.match(faultsOf('port: 1\nport: 2\napps: []\n'), /^gateway\.yaml:2:1: .*unique/)
  })

  it('names the line of a repeated key in a list, and of a number that is a name like another', () => {
    assert.match(faultsOf('apps:\n  - {id: a,\n     id: b}\n'), /^gateway\.yaml:3:6: .*unique/)
    assert.match(faultsOf('1: a\n"1": b\n'), /^gateway\.yaml:2:1: .*unique/)
    assert.match(faultsOf(': a\n: b\n'), /unique/)
  })

  // Found by fuzzing: with all keys compared to all others this took minutes, and told every fault.
  it('is not held up by very many keys, faults or aliases, and does not tell all of them', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => i)
    const keys = faultsOf(many.map((i) => `k${i}: 1\n`).join(''))
    assert.match(keys, /unknown field k0, k1, .*k19 and 19980 more$/m)
    const apps = faultsOf(`port: 1\napps: [${many.map(() => '1').join()}]`)
    assert.match(apps, /^and 19900 more$/m)
    assert.equal(apps.split('\n').length, 101)
    assert.match(faultsOf(`a: ]\n`.repeat(5000)), /^and \d+ more$/m)
    const aliases = faultsOf(`port: &a 1\napps: [${many.map(() => '*a').join()}]`)
    assert.match(aliases, /^gateway\.yaml:2:\d+: more than 100 aliases$/)
  })

  it('refuses what is nested deeper than any configuration', () => {
    for (const depth of [200, 800, 100_000]) {
      const text = `port: ${'['.repeat(depth)}${']'.repeat(depth)}`
      assert.match(faultsOf(text), /nested too deep|call stack/)
    }
  })

  it('refuses a file that is empty', () => {
    assert.match(faultsOf(''), /^gateway\.yaml:1:1: the file: /)
  })

  it('refuses a bomb of aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
    for (const [name, of] of [
      ['b', 'a'],
      ['c', 'b'],
      ['d', 'c'],
    ] as const) {
      bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${of}`).join(',')}]`)
    }
    assert.match(faultsOf(bomb.join('\n')), /alias/)
  })
})

describe('readFileOctets', () => {
  it('says what is wrong and how to look', () => {
    assert.throws(
      () => readFileOctets('/nonexistent/keytab', 'keytab'),
      (error) =>
        error instanceof SallyportError &&
        error.code === 'ERR_CLI_FILE' &&
        error.message === 'cannot read the keytab /nonexistent/keytab: there is no such file' &&
        error.mend?.includes('/nonexistent/keytab') === true,
    )
  })
})
