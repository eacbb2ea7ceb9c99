/**
 * Internal addresses outwards, external addresses inwards. Only scheme, host and port change: external and internal
 * URLs have no path of their own.
 *
 * @module
 */

import type { AppSettings } from '../tunnel/index.ts'

const ADDRESS = /^(?:([a-z][a-z0-9+.-]*):)?\/\/([^/?#\\]*)(.*)$/is
/** Up to the address. No two parts can take the same space, else a long row of spaces would be tried in every split. */
const REFRESH = /^\s*(?:[\d.]+\s*)?(?:[;,]\s*)?url\s*=\s*/i
/** A target at the beginning of a link, of which a field may hold several. */
const LINK_TARGET = /(^\s*|,\s*)<([^<>]*)>/g
const DEFAULT_PORT: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

/** `https://host[:port]` of an address, lower case, without a default port; `//…` where the scheme is not said. */
function originKey(scheme: string | undefined, authority: string): string {
  const host = authority.toLowerCase()
  if (scheme === undefined) return `//${host}`
  const name = scheme.toLowerCase()
  const port = DEFAULT_PORT[name]
  const bare = port !== undefined && host.endsWith(port) ? host.slice(0, -port.length) : host
  return `${name}://${bare}`
}

/** What an app's addresses are called outside and inside. */
export interface AppOrigins {
  /** `https://host[:port]` */
  readonly external: string
  /** `http[s]://host[:port]` */
  readonly internal: string
}

/**
 * The origins of an app.
 *
 * @param app - Its settings.
 * @returns Both, without a slash at the end.
 */
export function originsOf(app: Pick<AppSettings, 'externalUrl' | 'internalUrl'>): AppOrigins {
  return { external: new URL(app.externalUrl).origin, internal: new URL(app.internalUrl).origin }
}

function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2)
}

/** Translates the addresses of one app. */
export class UrlTranslator {
  readonly #outwards = new Map<string, string>()
  readonly #inwards = new Map<string, string>()

  /**
   * Prepares the tables.
   *
   * @param app - The app whose requests and responses are translated.
   * @param others - All apps: a redirect to another app's internal URL leads to its external one.
   */
  constructor(app: AppSettings, others: readonly AppSettings[] = []) {
    for (const each of [...others, app]) {
      const { external, internal } = originsOf(each)
      this.#outwards.set(internal, external)
      this.#outwards.set(`//${hostOf(internal)}`, `//${hostOf(external)}`)
    }
    const own = originsOf(app)
    // A backend that is told the external host, but is spoken to without TLS, redirects to http://external/.
    this.#outwards.set(own.external.replace(/^https/, 'http'), own.external)
    this.#outwards.delete(own.external)
    if (app.hostHeader === 'internal') this.#inwards.set(own.external, own.internal)
  }

  /**
   * Makes an address of the backend one that the browser can use.
   *
   * @param address - Absolute, `//host/…` or relative.
   * @returns The same, or with another origin.
   */
  outward(address: string): string {
    return translate(address, this.#outwards)
  }

  /**
   * Makes an address of the browser one that the backend knows.
   *
   * @param address - Absolute or relative.
   * @returns The same, or with another origin.
   */
  inward(address: string): string {
    return translate(address, this.#inwards)
  }

  /**
   * Translates the addresses of a Link field outwards. RFC 8288 section 3: each stands in angle brackets.
   *
   * @param value - E.g. `<http://iwa.corp.example/a.css>; rel=preload`.
   * @returns The field with its addresses translated.
   */
  outwardLink(value: string): string {
    return value.replace(LINK_TARGET, (_whole, before: string, address: string) => {
      return `${before}<${this.outward(address)}>`
    })
  }

  /**
   * Translates the address in a Refresh field outwards.
   *
   * @param value - E.g. `5; url=http://iwa.corp.example/next`.
   * @returns The field with the address translated, where it has one.
   */
  outwardRefresh(value: string): string {
    const before = REFRESH.exec(value)?.[0]
    if (before === undefined) return value
    const { open, address, close } = unquoted(value.slice(before.length).trimEnd())
    return `${before}${open}${this.outward(address)}${close}`
  }
}

/** Takes quotes off an address; one that is never closed counts too, as browsers read it. */
function unquoted(text: string): { open: string; address: string; close: string } {
  const open = text.startsWith('"') || text.startsWith("'") ? text.charAt(0) : ''
  const close = open !== '' && text.length > 1 && text.endsWith(open) ? open : ''
  return { open, address: text.slice(open.length, text.length - close.length), close }
}

function translate(address: string, table: ReadonlyMap<string, string>): string {
  if (table.size === 0 || !address.includes('//')) return address
  const [, scheme, authority = '', rest = ''] = ADDRESS.exec(address) ?? []
  if (authority === '' || authority.includes('@')) return address
  const origin = table.get(originKey(scheme, authority))
  return origin === undefined ? address : origin + rest
}
