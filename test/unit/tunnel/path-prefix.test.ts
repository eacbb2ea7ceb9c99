import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isPerhapsUnder, isPlainlyUnder } from '../../../src/tunnel/path-prefix.ts'

describe('isPlainlyUnder', () => {
  const yes = [
    '/public',
    '/public/',
    '/public/a.css',
    '/public/a?x=/../..',
    '/public/%C3%A4',
    '/public/.well-known/x',
  ]
  const no = [
    ...['/', '/publicity', '/Public/', '/x/public/', '//public/', '/public//x', '/public/../admin'],
    ...[
      '/public/..',
      '/public/%2e%2e/admin',
      '/public/%2E./admin',
      '/public/..%2fadmin',
      '/public\\..\\admin',
    ],
    ...[
      '/public/..;/admin',
      '/public/%5c../admin',
      '/public/%252e%252e/admin',
      '/public/%u002e',
      '/public/%00',
    ],
  ]
  for (const target of yes) {
    it(`takes ${target}`, () => {
      assert.equal(isPlainlyUnder(target, '/public'), true)
    })
  }
  for (const target of no) {
    it(`does not take ${target}`, () => {
      assert.equal(isPlainlyUnder(target, '/public'), false)
    })
  }

  it('takes with a slash at the end what lies below alone', () => {
    assert.deepEqual(
      ['/public', '/public/', '/public/x'].map((target) => isPlainlyUnder(target, '/public/')),
      [false, true, true],
    )
  })
})

describe('isPerhapsUnder', () => {
  const yes = [
    ...[
      '/admin',
      '/admin/',
      '/ADMIN/x',
      '//admin',
      '/./admin',
      '/x/../admin',
      '/x/%2e%2e/admin',
      '/%61dmin/',
    ],
    ...[
      '/x\\..\\admin',
      '/x/..;/admin',
      '/admin;v=1/x',
      '/%2561dmin',
      '/public/..%2fadmin',
      '/admin/../x',
    ],
  ]
  for (const target of yes) {
    it(`takes ${target}`, () => {
      assert.equal(isPerhapsUnder(target, '/admin'), true)
    })
  }
  for (const target of ['/', '/administrator', '/x/admin', '/?/admin']) {
    it(`does not take ${target}`, () => {
      assert.equal(isPerhapsUnder(target, '/admin'), false)
    })
  }
})

describe('the two together', () => {
  const segment = fc.constantFrom(
    'a',
    'b',
    'A',
    '.',
    '..',
    '',
    '%2e',
    '%2E%2e',
    '%61',
    ';x',
    'a;b',
    '%2f',
    '%5c',
    '\\',
  )
  const path = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`)

  it('agree: what is plainly under a path is perhaps under it', () => {
    fc.assert(
      fc.property(path, fc.constantFrom('/a', '/a/', '/a/b', '/'), (target, prefix) => {
        assert.ok(!isPlainlyUnder(target, prefix) || isPerhapsUnder(target, prefix))
      }),
    )
  })

  it('leave no door: what is plainly under one path is under no other path beside it', () => {
    fc.assert(
      fc.property(path, (target) => {
        assert.ok(!isPlainlyUnder(target, '/a') || !isPerhapsUnder(target, '/b'))
      }),
    )
  })
})
