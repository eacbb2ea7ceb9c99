import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KerberosError } from '../../../../src/kerberos/errors.ts'
import {
  capathOf,
  kdcsOf,
  Krb5Conf,
  libdefaultsOf,
  parseBoolean,
  parseDurationMs,
  parseEtypes,
  parseKrb5Conf,
  parseKrb5ConfText,
  realmOfHost,
} from '../../../../src/kerberos/files/index.ts'

/** In the manner of a domain member as `realm join` leaves it. */
const MEMBER = `# a comment
; another
[libdefaults]
    default_realm = CORP.EXAMPLE
	dns_lookup_realm = false
    dns_lookup_kdc = true
    ticket_lifetime = 24h
    forwardable = yes
    clockskew = 120
    permitted_enctypes = aes256-cts-hmac-sha384-192 aes256-cts, rc4-hmac
    default_ccache_name = KEYRING:persistent:%{uid}

[realms]
CORP.EXAMPLE = {
        kdc = dc1.corp.example
        kdc = dc2.corp.example:1088
        admin_server = dc1.corp.example
        auth_to_local = RULE:[1:$1@$0](^.*@CORP\\.EXAMPLE$)s/@.*//
        pkinit_anchors = "FILE:/etc/a \\"b\\" # not a comment"
}
PARTNER.EXAMPLE =
{
    kdc = https://proxy.partner.example/KdcProxy
    v4_instance_convert = {
        mit = mit.edu
    }
}

[domain_realm]
.corp.example = CORP.EXAMPLE
corp.example = CORP.EXAMPLE
odd.corp.example = ODD.EXAMPLE
.lab.corp.example = LAB.EXAMPLE

[capaths]
A.EXAMPLE = {
    B.EXAMPLE = .
    D.EXAMPLE = B.EXAMPLE
    D.EXAMPLE = C.EXAMPLE
    E.EXAMPLE = B.EXAMPLE C.EXAMPLE
}
[libdefaults]
    canonicalize = on
`

describe('parseKrb5ConfText', () => {
  const conf = parseKrb5ConfText(MEMBER)

  it('reads sections that repeat, nested braces, quotes and values with # and =', () => {
    assert.deepEqual(conf.names(), ['libdefaults', 'realms', 'domain_realm', 'capaths'])
    assert.deepEqual(conf.names('realms'), ['CORP.EXAMPLE', 'PARTNER.EXAMPLE'])
    assert.equal(
      conf.first('realms', 'CORP.EXAMPLE', 'pkinit_anchors')?.text,
      'FILE:/etc/a "b" # not a comment',
    )
    assert.equal(
      conf.first('realms', 'CORP.EXAMPLE', 'auth_to_local')?.text,
      'RULE:[1:$1@$0](^.*@CORP\\.EXAMPLE$)s/@.*//',
    )
    assert.deepEqual(conf.all('realms', 'PARTNER.EXAMPLE', 'v4_instance_convert', 'mit'), [
      'mit.edu',
    ])
    assert.deepEqual(conf.all('realms', 'NOWHERE', 'kdc'), [])
    assert.equal(conf.first('libdefaults', 'default_realm')?.at, 'krb5.conf:4')
  })

  it('answers what a client asks', () => {
    assert.deepEqual(libdefaultsOf(conf), {
      defaultRealm: 'CORP.EXAMPLE',
      dnsLookupKdc: true,
      permittedEtypes: [20, 18],
      clockSkewMs: 120_000,
      ticketLifetimeMs: 86_400_000,
      forwardable: true,
      canonicalize: true,
      udpPreferenceLimit: undefined,
    })
    assert.deepEqual(kdcsOf(conf, 'CORP.EXAMPLE'), ['dc1.corp.example', 'dc2.corp.example:1088'])
    assert.deepEqual(kdcsOf(conf, 'corp.example'), [])
    assert.equal(libdefaultsOf(parseKrb5ConfText('')).defaultRealm, undefined)
    for (const [text, octets] of [
      ['1', 1],
      ['0', 0],
      ['1465', 1465],
      ['65535', 32_700],
    ] as const) {
      const limited = parseKrb5ConfText(`[libdefaults]\nudp_preference_limit = ${text}`)
      assert.equal(libdefaultsOf(limited).udpPreferenceLimit, octets)
    }
  })

  for (const [host, realm] of [
    ['corp.example', 'CORP.EXAMPLE'],
    ['iwa.corp.example', 'CORP.EXAMPLE'],
    ['IWA.Corp.Example.', 'CORP.EXAMPLE'],
    ['odd.corp.example', 'ODD.EXAMPLE'],
    ['a.odd.corp.example', 'ODD.EXAMPLE'],
    ['lab.corp.example', 'CORP.EXAMPLE'],
    ['a.b.lab.corp.example', 'LAB.EXAMPLE'],
    ['notcorp.example', undefined],
    ['', undefined],
  ] as const) {
    it(`says that ${host || 'nothing'} is of ${realm ?? 'no realm'}`, () => {
      assert.equal(realmOfHost(conf, host), realm)
    })
  }

  it('tells the way to another realm', () => {
    assert.deepEqual(capathOf(conf, 'A.EXAMPLE', 'B.EXAMPLE'), [])
    assert.deepEqual(capathOf(conf, 'A.EXAMPLE', 'D.EXAMPLE'), ['B.EXAMPLE', 'C.EXAMPLE'])
    assert.deepEqual(capathOf(conf, 'A.EXAMPLE', 'E.EXAMPLE'), ['B.EXAMPLE', 'C.EXAMPLE'])
    assert.equal(capathOf(conf, 'A.EXAMPLE', 'F.EXAMPLE'), undefined)
  })

  it('takes a byte order mark, CR LF and names of JavaScript’s own objects', () => {
    const text = '\uFEFF[__proto__]\r\nconstructor = a\r\n[libdefaults]\r\n  toString = ""\r\n'
    const read = parseKrb5ConfText(text)
    assert.deepEqual(read.all('__proto__', 'constructor'), ['a'])
    assert.deepEqual(read.all('libdefaults', 'toString'), [''])
    assert.deepEqual(read.all('libdefaults', 'valueOf'), [])
  })

  for (const [what, line, text] of [
    ['a relation before the first section', 1, 'a = b'],
    ['a section without ]', 1, '[realms'],
    ['a section without a name', 1, '[]'],
    ['text after a section', 1, '[realms] x'],
    ['a line that is neither', 2, '[a]\nkdc dc1'],
    ['a name with spaces', 2, '[a]\nk dc = b'],
    ['no name', 2, '[a]\n = b'],
    ['no value', 2, '[a]\nb =\nc = d'],
    ['no value at the end', 2, '[a]\nb =\n'],
    ['a } too many', 2, '[a]\n}'],
    ['a } that is missing', 3, '[a]\nb = {\n'],
    ['text after {', 3, '[a]\nb =\n{ c'],
    ['text after }', 3, '[a]\nb = {\n} c'],
    ['a { from nowhere', 2, '[a]\n{'],
    ['a section within braces', 3, '[a]\nb = {\n[c]'],
    ['a quote that does not end', 2, '[a]\nb = "c'],
    ['text after a quote', 2, '[a]\nb = "c" d'],
    ['a control character', 2, '[a]\nb = c\0d'],
    ['a module', 1, 'module /x.so:y'],
    ['a relative include', 1, 'include x.conf'],
    ['an include where none is read', 1, 'include /x.conf'],
    ['an include within braces', 3, '[a]\nb = {\ninclude /x.conf'],
    ['too many braces', 10, `[a]\n${'b = {\n'.repeat(9)}`],
  ] as const) {
    it(`refuses ${what} and names line ${line}`, () => {
      assert.throws(() => parseKrb5ConfText(text, 'f'), {
        code: 'ERR_KRB_CONF',
        message: new RegExp(`^f:${line}: `),
        mend: /krb5\.conf\(5\)/,
      })
    })
  }

  for (const [name, value] of [
    ['dns_lookup_kdc', 'perhaps'],
    ['clockskew', 'long'],
    ['udp_preference_limit', '-1'],
    ['permitted_enctypes', 'des-cbc-crc rc4-hmac'],
  ] as const) {
    it(`refuses ${name} = ${value}`, () => {
      const odd = parseKrb5ConfText(`[libdefaults]\n${name} = ${value}`, 'f')
      assert.throws(() => libdefaultsOf(odd), {
        code: 'ERR_KRB_CONF',
        message: new RegExp(`^f:2: ${name} cannot be "${value}"`),
      })
    })
  }

  it('gives a configuration or its own error for any text, in bounded time', () => {
    const words = [
      '[a]',
      '[b]*',
      'c = d',
      'c* = "e',
      'f = {',
      'g =',
      '{',
      '}',
      '}*',
      '# h',
      '\t',
      '"',
    ]
    const line = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 12 }))
    const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join('\n'))
    const readOrRefuse = (one: string): void => {
      try {
        const read = parseKrb5ConfText(one)
        for (const name of read.names()) read.all(name, 'c')
      } catch (error) {
        assert.ok(error instanceof KerberosError && error.code === 'ERR_KRB_CONF')
      }
    }
    fc.assert(fc.property(text, readOrRefuse), { numRuns: 500 })
    for (let end = 0; end < MEMBER.length; end++) readOrRefuse(MEMBER.slice(0, end))
    for (const unit of ['[', '{\n', 'a = {\n', '"', ' ', '\\', '=', 'a=b\n', '}*\n']) {
      readOrRefuse(unit.repeat(100_000))
      readOrRefuse(`[a]\n${unit.repeat(100_000)}`)
    }
    assert.equal(realmOfHost(parseKrb5ConfText(''), 'a.'.repeat(100_000)), undefined)
  })

  it('comes back when it is written out', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/)
    const value = fc.string({ maxLength: 12 }).filter((text) => !/[^\P{Cc}\t]/u.test(text))
    const relations = fc.array(fc.tuple(name, value), { maxLength: 5 })
    const quote = (text: string): string =>
      `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\t', '\\t')}"`
    fc.assert(
      fc.property(fc.array(fc.tuple(name, relations), { maxLength: 4 }), (realms) => {
        const text = realms.map(([realm, list]) =>
          [`${realm} = {`, ...list.map(([key, one]) => `${key} = ${quote(one)}`), '}'].join('\n'),
        )
        const read = parseKrb5ConfText(['[realms]', ...text].join('\n'))
        for (const [realm] of realms) {
          const all = realms.filter(([other]) => other === realm).flatMap(([, list]) => list)
          for (const [key] of all) {
            const wanted = all.filter(([other]) => other === key).map(([, one]) => one)
            assert.deepEqual(read.all('realms', realm, key), wanted)
          }
        }
      }),
    )
  })
})

describe('parseKrb5Conf', () => {
  const parse = (files: Readonly<Record<string, string>>): Krb5Conf => {
    const parser = parseKrb5Conf({ name: '/main', text: files['/main'] ?? '' })
    let step = parser.next()
    while (step.done !== true) {
      const { path } = step.value
      const names = Object.keys(files).filter((name) => name.startsWith(path))
      step = parser.next(names.map((name) => ({ name, text: files[name] ?? '' })))
    }
    return step.value
  }

  it('takes comments where MIT’s library takes any text: after a brace and after a closing quote', () => {
    const conf = parseKrb5ConfText(
      '[realms]\nA =\n{ # of A\nkdc = "a" ; the first\nkdc = "b"# c\n} # end of A\nB* = {\n}* ; final\n',
    )
    assert.deepEqual(conf.all('realms', 'A', 'kdc'), ['a', 'b'])
    assert.deepEqual(conf.names('realms'), ['A', 'B'])
  })

  it('keeps its limits where they are given as undefined', () => {
    const none = { maxLength: undefined, maxNesting: undefined, maxFiles: undefined }
    const nested = `[a]\n${'b = {\n'.repeat(9)}${'}\n'.repeat(9)}`
    for (const text of [nested, '\n'.repeat(1_048_577)]) {
      assert.throws(() => parseKrb5Conf({ name: 'k', text }, none).next(), KerberosError)
    }
  })

  it('puts includes where they stand, each beginning outside of all sections', () => {
    const conf = parse({
      '/main': '[a]\nx = 1\ninclude /one\nx = 4\nincludedir /d/\n',
      '/one': '[a]\nx = 2\n[b]\ny = 3',
      '/d/1': '[a]\nx = 5',
      '/d/2': '[a]\nx = 6',
    })
    assert.deepEqual(conf.all('a', 'x'), ['1', '2', '4', '5', '6'])
    assert.deepEqual(conf.all('b', 'y'), ['3'])
    assert.throws(() => parse({ '/main': '[a]\ninclude /one', '/one': 'x = 1' }), {
      message: /^\/one:1: /,
    })
  })

  it('ends circles, and takes a bounded number of files', () => {
    assert.throws(() => parse({ '/main': 'include /main' }), { code: 'ERR_KRB_CONF' })
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`/d/${i}`, '']))
    assert.throws(() => parse({ '/main': 'includedir /d/', ...wide }), {
      code: 'ERR_KRB_CONF',
      message: /more than 256 files/,
    })
    const long = ' '.repeat(1_048_577)
    assert.throws(() => parseKrb5ConfText(long), { code: 'ERR_KRB_CONF' })
  })

  it('joins files; what is final in one stays as it is', () => {
    const one = '[a]\nx* = 1\ny = 1\n[b]*\nz = 1\n[c]\nd = {\ne = 1\n}*\n'
    const two = '[a]\nx = 2\ny = 2\n[b]\nz = 2\n[c]\nd = {\ne = 2\n}\nf = 2\n'
    const conf = Krb5Conf.join([parseKrb5ConfText(one), parseKrb5ConfText(two)])
    assert.deepEqual(conf.all('a', 'x'), ['1'])
    assert.deepEqual(conf.all('a', 'y'), ['1', '2'])
    assert.deepEqual(conf.all('b', 'z'), ['1'])
    assert.deepEqual(conf.all('c', 'd', 'e'), ['1'])
    assert.deepEqual(conf.all('c', 'f'), ['2'])
  })
})

/** Once tried in every split of its spaces: hours. */
const LONG_GAP = `1d${' '.repeat(16_000)}x`

describe('values of krb5.conf', () => {
  for (const [text, seconds] of [
    ['36000', 36_000],
    ['10h', 36_000],
    ['1d 2h 3m 4s', 93_784],
    ['1d2h3m4s', 93_784],
    ['5m', 300],
    ['1d \t 5s', 86_405],
    ['1:30', 5400],
    ['01:02:03', 3723],
    ['1-02:03:04', 93_784],
    ['0', 0],
  ] as const) {
    it(`reads the duration ${text}`, () => {
      assert.equal(parseDurationMs(text), seconds * 1000)
    })
  }
  for (const text of [
    '',
    'x',
    '-1',
    '1.5h',
    '4s 3m',
    '1:2:3:4',
    '10 h',
    '9'.repeat(13),
    LONG_GAP,
  ]) {
    it(`takes ${JSON.stringify(text.slice(0, 20))} for no duration`, () => {
      assert.equal(parseDurationMs(text), undefined)
    })
  }

  it('reads yes and no', () => {
    for (const yes of ['y', 'Yes', 'TRUE', 't', '1', 'on']) assert.equal(parseBoolean(yes), true)
    for (const no of ['n', 'No', 'false', 'nil', '0', 'off']) assert.equal(parseBoolean(no), false)
    assert.equal(parseBoolean('maybe'), undefined)
  })

  it('reads lists of encryption types, without those we do not speak', () => {
    assert.deepEqual(parseEtypes('aes256-cts aes128-cts-hmac-sha256-128'), [18, 19])
    assert.deepEqual(parseEtypes('aes'), [18, 17, 20, 19])
    assert.deepEqual(parseEtypes('DEFAULT -aes128-sha1 -aes128-sha2 +rc4'), [20, 18])
    assert.deepEqual(parseEtypes('rc4-hmac, des3-cbc-sha1 camellia'), [])
  })
})

describe('blank lines', () => {
  // Found by fuzzing: every one of them was taken apart as if something stood in it.
  it('are passed over, however many, and counted', () => {
    const blank = '\n'.repeat(60_000)
    const conf = parseKrb5ConfText(`[realms]\nA =${blank}{${blank}kdc = b\r\n\r\n}${blank}`)
    assert.deepEqual(conf.all('realms', 'A', 'kdc'), ['b'])
    assert.throws(() => parseKrb5ConfText(`${blank}x`), /krb5\.conf:60001/)
  })
})
