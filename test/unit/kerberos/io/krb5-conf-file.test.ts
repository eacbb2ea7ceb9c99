import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { loadKrb5Conf } from '../../../../src/kerberos/io/index.ts'

describe('loadKrb5Conf', () => {
  let folder = ''
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, text)
    return path
  }
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-krb5conf-'))
    await mkdir(join(folder, 'd'))
    await mkdir(join(folder, 'd', 'folder'))
  })
  after(() => rm(folder, { recursive: true }))

  it('reads includes, and of a directory the files whose names fit, in order', async () => {
    for (const name of ['b', 'a.conf', 'c_1-x', '.hidden.conf', 'a.conf.bak', 'x~']) {
      await write(join('d', name), `[a]\nx = ${name}`)
    }
    const one = await write('one', '[a]\nx = one')
    const main = await write('main', `include ${one}\nincludedir ${join(folder, 'd')}\n`)
    const conf = await loadKrb5Conf(main)
    assert.deepEqual(conf.all('a', 'x'), ['one', 'a.conf', 'b', 'c_1-x'])
  })

  it('passes over files that do not exist as long as one does', async () => {
    const there = await write('there', '[a]\nx = 1')
    const missing = join(folder, 'missing')
    assert.deepEqual((await loadKrb5Conf([missing, there, there])).all('a', 'x'), ['1', '1'])
    await assert.rejects(loadKrb5Conf([missing]), { code: 'ERR_KRB_CONF', message: /ENOENT/ })
    await assert.rejects(loadKrb5Conf([]), { code: 'ERR_KRB_CONF' })
  })

  it('says where an include goes wrong', async () => {
    const huge = await write('huge', '')
    await truncate(huge, 2 ** 31)
    for (const [name, text, message] of [
      ['i1', `include ${folder}/none`, /i1:1: .*ENOENT/],
      ['i2', `\nincludedir ${folder}/none`, /i2:2: .*ENOENT/],
      ['i3', `include ${folder}/i3`, /too deep, or in a circle/],
      ['i4', `include ${folder}`, /i4:1: .*EISDIR/],
      ['i5', `include ${huge}`, /i5:1: .*too many/],
    ] as const) {
      const path = await write(name, text)
      await assert.rejects(loadKrb5Conf(path), { code: 'ERR_KRB_CONF', message })
    }
  })
})
