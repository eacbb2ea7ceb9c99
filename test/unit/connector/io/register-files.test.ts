import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readRegistration, registrationFiles } from '../../../../src/connector/io/index.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-register-'))
const record = {
  ...{ address: 'gw.example:8444', serverName: 'gw.example', id: 'i', group: 'g', name: 'n' },
  ...{ key: 'KEY', cert: 'CERT', ca: 'CA' },
}
let directories = 0

async function registered(): Promise<string> {
  const directory = join(root, `${(directories += 1)}`)
  const files = registrationFiles(directory)
  await files.prepare(false)
  await files.save(record, false)
  return directory
}

after(() => {
  rmSync(root, { recursive: true })
})

describe('readRegistration', () => {
  it('reads what was saved', async () => {
    assert.deepEqual(await readRegistration(await registered()), record)
  })

  it('says that nothing is registered, and how to', async () => {
    await assert.rejects(readRegistration(join(root, 'nowhere')), {
      code: 'ERR_CONNECTOR_NOT_REGISTERED',
      mend: /connector register/,
    })
  })

  it('says when a file is missing or damaged', async () => {
    for (const name of ['connector.key', 'connector.crt', 'gateway-ca.crt', 'connector.json']) {
      const directory = await registered()
      unlinkSync(join(directory, name))
      const expected = { code: 'ERR_CONNECTOR_REGISTRATION_DAMAGED' }
      await assert.rejects(readRegistration(directory), expected)
    }
    const directory = await registered()
    for (const text of ['', '{', '{}', '[]', 'null']) {
      writeFileSync(join(directory, 'connector.json'), text)
      const expected = { code: 'ERR_CONNECTOR_REGISTRATION_DAMAGED' }
      await assert.rejects(readRegistration(directory), expected)
    }
  })
})

describe('registrationFiles', () => {
  it('refuses a directory that holds any file of a registration', async () => {
    const directory = await registered()
    unlinkSync(join(directory, 'connector.json'))
    await assert.rejects(registrationFiles(directory).prepare(false), {
      code: 'ERR_CONNECTOR_REGISTERED',
      mend: /--force/,
    })
    await registrationFiles(directory).prepare(true)
  })

  it('refuses a path that is no directory', async () => {
    const path = join(root, 'file')
    writeFileSync(path, '')
    await assert.rejects(registrationFiles(path).prepare(false), { code: 'ERR_PKI_STATE' })
  })
})
