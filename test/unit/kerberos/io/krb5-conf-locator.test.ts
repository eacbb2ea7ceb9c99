import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { KerberosError, parseKrb5ConfText } from '../../../../src/kerberos/index.ts'
import {
  krb5ConfLocator,
  NetworkKdcTransport,
  type KdcLocator,
} from '../../../../src/kerberos/io/index.ts'
import { httpsCredential } from '../../../support/https-credential.ts'

const elsewhere: KdcLocator = {
  locate: (realm) => Promise.resolve([{ via: 'direct', host: `kdc.${realm}`, port: 88 }]),
}
const conf = (more = '', anchors = '') =>
  parseKrb5ConfText(
    `[libdefaults]\n${more}\n[realms]\nA = {\nkdc = a:1088\nkdc = https://p/KdcProxy\n${anchors}}\nB = {\n}\n`,
  )

describe('krb5ConfLocator', () => {
  it('takes the KDCs and KDC proxies that are listed, else looks elsewhere', async () => {
    const locator = krb5ConfLocator(conf(), { elsewhere })
    assert.deepEqual(await locator.locate('A'), [
      { via: 'direct', host: 'a', port: 1088 },
      { via: 'https', url: 'https://p/KdcProxy' },
    ])
    assert.equal(await locator.locate('A'), await locator.locate('A'))
    assert.deepEqual(await locator.locate('B'), [{ via: 'direct', host: 'kdc.B', port: 88 }])
  })

  it('looks nowhere else when the file forbids it', async () => {
    const locator = krb5ConfLocator(conf('dns_lookup_kdc = false'), { elsewhere })
    assert.deepEqual(await locator.locate('B'), [])
    assert.deepEqual(await krb5ConfLocator(conf()).locate('B'), [])
  })
})

describe('http_anchors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-anchors-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const [one, two] = [httpsCredential().ca.trim(), httpsCredential().ca.trim()]
  const bundle = write('bundle.txt', `Of two CAs:\n${one}\n${two}\n${one}\n`)
  const directory = join(folder, 'anchors')
  mkdirSync(directory)
  write('anchors/0a1b2c3d.0', one)
  write('anchors/other.pem', `${two}\n`)
  write('anchors/README', 'no certificate')
  const environment = { ANCHORS: `FILE:${bundle}`, ROUND: 'ENV:ROUND', EMPTY: '' }
  const caOf = async (anchors: string): Promise<string | undefined> => {
    const text = `http_anchors = ${anchors}\n`
    const [direct, proxied] = await krb5ConfLocator(conf('', text), { environment }).locate('A')
    assert.deepEqual(direct, { via: 'direct', host: 'a', port: 1088 })
    assert.ok(proxied?.via === 'https')
    return proxied.ca
  }

  for (const [what, anchors] of [
    ['a file', `FILE:${bundle}`],
    ['a directory', `DIR:${directory}`],
    ['a variable', 'ENV:ANCHORS'],
    ['both', `FILE:${bundle}\nhttp_anchors = DIR:${directory}`],
  ] as const) {
    it(`are read from ${what}, each certificate once`, async () => {
      assert.equal(await caOf(anchors), `${one}\n${two}`)
    })
  }

  for (const [what, anchors, says] of [
    ['a file that is missing', `FILE:${folder}/none.pem`, /krb5\.conf:7: http_anchors .*ENOENT/],
    ['a directory that is missing', `DIR:${folder}/none`, /ENOENT/],
    ['a file without certificates', `FILE:${directory}/README`, /no certificate in it/],
    ['a directory without certificates', `DIR:${folder}`, /no certificate in it/],
    ['a variable that is not set', 'ENV:NONE', /no FILE: or DIR: in the variable NONE/],
    ['a variable that is empty', 'ENV:EMPTY', /http_anchors cannot be ""/],
    ['a variable that names one', 'ENV:ROUND', /no FILE: or DIR: in the variable ROUND/],
  ] as const) {
    it(`that are ${what} are told with file and line`, async () => {
      await assert.rejects(caOf(anchors), { code: 'ERR_KRB_CONF', message: says })
    })
  }

  it('that cannot be read are told to whoever asks a KDC, with the mend', async () => {
    const locator = krb5ConfLocator(conf('', 'http_anchors = FILE:/none.pem\n'))
    const transport = new NetworkKdcTransport({ locator })
    await assert.rejects(transport.exchange('A', Buffer.of(1)), (error: unknown) => {
      assert.ok(error instanceof KerberosError)
      assert.equal(error.code, 'ERR_KRB_KDC_UNREACHABLE')
      assert.match(error.message, /krb5\.conf:7: http_anchors .*ENOENT/)
      assert.doesNotMatch(error.mend, /port 88/)
      return true
    })
  })

  it('that cannot be are refused at once', () => {
    for (const text of ['PKCS11:x', '/etc/ca.pem', 'FILE:', 'file:x']) {
      assert.throws(() => krb5ConfLocator(conf('', `http_anchors = ${text}\n`)), {
        code: 'ERR_KRB_CONF',
        message: /:7: http_anchors cannot be/,
      })
    }
  })

  it('that hold a broken certificate are refused, and read again when they are mended', async () => {
    const file = write('mended.pem', one.replace(/\n[A-Za-z0-9+/]/, '\nAAAA'))
    const locator = krb5ConfLocator(conf('', `http_anchors = FILE:${file}\n`))
    await assert.rejects(locator.locate('A'), { code: 'ERR_KRB_CONF' })
    write('mended.pem', one)
    const found = await locator.locate('A')
    assert.deepEqual(found[1], { via: 'https', url: 'https://p/KdcProxy', ca: one })
    assert.equal(await locator.locate('A'), found)
  })

  it('are not read for realms without KDC proxies', async () => {
    const text = '[realms]\nA = {\nkdc = a\nhttp_anchors = FILE:/none\n}\n'
    const found = await krb5ConfLocator(parseKrb5ConfText(text)).locate('A')
    assert.deepEqual(found, [{ via: 'direct', host: 'a', port: 88 }])
  })
})
