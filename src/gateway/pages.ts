/**
 * The gateway's own pages: small, without scripts, readable by screen readers, under a strict Content-Security-Policy.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { faultOf } from './error-codes.ts'

/** A response of the gateway itself. */
export interface Page {
  readonly status: number
  /** Flat: name, value and so on. Content-Length included. */
  readonly headers: readonly string[]
  readonly body: string
}

/** A link on a page. */
export interface PageLink {
  /** Path on the same host. */
  readonly href: string
  readonly label: string
}

/** What a page says. */
export interface PageContent {
  readonly title: string
  readonly text: string
  /** Small print: code and request number. */
  readonly note?: string
  readonly link?: PageLink
  /** A form with this one button, posted to the path. */
  readonly button?: PageLink
  /** Where the page goes by itself: a path on the same host. */
  readonly onwards?: string
}

const STYLE =
  'body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 1.5rem;color:#1b1b1f;background:#fff}' +
  'h1{font-size:1.5rem;line-height:1.25}small{color:#5a5a66}a{color:#0b57d0}' +
  'button{font:inherit;padding:.5rem 1.25rem;cursor:pointer}' +
  '@media(prefers-color-scheme:dark){body{color:#e6e6ea;background:#1b1b1f}small{color:#a9a9b5}a{color:#8ab4f8}}'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

// form-action names https: as a whole, because Chromium applies it to the redirect from sign-out to the provider too.
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'`

const COMMON: readonly string[] = [
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}

function bodyOf(content: PageContent): string {
  const { title, text, note, link, button } = content
  return [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p>${escapeHtml(text)}</p>`,
    button &&
      `<form method="post" action="${escapeHtml(button.href)}"><button type="submit">${escapeHtml(button.label)}</button></form>`,
    link && `<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.label)}</a></p>`,
    note && `<p><small>${escapeHtml(note)}</small></p>`,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('\n')
}

/**
 * A page in HTML.
 *
 * @param status - HTTP status.
 * @param content - What it says.
 * @param extra - Further fields, flat.
 * @returns The response.
 */
export function htmlPage(
  status: number,
  content: PageContent,
  extra: readonly string[] = [],
): Page {
  const { onwards } = content
  const refresh =
    onwards === undefined
      ? ''
      : `<meta http-equiv="refresh" content="0; url=${escapeHtml(onwards)}">`
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${refresh}<title>${escapeHtml(content.title)}</title><style>${STYLE}</style></head>
<body>
<main>
${bodyOf(content)}
</main>
</body>
</html>
`
  return page(
    status,
    ['Content-Type', 'text/html; charset=utf-8', 'Content-Security-Policy', POLICY, ...extra],
    body,
  )
}

function page(status: number, headers: readonly string[], body: string): Page {
  const length = String(Buffer.byteLength(body))
  return { status, headers: [...headers, ...COMMON, 'Content-Length', length], body }
}

/**
 * A redirect.
 *
 * @param location - Where to; absolute.
 * @param extra - Further fields, flat.
 * @returns 303: whatever the method was, the browser goes on with GET.
 */
export function redirect(location: string, extra: readonly string[] = []): Page {
  return page(303, ['Location', location, ...extra], '')
}

/**
 * A response for a program.
 *
 * @param status - HTTP status.
 * @param value - What it says.
 * @param extra - Further fields, flat.
 * @returns JSON.
 */
export function jsonPage(status: number, value: object, extra: readonly string[] = []): Page {
  const fields = ['Content-Type', 'application/json; charset=utf-8', ...extra]
  return page(status, fields, `${JSON.stringify(value)}\n`)
}

/** What an error page is made of. */
export interface ErrorContext {
  readonly code: string
  readonly requestId: string
  /** For people (HTML) or for programs (JSON). */
  readonly html: boolean
  /** Where the sign-in begins, for codes that it mends. */
  readonly signIn?: string | undefined
  /** Further fields, flat. */
  readonly extra?: readonly string[]
}

function retryFields(status: number): readonly string[] {
  return status === 503 ? ['Retry-After', '10'] : []
}

/**
 * The response to a request that could not be carried out.
 *
 * @param context - What went wrong, for whom.
 * @returns HTML or JSON with the code, words and the request's number; nothing of what is inside.
 */
export function errorPage(context: ErrorContext): Page {
  const { code, requestId, html, signIn } = context
  const { status, title, text } = faultOf(code)
  const extra = [...retryFields(status), ...(context.extra ?? [])]
  const offered = status === 401 ? signIn : undefined
  if (!html) {
    const body = {
      code,
      title,
      message: text,
      requestId,
      ...(offered !== undefined && { signIn: offered }),
    }
    return jsonPage(status, body, extra)
  }
  const content = { title, text, note: `${code} · request ${requestId}` }
  const link = offered === undefined ? undefined : { href: offered, label: 'Sign in' }
  return htmlPage(status, link ? { ...content, link } : content, extra)
}
