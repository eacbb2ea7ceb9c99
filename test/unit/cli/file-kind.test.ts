import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { loadConnectorConfig, loadPolicy } from '../../../src/cli/connector-config.ts'
import type { FileKind } from '../../../src/cli/file-kind.ts'
import { wrongFile } from '../../../src/cli/file-kind.ts'
import { loadGatewayConfig } from '../../../src/cli/gateway-config.ts'
import { SallyportError } from '../../../src/platform/index.ts'

const demo = (kind: FileKind): string =>
  new URL(`../../../docker/sallyport/demo/${kind}.yaml`, import.meta.url).pathname

const LOADERS = { gateway: loadGatewayConfig, connector: loadConnectorConfig, policy: loadPolicy }
const KINDS = Object.keys(LOADERS) as FileKind[]

describe('one configuration file in place of another', () => {
  for (const wanted of KINDS) {
    for (const given of KINDS.filter((kind) => kind !== wanted)) {
      it(`names ${given}.yaml where ${wanted}.yaml is wanted, and where each belongs`, () => {
        assert.throws(
          () => LOADERS[wanted](demo(given)),
          (error) =>
            error instanceof SallyportError &&
            error.code === 'ERR_CLI_CONFIG' &&
            error.message.startsWith(`${demo(given)} is the `) &&
            error.message.includes(`(${given}.yaml)`) &&
            error.message.endsWith(`(${wanted}.yaml)`) &&
            !error.message.includes('unknown field') &&
            error.mend?.includes(wanted === 'policy' ? 'field policy' : `${wanted}.yaml`) === true,
        )
      })
    }
  }

  it('is not suspected of a file that has a section of its own, nor of one that has none', () => {
    assert.equal(wrongFile('f', ['policy', 'session'], 'connector'), undefined)
    assert.equal(wrongFile('f', ['policy', 'session'], 'gateway'), undefined)
    assert.equal(wrongFile('f', ['stateDirectory', 'limits'], 'connector'), undefined)
  })

  it('knows every section that is written in one file alone', () => {
    const sections = (kind: FileKind) =>
      [...readFileSync(demo(kind), 'utf8').matchAll(/^(\w+):/gm)].map(([, name]) => name ?? '')
    for (const kind of KINDS) {
      const others = new Set(KINDS.filter((other) => other !== kind).flatMap(sections))
      const own = sections(kind).filter((name) => !others.has(name))
      assert.ok(own.length > 0)
      const wanted = kind === 'policy' ? 'gateway' : 'policy'
      for (const name of own) assert.ok(wrongFile('f', [name], wanted), `${kind}: ${name}`)
    }
  })
})
