/**
 * A person outside, as an HTTP client: keeps cookies, follows redirects, fills in the provider's sign-in form.
 *
 * Names under `.localhost` lead to this machine, as they do in every browser (RFC 6761 section 6.3).
 *
 * @module
 */

import { Agent, request } from 'undici'

/** Redirects of one page, at most: sign-in needs about six. */
const MAX_REDIRECTS = 15

/** What came back, body read. */
export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** From the first octet sent to the last octet read, milliseconds. */
  readonly elapsedMs: number
}

/** What a request may bring along. */
export interface VisitOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** A redirect to a URL that begins so is not followed: `open` returns the page that sent it. */
  readonly stopBefore?: string
}

/** A name and a password. */
export interface Login {
  readonly name: string
  readonly password: string
}

function asList(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined ? undefined : unescapeHtml(value)
}

/** The one form of a sign-in page: where it goes, and its fields with the login filled in. */
function fillForm(page: Page, login: Login): { action: string; body: string } {
  const form = /<form\b[^>]*>/i.exec(page.body)?.[0]
  if (form === undefined) {
    throw new Error(
      `no sign-in form on ${page.url} (status ${page.status}): ${page.body.slice(0, 300)}`,
    )
  }
  const fields = new URLSearchParams()
  for (const [tag] of page.body.matchAll(/<input\b[^>]*>/gi)) {
    const name = attribute(tag, 'name')
    if (name === undefined) continue
    const type = attribute(tag, 'type') ?? 'text'
    if (type === 'password') fields.set(name, login.password)
    else if (type === 'hidden') fields.set(name, attribute(tag, 'value') ?? '')
    else if (type !== 'submit') fields.set(name, login.name)
  }
  return { action: attribute(form, 'action') ?? page.url, body: fields.toString() }
}

/** One person with one browser. */
export class Visitor {
  readonly #agent: Agent
  /** Cookies by host, then by name. */
  readonly #cookies = new Map<string, Map<string, string>>()

  /**
   * Opens the browser.
   *
   * @param ca - PEM of the authorities it trusts.
   */
  constructor(ca: readonly string[]) {
    this.#agent = new Agent({
      connect: {
        ca: [...ca],
        lookup: (hostname, options, callback) => {
          const address = hostname.endsWith('.localhost') ? '127.0.0.1' : hostname
          if (options.all === true) callback(null, [{ address, family: 4 }])
          else callback(null, address, 4)
        },
      },
    })
  }

  /** One request, no redirect followed. */
  async visit(url: string, options: VisitOptions = {}): Promise<Page> {
    const host = new URL(url).host
    const jar = this.#cookies.get(host) ?? new Map<string, string>()
    this.#cookies.set(host, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const began = performance.now()
    const response = await request(url, {
      dispatcher: this.#agent,
      method: options.method ?? 'GET',
      headers: { accept: 'text/html', ...(cookie === '' ? {} : { cookie }), ...options.headers },
      body: options.body ?? null,
    })
    for (const line of asList(response.headers['set-cookie'])) this.#keep(jar, line)
    const body = await response.body.text()
    const elapsedMs = performance.now() - began
    return { url, status: response.statusCode, headers: response.headers, body, elapsedMs }
  }

  /** One page, redirects followed as a browser does: each time with GET. */
  async open(url: string, options: VisitOptions = {}): Promise<Page> {
    let page = await this.visit(url, options)
    for (let hops = 0; page.status >= 301 && page.status <= 303; hops++) {
      const [location] = asList(page.headers['location'])
      if (location === undefined || hops === MAX_REDIRECTS) {
        throw new Error(`redirects of ${url} lead nowhere; the last was ${page.url}`)
      }
      const target = new URL(location, page.url).href
      if (options.stopBefore !== undefined && target.startsWith(options.stopBefore)) break
      page = await this.visit(target)
    }
    return page
  }

  /** Opens a page that asks for sign-in, signs in on the provider's form and returns where that leads. */
  async signIn(url: string, login: Login, options: VisitOptions = {}): Promise<Page> {
    const form = await this.open(url, options)
    // The provider may still know this person; then there is no form.
    if (!/<input\b[^>]*type="password"/i.test(form.body)) return form
    const { action, body } = fillForm(form, login)
    return this.open(new URL(action, form.url).href, {
      ...options,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    })
  }

  /** The value of a cookie, if the host has set it. */
  cookie(host: string, name: string): string | undefined {
    return this.#cookies.get(host)?.get(name)
  }

  /** Puts a cookie into the jar by hand, as a thief would. */
  setCookie(host: string, name: string, value: string): void {
    const jar = this.#cookies.get(host) ?? new Map<string, string>()
    jar.set(name, value)
    this.#cookies.set(host, jar)
  }

  /** Closes the browser and its connections. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #keep(jar: Map<string, string>, line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const name = pair.slice(0, pair.indexOf('=')).trim()
    const value = pair.slice(pair.indexOf('=') + 1).trim()
    const gone = attributes.some((text) => /^\s*max-age=0\s*$/i.test(text)) || value === ''
    if (gone || attributes.some((text) => /^\s*expires=Thu, 01 Jan 1970/i.test(text)))
      jar.delete(name)
    else jar.set(name, value)
  }
}
