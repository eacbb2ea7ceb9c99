import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { UrlTranslator } from '../../../src/gateway/url-translation.ts'
import { testConfig } from '../../support/gateway/world.ts'

const [app, wiki] = testConfig().apps
assert.ok(app && wiki)
const internal = new UrlTranslator(app, [app, wiki])
const external = new UrlTranslator(wiki, [app, wiki])

describe('UrlTranslator, outwards', () => {
  for (const [from, to] of [
    ['http://app.corp.example/a?b#c', 'https://app.example/a?b#c'],
    ['HTTP://APP.corp.example:80/a', 'https://app.example/a'],
    ['http://app.corp.example', 'https://app.example'],
    ['http://app.corp.example?x', 'https://app.example?x'],
    ['//app.corp.example/a', '//app.example/a'],
    // A redirect to another published app.
    ['http://wiki.corp.example/page', 'https://wiki.example/page'],
    // The backend believes that it is spoken to without TLS.
    ['http://app.example/a', 'https://app.example/a'],
    // Left alone.
    ['/a//b', '/a//b'],
    ['a/b', 'a/b'],
    ['http://app.corp.example:8080/a', 'http://app.corp.example:8080/a'],
    ['http://app.corp.example.evil.example/', 'http://app.corp.example.evil.example/'],
    ['http://app.corp.example@evil.example/', 'http://app.corp.example@evil.example/'],
    ['http://user@app.corp.example/', 'http://user@app.corp.example/'],
    ['/go?to=http://app.corp.example/', '/go?to=http://app.corp.example/'],
    ['https://app.corp.example/', 'https://app.corp.example/'],
    ['https://app.example/x', 'https://app.example/x'],
    ['', ''],
  ] as const) {
    it(`makes '${from}' '${to}'`, () => {
      assert.equal(internal.outward(from), to)
    })
  }

  for (const [from, to] of [
    ['<http://app.corp.example/a>; rel=preload', '<https://app.example/a>; rel=preload'],
    [
      '</a>; rel=x, <http://wiki.corp.example/b>; rel=y,<//app.corp.example/c>',
      '</a>; rel=x, <https://wiki.example/b>; rel=y,<//app.example/c>',
    ],
    ['http://app.corp.example/a', 'http://app.corp.example/a'],
    ['<http://app.corp.example/a', '<http://app.corp.example/a'],
    ['</a>; title="<http://app.corp.example/>"', '</a>; title="<http://app.corp.example/>"'],
    ['', ''],
  ] as const) {
    it(`makes the links '${from}' '${to}'`, () => {
      assert.equal(internal.outwardLink(from), to)
    })
  }

  for (const [from, to] of [
    ['5; url=http://app.corp.example/next', '5; url=https://app.example/next'],
    ['0;URL="http://app.corp.example/next"', '0;URL="https://app.example/next"'],
    ['5', '5'],
    ['5; url=/next', '5; url=/next'],
    [" 5 ; url = 'http://app.corp.example/'  ", " 5 ; url = 'https://app.example/'"],
    ['5, url="http://app.corp.example/next', '5, url="https://app.example/next'],
    ['5; url="', '5; url="'],
    ['5; url=http://app.corp.example/"', '5; url=https://app.example/"'],
    // Every split of the spaces was once tried: hours for a field of this length.
    [`5;${' '.repeat(16_000)}`, `5;${' '.repeat(16_000)}`],
    [`${' '.repeat(16_000)}5`, `${' '.repeat(16_000)}5`],
  ] as const) {
    it(`makes Refresh '${from.trim()}' '${to.trim()}'`, () => {
      assert.equal(internal.outwardRefresh(from), to)
    })
  }

  it('changes nothing but the origin', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        const rest = `${path}?${query}`
        assert.equal(
          internal.outward(`http://app.corp.example${rest}`),
          `https://app.example${rest}`,
        )
      }),
    )
  })
})

describe('UrlTranslator, inwards', () => {
  it('turns the external origin into the internal one', () => {
    assert.equal(internal.inward('https://app.example'), 'http://app.corp.example')
    assert.equal(internal.inward('https://app.example:443/a'), 'http://app.corp.example/a')
    assert.equal(internal.inward('null'), 'null')
    assert.equal(internal.inward('https://wiki.example/'), 'https://wiki.example/')
  })

  it('leaves addresses alone where the backend is told the external host', () => {
    assert.equal(external.inward('https://wiki.example/a'), 'https://wiki.example/a')
  })

  it('undoes the translation outwards', () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        const address = `http://app.corp.example${path}`
        assert.equal(internal.inward(internal.outward(address)), address)
      }),
    )
  })
})
