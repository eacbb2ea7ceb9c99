import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeManagedPassword,
  DirectoryError,
  readManagedAccount,
  type DirectoryEntry,
  type DirectorySearch,
  type SearchRequest,
} from '../../../src/directory/index.ts'
import { encodeManagedPassword } from '../../support/managed-password.ts'

const DAY_MS = 86_400_000
const CONTENT = { current: 'ab\ud800c', previous: '\udfffxy', queryMs: DAY_MS, unchangedMs: 9000 }
const BLOB = encodeManagedPassword(CONTENT)

/** Units of UTF-16 but NUL, lone surrogates among them. */
const password = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { minLength: 1, maxLength: 128 })
  .map((units) => String.fromCharCode(...units))

describe('decodeManagedPassword', () => {
  // MS-ADTS 2.2.19: offsets 16, 26 and 34 are what the fields' sizes make of them; the query interval begins on 8 octets.
  it('reads both passwords as they are, lone surrogates included, and both intervals', () => {
    assert.deepEqual(
      [BLOB.readUInt16LE(8), BLOB.readUInt16LE(10), BLOB.readUInt16LE(12)],
      [16, 26, 40],
    )
    assert.deepEqual(decodeManagedPassword(BLOB), {
      current: 'ab\ud800c',
      previous: '\udfffxy',
      queryIntervalMs: DAY_MS,
      unchangedIntervalMs: 9000,
    })
  })

  it('reads what was written, with and without a previous password', () => {
    fc.assert(
      fc.property(
        fc.record({
          current: password,
          previous: fc.option(password, { nil: undefined }),
          queryMs: fc.nat(),
          unchangedMs: fc.nat(),
        }),
        (content) => {
          const { current, previous, queryMs, unchangedMs } = content
          const blob = encodeManagedPassword(content)
          const intervals = { queryIntervalMs: queryMs, unchangedIntervalMs: unchangedMs }
          const before = previous === undefined ? {} : { previous }
          assert.deepEqual(decodeManagedPassword(blob), { current, ...before, ...intervals })
        },
      ),
    )
  })

  it('refuses every prefix and every longer blob', () => {
    for (let end = 0; end < BLOB.length; end += 1) {
      assert.throws(() => decodeManagedPassword(BLOB.subarray(0, end)), DirectoryError)
    }
    assert.throws(
      () => decodeManagedPassword(Buffer.concat([BLOB, Buffer.alloc(1)])),
      DirectoryError,
    )
    assert.throws(() => decodeManagedPassword(Buffer.alloc(4097)), /4097 octets long/)
  })

  it('reads or refuses what has been changed, and never crashes', () => {
    fc.assert(
      fc.property(fc.nat(BLOB.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(BLOB)
        changed[at] = (changed[at] ?? 0) ^ flip
        try {
          decodeManagedPassword(changed)
        } catch (error) {
          assert.ok(error instanceof DirectoryError)
          assert.ok(!error.message.includes('ab'))
        }
      }),
    )
  })

  for (const [what, at, value] of [
    ['another version', 0, 2],
    ['a reserved field in use', 2, 1],
    ['another length', 4, 1],
    ['another place of the current password', 8, 18],
    ['another place of the previous password', 10, 28],
    ['another place of the query interval', 12, 32],
    ['another place of the unchanged interval', 14, 40],
    ['an empty password', 16, 0],
    ['an empty previous password', 26, 0],
    ['something in the padding', 38, 1],
  ] as const) {
    it(`refuses ${what}`, () => {
      const changed = Buffer.from(BLOB)
      changed.writeUInt16LE(value, at)
      assert.throws(() => decodeManagedPassword(changed), { code: 'ERR_DIRECTORY_REPLY' })
    })
  }

  it('refuses a password without an end', () => {
    const changed = Buffer.from(BLOB)
    for (let at = 16; at < 40; at += 2) changed.writeUInt16LE(65, at)
    assert.throws(() => decodeManagedPassword(changed), /without an end/)
  })
})

const DN = 'CN=gmsa1,CN=Managed Service Accounts,DC=corp,DC=example'

function entry(name: string, ...blobs: readonly Uint8Array[]): DirectoryEntry {
  return {
    distinguishedName: DN,
    text: new Map([['samaccountname', [name]]]),
    binary: new Map([['msds-managedpassword', blobs]]),
  }
}

class FakeSearch implements DirectorySearch {
  asked: SearchRequest | undefined
  readonly #entries: readonly DirectoryEntry[]

  constructor(...entries: readonly DirectoryEntry[]) {
    this.#entries = entries
  }

  namingContext(): Promise<string> {
    return Promise.resolve('DC=corp,DC=example')
  }

  search(request: SearchRequest): Promise<readonly DirectoryEntry[]> {
    this.asked = request
    return Promise.resolve(this.#entries)
  }
}

describe('readManagedAccount', () => {
  it('finds the account by its name and reads its password', async () => {
    const search = new FakeSearch(entry('gmsa1$', BLOB))
    const account = await readManagedAccount(search, 'GMSA1$')
    assert.deepEqual([account.sAMAccountName, account.domain], ['gmsa1$', 'corp.example'])
    assert.equal(account.password.current, 'ab\ud800c')
    assert.equal(
      search.asked?.filter,
      '(&(objectClass=msDS-GroupManagedServiceAccount)(sAMAccountName=GMSA1$))',
    )
  })

  it('says how to allow it where the password may not be read', async () => {
    await assert.rejects(readManagedAccount(new FakeSearch(entry('gmsa1$')), 'gmsa1$'), {
      code: 'ERR_DIRECTORY_REFUSED',
      mend: /Set-ADServiceAccount gmsa1 -PrincipalsAllowed.*--name=gmsa1 /,
    })
  })

  it('refuses an unknown name, another’s entry and several passwords', async () => {
    const notFound = { code: 'ERR_DIRECTORY_NOT_FOUND' }
    await assert.rejects(readManagedAccount(new FakeSearch(), 'gmsa1$'), notFound)
    const other = new FakeSearch(entry('gmsa2$', BLOB))
    await assert.rejects(readManagedAccount(other, 'gmsa1$'), notFound)
    const two = new FakeSearch(entry('gmsa1$', BLOB, BLOB))
    await assert.rejects(readManagedAccount(two, 'gmsa1$'), { code: 'ERR_DIRECTORY_REPLY' })
  })
})
