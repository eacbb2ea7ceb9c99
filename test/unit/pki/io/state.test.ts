import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import {
  loadAuthority,
  loadServerCertificate,
  readStateFile,
  writeStateFiles,
} from '../../../../src/pki/io/index.ts'
import { createAuthority, loadCertificate } from '../../../../src/pki/index.ts'
import { DAY_MS, START_MS, stillPorts } from '../../../support/pki.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-state-'))
let directories = 0
const newDirectory = () => mkdtempSync(join(root, `${(directories += 1)}-`))
const modeOf = (path: string) => statSync(path).mode & 0o777

after(() => {
  rmSync(root, { recursive: true })
})

describe('writeStateFiles', () => {
  it('writes files that their owner alone can read, and leaves nothing else', async () => {
    const directory = newDirectory()
    await writeStateFiles(directory, { a: 'one', b: 'two' })
    assert.deepEqual(readdirSync(directory).sort(), ['a', 'b'])
    assert.equal(await readStateFile(join(directory, 'b')), 'two')
    assert.deepEqual([modeOf(join(directory, 'a')), modeOf(join(directory, 'b'))], [0o600, 0o600])
  })

  it('refuses all when one exists, and leaves what was there', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'b'), 'mine')
    await assert.rejects(writeStateFiles(directory, { a: '1', b: '2' }), { code: 'ERR_PKI_STATE' })
    assert.deepEqual(readdirSync(directory), ['b'])
    assert.equal(readFileSync(join(directory, 'b'), 'utf8'), 'mine')
  })

  it('replaces by force, with a closed mode though the old file stood open', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'b'), 'mine')
    chmodSync(join(directory, 'b'), 0o644)
    await writeStateFiles(directory, { a: '1', b: '2' }, true)
    assert.deepEqual(readdirSync(directory).sort(), ['a', 'b'])
    assert.equal(readFileSync(join(directory, 'b'), 'utf8'), '2')
    assert.equal(modeOf(join(directory, 'b')), 0o600)
  })

  it('takes back what it replaced when a later file fails', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'a'), 'mine')
    // A directory cannot be replaced by a file.
    mkdtempSync(join(directory, 'd-'))
    const [blocked = ''] = readdirSync(directory).filter((name) => name.startsWith('d-'))
    const files = { a: '1', c: '3', [blocked]: '2' }
    await assert.rejects(writeStateFiles(directory, files, true), { code: 'ERR_PKI_STATE' })
    assert.deepEqual(readdirSync(directory).sort(), ['a', blocked])
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'mine')
  })
})

describe('loadAuthority', () => {
  it('makes a CA at the first start and finds it at the next', async () => {
    const directory = join(newDirectory(), 'state')
    const first = await loadAuthority(directory, stillPorts())
    assert.equal(modeOf(directory), 0o700)
    assert.equal(modeOf(join(directory, 'ca.pem')), 0o600)
    assert.deepEqual(await loadAuthority(directory, stillPorts()), first)
  })

  it('refuses a damaged file instead of making another CA', async () => {
    const directory = newDirectory()
    await loadAuthority(directory, stillPorts())
    const path = join(directory, 'ca.pem')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.slice(0, -30))
    const expected = { code: 'ERR_PKI_AUTHORITY', mend: /backup/ }
    await assert.rejects(loadAuthority(directory, stillPorts()), expected)
    writeFileSync(path, '')
    await assert.rejects(loadAuthority(directory, stillPorts()), expected)
  })
})

describe('loadServerCertificate', () => {
  async function setUp() {
    const directory = newDirectory()
    const ports = stillPorts()
    const order = { authority: await loadAuthority(directory, ports), names: ['gw.example'] }
    return { directory, ports, order }
  }

  it('keeps a certificate until half its life is over', async () => {
    const { directory, ports, order } = await setUp()
    const first = await loadServerCertificate(directory, order, ports)
    assert.equal(modeOf(join(directory, 'tunnel.pem')), 0o600)
    ports.nowMs = START_MS + 14 * DAY_MS
    const kept = await loadServerCertificate(directory, order, ports)
    assert.equal(kept.certificatePem, first.certificatePem)
    ports.nowMs = START_MS + 15 * DAY_MS
    const renewed = await loadServerCertificate(directory, order, ports)
    assert.notEqual(renewed.certificatePem, first.certificatePem)
    const { validToDate } = loadCertificate(renewed.certificatePem)
    assert.equal(validToDate.getTime(), ports.nowMs + 30 * DAY_MS)
    assert.deepEqual(
      (await loadServerCertificate(directory, order, ports)).certificatePem,
      renewed.certificatePem,
    )
  })

  it('makes another for another name, another CA or a damaged file', async () => {
    const { directory, ports, order } = await setUp()
    const seen = new Set<string>()
    const load = async (rest: object = {}) => {
      const made = await loadServerCertificate(directory, { ...order, ...rest }, ports)
      seen.add(made.certificatePem)
    }
    await load()
    await load({ names: ['new.example'] })
    await load({ names: ['new.example', '192.0.2.1'] })
    await load({ names: ['new.example'], authority: createAuthority(ports) })
    writeFileSync(join(directory, 'tunnel.pem'), 'garbage')
    await load()
    assert.equal(seen.size, 5)
  })
})
