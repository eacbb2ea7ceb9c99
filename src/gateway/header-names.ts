/**
 * What happens to each request and response field. Names are compared folded: lower case, and everything but letters
 * and digits as '-', because CGI, WSGI and IIS give `X_Remote_User`, `x.remote.user` and `X-Remote-User` to an
 * application under one name.
 *
 * @module
 */

import { foldName } from '../tunnel/index.ts'

/** RFC 9110 section 7.6.1, and the older fields that proxies must not pass on. */
export const HOP_BY_HOP_FIELDS: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]

/**
 * Fields by which products tell a backend who the user is, how he came, or which URL is meant. A client may not say
 * such things: they are taken out of every request, passthrough apps included. Folded.
 */
export const IDENTITY_FIELDS: readonly string[] = [
  'auth-user',
  'authenticated-user',
  'client-ip',
  'cf-connecting-ip',
  'forwarded',
  'front-end-https',
  'iv-creds',
  'iv-groups',
  'iv-user',
  'logon-user',
  'remote-addr',
  'remote-email',
  'remote-groups',
  'remote-name',
  'remote-user',
  'sm-universalid',
  'sm-user',
  'sm-userdn',
  'true-client-ip',
  'user-principal-name',
  'webauth-user',
  'x-arr-clientcert',
  'x-arr-ssl',
  'x-client-cert',
  'x-client-dn',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-email',
  'x-groups',
  'x-host',
  'x-iisnode-auth-user',
  'x-logon-user',
  'x-original-host',
  'x-original-url',
  'x-proxy-user',
  'x-real-ip',
  'x-request-id',
  'x-rewrite-url',
  'x-scheme',
  'x-sso-user',
  'x-url-scheme',
  'x-user',
  'x-user-email',
  'x-username',
  'x-webauth-user',
]

/** The same, by how the folded name begins. */
export const IDENTITY_PREFIXES: readonly string[] = [
  'cf-access-',
  'oidc-',
  'remote-user-',
  'ssl-client-',
  'x-amzn-oidc-',
  'x-auth-',
  'x-authenticated-',
  'x-envoy-',
  'x-forwarded',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-ms-client-principal',
  'x-ms-proxy',
  'x-ms-token-',
  'x-original-forwarded-',
  'x-pomerium-',
  'x-remote-',
  'x-sallyport-',
  'x-ssl-',
  'x-webauth-',
]

/** What is done with a request field. */
export type RequestAction =
  | 'keep'
  | 'drop'
  | 'refuse'
  | 'host'
  | 'cookie'
  | 'authorization'
  | 'connection'
  | 'content-length'
  | 'transfer-encoding'
  | 'address'
  | 'te'
  | 'trailer'
  | 'expect'

/** What is done with a response field. */
export type ResponseAction =
  | 'keep'
  | 'drop'
  | 'refuse'
  | 'connection'
  | 'content-length'
  | 'address'
  | 'link'
  | 'trailer'
  | 'refresh'
  | 'set-cookie'
  | 'challenge'
  | 'authentication-info'
  | 'cross-origin'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const IDENTITY = new Set(IDENTITY_FIELDS)
const HOP_BY_HOP = new Set(HOP_BY_HOP_FIELDS)

const REQUEST_ACTIONS: Readonly<Record<string, RequestAction>> = {
  host: 'host',
  cookie: 'cookie',
  authorization: 'authorization',
  connection: 'connection',
  'content-length': 'content-length',
  'transfer-encoding': 'transfer-encoding',
  expect: 'expect',
  te: 'te',
  trailer: 'trailer',
  origin: 'address',
  referer: 'address',
  destination: 'address',
}

const RESPONSE_ACTIONS: Readonly<Record<string, ResponseAction>> = {
  connection: 'connection',
  'content-length': 'content-length',
  location: 'address',
  'content-location': 'address',
  'access-control-allow-origin': 'cross-origin',
  'access-control-allow-credentials': 'cross-origin',
  link: 'link',
  trailer: 'trailer',
  refresh: 'refresh',
  'set-cookie': 'set-cookie',
  'www-authenticate': 'challenge',
  'authentication-info': 'authentication-info',
  'persistent-auth': 'authentication-info',
  'proxy-support': 'drop',
  // Would send the browser past the gateway.
  'alt-svc': 'drop',
}

function isIdentity(folded: string): boolean {
  return IDENTITY.has(folded) || IDENTITY_PREFIXES.some((prefix) => folded.startsWith(prefix))
}

function decideRequest(name: string): RequestAction {
  if (!TOKEN.test(name)) return 'refuse'
  const lower = name.toLowerCase()
  const special = Object.hasOwn(REQUEST_ACTIONS, lower) ? REQUEST_ACTIONS[lower] : undefined
  if (special) return special
  const folded = foldName(name)
  if (HOP_BY_HOP.has(folded) || isIdentity(folded)) return 'drop'
  // `Content_Length` and the like are never what they look like.
  return Object.hasOwn(REQUEST_ACTIONS, folded) ? 'drop' : 'keep'
}

function decideResponse(name: string): ResponseAction {
  if (!TOKEN.test(name)) return 'refuse'
  const lower = name.toLowerCase()
  const special = Object.hasOwn(RESPONSE_ACTIONS, lower) ? RESPONSE_ACTIONS[lower] : undefined
  return special ?? (HOP_BY_HOP.has(lower) ? 'drop' : 'keep')
}

/** Most names remembered; a peer that invents names costs time, not memory. */
const MAX_REMEMBERED = 2048

function remembered<T>(decide: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const action = decide(name)
    if (known.size < MAX_REMEMBERED && name.length <= 64) known.set(name, action)
    return action
  }
}

/** What is done with a request field of this name. Remembered: names repeat from request to request. */
export const requestAction: (name: string) => RequestAction = remembered(decideRequest)

/** What is done with a response field of this name. Remembered too. */
export const responseAction: (name: string) => ResponseAction = remembered(decideResponse)

/** A value that would end a field or is no text: NUL, CR, LF. RFC 9110 section 5.5. */
export const FORBIDDEN_IN_VALUE: RegExp = new RegExp('[\\0\\r\\n]')

/**
 * Names that a Connection field declares to be for one hop.
 *
 * @param value - The field's value.
 * @returns Lower-case names besides `close`, `keep-alive` and `upgrade`.
 */
export function connectionNames(value: string): readonly string[] {
  const lower = value.toLowerCase()
  if (lower === 'keep-alive' || lower === 'close') return []
  return lower
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'close' && name !== 'keep-alive')
}

/**
 * Takes the fields that Connection named out of a flat list.
 *
 * @param fields - Flat: name, value and so on.
 * @param names - Lower case.
 * @returns The list without them.
 */
export function withoutNamed(fields: readonly string[], names: readonly string[]): string[] {
  const dropped = new Set(names)
  const kept: string[] = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? ''
    if (!dropped.has(name.toLowerCase())) kept.push(name, fields[index + 1] ?? '')
  }
  return kept
}
