/**
 * The fields of a backend's response as the browser may see them.
 *
 * Out go: what is meant for one hop, cookies with names of ours, challenges that a shared connection cannot answer. Internal
 * addresses become external ones.
 *
 * @module
 */

import { withoutConnectionChallenges, type ResponseHead } from '../tunnel/index.ts'
import type { AppRoute } from './apps.ts'
import { GatewayError } from './errors.ts'
import {
  connectionNames,
  FORBIDDEN_IN_VALUE,
  responseAction,
  withoutNamed,
  type ResponseAction,
} from './header-names.ts'
import { outwardCookie } from './response-cookies.ts'

/** A response's fields, and how its body is framed. */
export interface ResponseFields {
  /** Flat: name, value and so on; Content-Length included where it holds. */
  readonly headers: readonly string[]
  /** Content-Length, where the backend said one. */
  readonly bodyLength: number | undefined
  /** Names that the response may end with, where the backend announces them. */
  readonly trailer: string | undefined
}

function refuse(message: string): never {
  throw new GatewayError('ERR_GATEWAY_BAD_RESPONSE', message)
}

/** Gathers the fields of one response. */
class Gathering {
  readonly headers: string[] = []
  readonly #route: AppRoute
  bodyLength: number | undefined
  trailer: string | undefined
  readonly named: string[] = []

  constructor(route: AppRoute) {
    this.#route = route
  }

  take(name: string, value: string): void {
    if (FORBIDDEN_IN_VALUE.test(value)) refuse('a field value holds CR, LF or NUL')
    const action = responseAction(name)
    if (action === 'keep') this.headers.push(name, value)
    else if (action !== 'drop') this.#special(action, name, value)
  }

  #special(action: ResponseAction, name: string, value: string): void {
    const { translator, externalHostname, kerberos, app } = this.#route
    switch (action) {
      case 'cross-origin':
        // Two answers to one question would be none.
        if (app.cors === undefined) this.headers.push(name, translator.outward(value))
        return
      case 'address':
        this.headers.push(name, translator.outward(value))
        return
      case 'link':
        this.headers.push(name, translator.outwardLink(value))
        return
      case 'refresh':
        this.headers.push(name, translator.outwardRefresh(value))
        return
      case 'set-cookie':
        this.#keepSome(name, outwardCookie(value, externalHostname))
        return
      case 'challenge':
        // In a Kerberos app no challenge is of use: the browser's Authorization never reaches the backend.
        this.#keepSome(name, kerberos ? undefined : withoutConnectionChallenges(value))
        return
      case 'authentication-info':
        this.#keepSome(name, kerberos ? undefined : value)
        return
      default:
        this.#framing(action, value)
    }
  }

  #framing(action: ResponseAction, value: string): void {
    if (action === 'connection') {
      this.named.push(...connectionNames(value))
      return
    }
    if (action === 'trailer') {
      this.trailer = value
      return
    }
    if (action !== 'content-length') refuse('a field name is not a token')
    if (!/^\d{1,15}$/.test(value)) refuse('Content-Length is not a number')
    const length = Number(value)
    if (this.bodyLength !== undefined && this.bodyLength !== length) {
      refuse('two different Content-Length')
    }
    this.bodyLength = length
  }

  #keepSome(name: string, value: string | undefined): void {
    if (value !== undefined && value !== '') this.headers.push(name, value)
  }
}

/**
 * Builds what the browser gets.
 *
 * @param head - From the connector.
 * @param route - The app.
 * @returns Fields and framing.
 * @throws GatewayError ERR_GATEWAY_BAD_RESPONSE when the head must not be passed on.
 */
export function responseFields(head: ResponseHead, route: AppRoute): ResponseFields {
  if (head.status < 200) refuse('a response that switches protocols was not asked for')
  const gathering = gather(head.headers, route)
  const headers = keptOf(gathering)
  // RFC 9110 section 8.6: a 204 response has no Content-Length.
  const bodyLength = head.status === 204 ? undefined : gathering.bodyLength
  if (bodyLength !== undefined) headers.push('Content-Length', String(bodyLength))
  return { headers, bodyLength, trailer: gathering.trailer }
}

function gather(raw: readonly string[], route: AppRoute): Gathering {
  const gathering = new Gathering(route)
  for (let index = 0; index + 1 < raw.length; index += 2) {
    gathering.take(raw[index] ?? '', raw[index + 1] ?? '')
  }
  return gathering
}

function keptOf({ headers, named }: Gathering): string[] {
  return named.length > 0 ? withoutNamed(headers, named) : headers
}

/**
 * Builds what the browser gets before a response (103 Early Hints), or instead of one (101 Switching Protocols): fields
 * without framing.
 *
 * @param head - From the connector.
 * @param route - The app.
 * @returns Flat: name, value and so on.
 * @throws GatewayError ERR_GATEWAY_BAD_RESPONSE when the head must not be passed on.
 */
export function bodilessFields(head: ResponseHead, route: AppRoute): string[] {
  return keptOf(gather(head.headers, route))
}
