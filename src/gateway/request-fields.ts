/**
 * The fields of a browser's request as the backend may see them.
 *
 * Out go: what is meant for one hop, what only a proxy may say, our cookies, and in Kerberos apps Authorization. In
 * come: Host, X-Forwarded-For, -Host, -Proto and X-Request-ID.
 *
 * @module
 */

import { isConnectionAuthorization } from '../tunnel/index.ts'
import type { AppRoute } from './apps.ts'
import { withoutOwnCookies } from './cookies.ts'
import { GatewayError } from './errors.ts'
import { takesTrailers, type HopFields } from './hop-fields.ts'
import {
  connectionNames,
  FORBIDDEN_IN_VALUE,
  requestAction,
  withoutNamed,
  type RequestAction,
} from './header-names.ts'

/** Where a request came from and what it is called. */
export interface RequestOrigin {
  readonly clientAddress: string
  readonly requestId: string
}

/** A request's fields, and how its body is framed. */
export interface RequestFields {
  /** Flat: name, value and so on. */
  readonly headers: readonly string[]
  /** The request has a body (possibly empty). */
  readonly hasBody: boolean
  /** Its Content-Length. Absent: unknown, or no body. */
  readonly bodyLength: number | undefined
  /** What the browser said to us alone; absent in nearly every request. */
  readonly hop: HopFields | undefined
}

function refuse(message: string): never {
  throw new GatewayError('ERR_GATEWAY_BAD_REQUEST', message)
}

const NO_HOP: HopFields = { takesTrailers: false, trailer: undefined, expectsContinue: false }

function hopWith(
  hop: HopFields = NO_HOP,
  name: 'te' | 'trailer' | 'expect',
  value: string,
): HopFields {
  if (name === 'te') return { ...hop, takesTrailers: hop.takesTrailers || takesTrailers(value) }
  if (name === 'expect') return { ...hop, expectsContinue: true }
  return { ...hop, trailer: hop.trailer === undefined ? value : `${hop.trailer}, ${value}` }
}

/** Gathers the fields of one request. */
class Gathering {
  readonly headers: string[] = []
  readonly #route: AppRoute
  #hosts = 0
  #lengths = 0
  chunked = false
  bodyLength: number | undefined
  readonly named: string[] = []
  hop: HopFields | undefined

  constructor(route: AppRoute) {
    this.#route = route
  }

  take(name: string, value: string): void {
    if (FORBIDDEN_IN_VALUE.test(value)) refuse('a field value holds CR, LF or NUL')
    const action = requestAction(name)
    if (action === 'keep') this.headers.push(name, value)
    else if (action !== 'drop') this.#special(action, name, value)
  }

  #special(action: RequestAction, name: string, value: string): void {
    switch (action) {
      case 'cookie':
        this.#keepUnlessEmpty(name, withoutOwnCookies(value))
        return
      case 'address':
        this.headers.push(name, this.#route.translator.inward(value))
        return
      case 'authorization':
        if (this.#mayAuthorize(value)) this.headers.push(name, value)
        return
      case 'connection':
        this.named.push(...connectionNames(value))
        return
      case 'te':
      case 'trailer':
      case 'expect':
        this.hop = hopWith(this.hop, action, value)
        return
      default:
        this.#framing(action, value)
    }
  }

  #framing(action: RequestAction, value: string): void {
    switch (action) {
      case 'host':
        if (++this.#hosts > 1) refuse('more than one Host')
        return
      case 'content-length':
        if (++this.#lengths > 1) refuse('more than one Content-Length')
        if (!/^\d{1,15}$/.test(value)) refuse('Content-Length is not a number')
        this.bodyLength = Number(value)
        return
      case 'transfer-encoding':
        if (this.chunked || value.toLowerCase() !== 'chunked') {
          refuse('Transfer-Encoding is not chunked alone')
        }
        this.chunked = true
        return
      default:
        refuse('a field name is not a token')
    }
  }

  #keepUnlessEmpty(name: string, value: string): void {
    if (value !== '') this.headers.push(name, value)
  }

  /** A connection that carries someone's NTLM or Negotiate must not be shared, and backend connections are. */
  #mayAuthorize(value: string): boolean {
    return !this.#route.kerberos && !isConnectionAuthorization(value)
  }
}

/**
 * Builds what goes through the tunnel.
 *
 * @param raw - The request's fields as received, flat.
 * @param route - The app.
 * @param from - Who asks, and the request's id.
 * @returns Fields and framing.
 * @throws GatewayError ERR_GATEWAY_BAD_REQUEST when the fields contradict each other.
 */
export function requestFields(
  raw: readonly string[],
  route: AppRoute,
  from: RequestOrigin,
): RequestFields {
  const gathering = new Gathering(route)
  gathering.headers.push('Host', route.backendHost)
  for (let index = 0; index + 1 < raw.length; index += 2) {
    gathering.take(raw[index] ?? '', raw[index + 1] ?? '')
  }
  const { chunked, bodyLength, named } = gathering
  if (chunked && bodyLength !== undefined) refuse('both Content-Length and Transfer-Encoding')
  const headers =
    named.length > 0 ? withoutNamed(gathering.headers, notHost(named)) : gathering.headers
  headers.push('X-Forwarded-For', from.clientAddress)
  headers.push('X-Forwarded-Host', route.externalHost, 'X-Forwarded-Proto', 'https')
  headers.push('X-Request-ID', from.requestId)
  const { hop } = gathering
  return { headers, hasBody: chunked || bodyLength !== undefined, bodyLength, hop }
}

function notHost(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== 'host')
}
