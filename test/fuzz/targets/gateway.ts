/** What browsers and backends may send through the gateway: cookies, fields, addresses, claims. */

import { Apps, type AppRoute } from '../../../src/gateway/index.ts'
import {
  isOwnTarget,
  queryOf,
  safeReturn,
  signInTarget,
} from '../../../src/gateway/browser-request.ts'
import { ownCookies, sessionCookieOf, withoutOwnCookies } from '../../../src/gateway/cookies.ts'
import { IDENTITY_FIELDS, IDENTITY_PREFIXES } from '../../../src/gateway/header-names.ts'
import { hopFieldsFor, takesTrailers } from '../../../src/gateway/hop-fields.ts'
import { negotiateToken } from '../../../src/gateway/negotiate.ts'
import { claimsOf, textClaim, textsClaim } from '../../../src/gateway/oidc.ts'
import { outwardCookie } from '../../../src/gateway/response-cookies.ts'
import { requestFields } from '../../../src/gateway/request-fields.ts'
import { responseFields } from '../../../src/gateway/response-fields.ts'
import { unseal, seal } from '../../../src/gateway/seal.ts'
import { createSessionCookie, parseSessionCookie } from '../../../src/gateway/session-cookie.ts'
import { SignInStates } from '../../../src/gateway/sign-in-state.ts'
import { unsignedToken } from '../../support/gateway/fake-provider.ts'
import { testConfig } from '../../support/gateway/world.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { repeatableRandom } from '../random.ts'
import { octetTarget, textTarget, type Target } from '../target.ts'
import { CAPABILITY, foldName } from '../../../src/tunnel/index.ts'

const random = repeatableRandom('gateway')
const OWN = '__Host-sallyport'

function routeOf(host: string): AppRoute {
  const route = new Apps(testConfig().apps).find(host)
  if (!route) throw new RangeError(`no app at ${host}`)
  return route
}
const KERBEROS = routeOf('app.example')
const OPEN = routeOf('open.example')

const sessionCookie = textTarget({
  name: 'gateway/session-cookie',
  encoding: 'latin1',
  seeds: [createSessionCookie(random).value],
  words: ['-', '_', '=', '+', '\n'],
  decode: parseSessionCookie,
  check: (cookie) =>
    cookie === undefined || cookie.key.length === 32 ? undefined : 'a key of another length',
})

const COOKIE_WORDS = [
  ...[OWN, `${OWN}=`, `${OWN}-tx-1.aaaaaaaaaaa=`, '__host-SALLYPORT=', ';', '; ', '=', ' ', '\t'],
  ...['"', ',', '\u00a0', '\u0000', 'a=b', '$Version=1'],
]

/** Whether a lax backend could take a cookie of ours out of a Cookie field. */
function holdsOwn(field: string): boolean {
  return field.split(';').some((pair) => {
    const name = (pair.split('=')[0] ?? '').trim().toLowerCase()
    return name === OWN.toLowerCase() || name.startsWith(`${OWN.toLowerCase()}-tx-`)
  })
}

const cookieField = textTarget({
  name: 'gateway/cookie-field',
  encoding: 'latin1',
  // The listener's limit for a whole head.
  maxOctets: 32_768,
  seeds: [`a=b; ${OWN}=${'x'.repeat(64)}; c=d`, `${OWN}-tx-1.aaaaaaaaaaa=zz`, 'plain=1'],
  words: COOKIE_WORDS,
  decode: (field) => ({
    own: ownCookies(field),
    session: sessionCookieOf(field),
    rest: withoutOwnCookies(field),
  }),
  check: ({ rest }) => (holdsOwn(rest) ? 'a cookie of ours is left' : undefined),
})

/** How a browser sends a cookie back (RFC 6265bis section 5.6), undefined where it refuses it. */
function sentBack(setCookie: string): string | undefined {
  const [pair = ''] = setCookie.split(';')
  const controls = Buffer.from(pair).some((octet) => octet < 0x20 && octet !== 0x09)
  if (controls || pair.includes('\u007f')) return undefined
  const equals = pair.indexOf('=')
  const name = equals < 0 ? '' : pair.slice(0, equals).trim()
  const value = pair.slice(equals + 1).trim()
  return name === '' ? value : `${name}=${value}`
}

const setCookie = textTarget({
  name: 'gateway/set-cookie',
  encoding: 'latin1',
  seeds: [
    'a=b; Path=/; Domain=.corp.example; HttpOnly',
    `${OWN}=x; Secure`,
    'c=d; Domain=app.example; SameSite=None; Expires=Wed, 21 Oct 2037 07:28:00 GMT',
    `=${OWN}=x`,
  ],
  words: [...COOKIE_WORDS, 'Domain=', 'domain=app.example', 'Secure', '=='],
  decode: (value) => outwardCookie(value, 'app.example'),
  check: (value) => {
    if (value === undefined) return undefined
    if (holdsOwn(sentBack(value) ?? '')) return 'a cookie of ours would come back'
    return /;\s*secure\s*(?:;|=|$)/i.test(value) ? undefined : 'without Secure'
  },
})

const FIELD = '\u001e'
const VALUE = '\u001f'

/** No head has more: the listener's and the tunnel's limit. */
const MAX_FIELDS = 256

/** Fields as one text: name, unit separator, value; record separators between. */
function fieldsOf(text: string): string[] {
  return text.split(FIELD, MAX_FIELDS).flatMap((field) => {
    const at = field.indexOf(VALUE)
    return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)]
  })
}

function textOf(fields: readonly string[]): string {
  const pairs: string[] = []
  for (let at = 0; at < fields.length; at += 2) {
    pairs.push(`${fields[at] ?? ''}${VALUE}${fields[at + 1] ?? ''}`)
  }
  return pairs.join(FIELD)
}

const REQUEST_FIELDS = [
  ...['Host', 'app.example', 'Connection', 'keep-alive, X-Drop', 'X-Drop', '1'],
  ...['Cookie', `a=b; ${OWN}=x`, 'Authorization', 'Negotiate YII=', 'Content-Length', '5'],
  ...['Referer', 'https://app.example/x', 'X_Forwarded-For', '1.2.3.4', 'Accept', '*/*'],
]
const FIELD_WORDS = [
  ...[FIELD, VALUE, `${FIELD}Connection${VALUE}`, `${FIELD}X-Forwarded-For${VALUE}`],
  ...[`${FIELD}Authorization${VALUE}Negotiate `, `${FIELD}Transfer-Encoding${VALUE}chunked`],
  ...[`${FIELD}Cookie${VALUE}`, `${FIELD}Set-Cookie${VALUE}`, `${FIELD}Content-Length${VALUE}`],
  ...['\r\n', '\0', ',', ' ', '_', '-', '.', 'https://app.example', 'close', '\u00a0', '\u212a'],
  ...[
    `${FIELD}Remote_User${VALUE}x`,
    `${FIELD}WWW-Authenticate${VALUE}`,
    `${FIELD}Refresh${VALUE}`,
  ],
]

function isForbidden(name: string): boolean {
  const folded = foldName(name)
  return (
    ['authorization', 'transfer-encoding', 'content-length', 'connection', 'upgrade'].includes(
      folded,
    ) ||
    IDENTITY_FIELDS.includes(folded) ||
    IDENTITY_PREFIXES.some((prefix) => folded.startsWith(prefix))
  )
}

/** Names and values of a flat list that break a rule; `ours` at its end are left out. */
function faultIn(fields: readonly string[], isBad: (name: string) => boolean): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? ''
    const value = fields[at + 1] ?? ''
    if (/[\0\r\n]/.test(name + value)) return 'a field holds CR, LF or NUL'
    if (isBad(name)) return `${name} was passed on`
  }
  return undefined
}

const from = { clientAddress: '192.0.2.7', requestId: 'r-1' }

function requestTarget(name: string, route: AppRoute): Target {
  return textTarget({
    name: `gateway/${name}`,
    encoding: 'latin1',
    seeds: [textOf(REQUEST_FIELDS), textOf(['Transfer-Encoding', 'chunked', 'Range', 'bytes=0-1'])],
    words: FIELD_WORDS,
    decode: (text) => requestFields(fieldsOf(text), route, from),
    check: ({ headers }) => {
      if (headers[0] !== 'Host' || headers[1] !== route.backendHost) return 'another Host'
      const passed = headers.slice(2, -8)
      const isLeak = (value: string, at: number) =>
        at % 2 === 1 && foldName(passed[at - 1] ?? '') === 'cookie' && holdsOwn(value)
      if (passed.some(isLeak)) return 'a cookie of ours was passed on'
      return faultIn(
        passed,
        (field) => isForbidden(field) && (route.kerberos || foldName(field) !== 'authorization'),
      )
    },
  })
}

const RESPONSE_FIELDS = [
  ...[
    'Content-Type',
    'text/html',
    'Set-Cookie',
    'a=b; Domain=.corp.example',
    'Connection',
    'close',
  ],
  ...['Location', 'http://app.corp.example/x', 'WWW-Authenticate', 'Negotiate, Basic realm="a, b"'],
  ...['Refresh', '5; url="http://app.corp.example/"', 'Content-Length', '12', 'Keep-Alive', 'x'],
]
const RESPONSE_WORDS = [...FIELD_WORDS, 'url=', ' ', '"', "'", ';', 'Negotiate', 'NTLM ', 'realm="']

function responseTarget(name: string, route: AppRoute): Target {
  return textTarget({
    name: `gateway/${name}`,
    encoding: 'latin1',
    seeds: [textOf(RESPONSE_FIELDS), textOf(['Set-Cookie', `${OWN}=x`, 'Alt-Svc', 'h3=":443"'])],
    words: RESPONSE_WORDS,
    decode: (text) => responseFields({ status: 200, headers: fieldsOf(text) }, route),
    check: ({ headers }) => {
      const bad = ['connection', 'transfer-encoding', 'alt-svc', 'keep-alive', 'upgrade']
      if (route.kerberos) bad.push('www-authenticate')
      return faultIn(headers, (field) => bad.includes(field.toLowerCase()))
    },
  })
}

const URL_WORDS = [
  ...[
    '//',
    '/',
    ':',
    '@',
    '\\',
    'http:',
    'https:',
    ':443',
    ':80',
    '?',
    '#',
    'url=',
    ' ',
    '\t',
    '"',
  ],
  ...["'", ';', ',', '5;url=', 'app.corp.example', 'APP.corp.example', '\u0000', '.'],
]
const ADDRESSES = [
  ...[
    'http://app.corp.example/a?b#c',
    '//app.corp.example/x',
    '/relative',
    'HTTPS://App.Example:443',
  ],
  ...['http://user@app.corp.example/', 'mailto:a@b', 'http://wiki.corp.example:80/x'],
]

function addressTarget(name: string, translate: (value: string) => string): Target {
  return textTarget({
    name: `gateway/${name}`,
    encoding: 'latin1',
    seeds: [...ADDRESSES, ...ADDRESSES.map((address) => `5; url="${address}"`)],
    words: URL_WORDS,
    decode: (value) => translate(value),
    check: (value, input) =>
      value.length <= input.length + 64 ? undefined : 'the address grew by more than an origin',
  })
}

/** Many addresses in one field, each of which may grow. */
const linkField = textTarget({
  name: 'gateway/link-field',
  encoding: 'latin1',
  seeds: [
    '<http://app.corp.example/a.css>; rel=preload, </b>; rel="x, <y>"',
    '<//app.corp.example>',
  ],
  words: [...URL_WORDS, '<', '>', ', <', '>; rel=', ',<', '<a', '<http://app.corp.example>'],
  decode: (value) => translator.outwardLink(value),
  check: (value, input) =>
    value.split('<').length === input.split('<').length ? undefined : 'another number of brackets',
})

const returnTo = textTarget({
  name: 'gateway/return-address',
  encoding: 'latin1',
  seeds: ['/a?b=c', '//evil.example/', '/.sallyport/callback', '/\\evil', '/a/../..//b'],
  words: ['/', '\\', '.sallyport', '%2f', '?', '#', '\t', '//', '@', ':'],
  decode: safeReturn,
  check: (path, input) => {
    const url = new URL(`https://app.example${path}`)
    if (url.origin !== 'https://app.example') return 'it leads to another origin'
    return queryOf(signInTarget(input)).get('to') === path ? undefined : 'it is not kept'
  },
})

const ownTarget = textTarget({
  name: 'gateway/own-target',
  encoding: 'latin1',
  seeds: ['/.sallyport/x', '/.sallyport?', '/a'],
  words: ['/', '.', '%2e', '?', '.sallyport'],
  decode: isOwnTarget,
})

const claims = textTarget({
  name: 'gateway/id-token',
  seeds: [unsignedToken({ sub: 'a', upn: 'a@b', groups: ['x', 'y'], exp: 1 }), 'a.e30.', 'a.W10.b'],
  words: ['.', 'e30', 'bnVsbA', 'W10', '=', '-'],
  decode: (idToken) => {
    const found = claimsOf(idToken) ?? {}
    return { upn: textClaim(found, 'upn'), groups: textsClaim(found, 'groups') }
  },
  isRefusal: () => false,
})

const by = { key: random.bytes(32), label: 'fuzz' }
const BOX = seal(Buffer.from('secret'), by, random)

const box = octetTarget({
  name: 'gateway/sealed-box',
  seeds: [BOX],
  refusesPrefixes: false,
  decode: (octets) => unseal(octets, by),
  check: (opened, octets) =>
    opened === undefined || Buffer.compare(octets, BOX) === 0 ? undefined : 'a changed box opened',
  isRefusal: () => false,
})

const states = new SignInStates(new ManualClock(), random)
const begun = states.begin('app.example', { returnTo: '/a', forced: false }, '')
const BEGUN_COOKIE = (begun.cookies[1] ?? '').split(';')[0] ?? ''

const signIn = textTarget({
  name: 'gateway/sign-in-cookie',
  encoding: 'latin1',
  seeds: [BEGUN_COOKIE, `x=y; ${BEGUN_COOKIE}`],
  words: COOKIE_WORDS,
  decode: (cookie) => states.recall('app.example', begun.pending.state, cookie),
  check: (recalled) =>
    recalled === undefined || recalled.pending.nonce === begun.pending.nonce
      ? undefined
      : 'another sign-in was recalled',
  isRefusal: () => false,
})

const apps = new Apps(testConfig().apps)
const host = textTarget({
  name: 'gateway/host-field',
  encoding: 'latin1',
  seeds: ['app.example', 'APP.example:443', 'app.example.', 'app.localhost:8443'],
  words: ['.', ':443', ':', '@', '\u0000', '\u212a'],
  decode: (value) => apps.find(value)?.app.id,
  isRefusal: () => false,
})

const { translator } = KERBEROS

/** Lists in fields that are for one hop, and the challenge that a browser answers. */
const lists = textTarget({
  name: 'gateway/lists',
  encoding: 'latin1',
  seeds: ['gzip, trailers', 'X-Sum, Content-Length', 'Negotiate YII='],
  words: [',', ', ', ' ', 'trailers', 'Negotiate ', '=', ';q=0.5', '"'],
  decode: (value) => ({
    hop: hopFieldsFor(
      { takesTrailers: takesTrailers(value), trailer: value, expectsContinue: false },
      undefined,
      [CAPABILITY.TRAILERS],
    ),
    token: negotiateToken(value),
  }),
  check: ({ hop }) => faultIn(hop, (name) => foldName(name) === 'content-length'),
})

export const GATEWAY_TARGETS: readonly Target[] = [
  ...[sessionCookie, cookieField, setCookie, signIn, box, claims, host, returnTo, ownTarget],
  ...[requestTarget('request-kerberos', KERBEROS), requestTarget('request-open', OPEN)],
  ...[responseTarget('response-kerberos', KERBEROS), responseTarget('response-open', OPEN)],
  addressTarget('address-outward', (value) => translator.outward(value)),
  addressTarget('address-inward', (value) => translator.inward(value)),
  addressTarget('refresh-field', (value) => translator.outwardRefresh(value)),
  linkField,
  lists,
]
