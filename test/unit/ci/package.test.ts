/** The package on its own: what its README sends a reader to is in it. */

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('the package', () => {
  it('brings the pages about how it is used that README.md and they themselves link to', () => {
    const { files } = JSON.parse(read('package.json')) as { files: readonly string[] }
    const pages = new Set(
      [...read('README.md').matchAll(/\]\((native-notes\/[\w-]+\.\w+)/g)].map(([, to]) => to ?? ''),
    )
    assert.ok(pages.size > 10)
    for (const page of pages) {
      for (const [, to = ''] of read(page).matchAll(/\]\(([\w-]+\.\w+)[)#]/g))
        pages.add(`native-notes/${to}`)
    }
    assert.deepEqual(
      [...pages].filter((page) => !existsSync(join(ROOT, page))),
      [],
    )
    assert.deepEqual(
      [...pages].filter((page) => !files.includes(page.split('/')[0] ?? '')),
      [],
    )
  })
})
