/**
 * A browser's request as the gateway's own pages see it, and what can be read from its fields.
 *
 * @module
 */

import type { AppRoute } from './apps.ts'

/** Fields by lower-case name, as node:http gives them. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/** A request to one of the gateway's own pages. */
export interface BrowserRequest {
  readonly method: string
  /** Origin-form. */
  readonly target: string
  readonly fields: Fields
  readonly requestId: string
  readonly route: AppRoute
}

/** Paths under this are the gateway's own on every app's host; none of them ever reaches a backend. */
const OWN_PATH = '/.sallyport/'
/** Where the provider sends the browser back to. */
export const CALLBACK_PATH = '/.sallyport/callback'
/** Begins a sign-in on purpose: `?to=` is where it leads, `?fresh=1` asks for the password again. */
export const SIGN_IN_PATH = '/.sallyport/sign-in'
/** Ends the session. */
export const SIGN_OUT_PATH = '/.sallyport/sign-out'

/** Where the provider says that somebody has signed out there. */
export const BACKCHANNEL_LOGOUT_PATH = '/.sallyport/backchannel-logout'

/** Longer addresses are not returned to after a sign-in. They travel in a cookie. */
const MAX_RETURN_LENGTH = 1500

/**
 * One field.
 *
 * @param fields - Of the request.
 * @param name - Lower case.
 * @returns Its value, '' when it is absent.
 */
export function field(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : (value?.join(', ') ?? '')
}

/**
 * Whether a path is one of the gateway's own.
 *
 * @param target - Origin-form.
 * @returns True for `/.sallyport` and everything below it.
 */
export function isOwnTarget(target: string): boolean {
  return target.startsWith(OWN_PATH) || /^\/\.sallyport(?:\?|$)/.test(target)
}

/**
 * The path of a target.
 *
 * @param target - Origin-form.
 * @returns What stands before the query.
 */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

/**
 * The query of a target.
 *
 * @param target - Origin-form.
 * @returns Its parameters.
 */
export function queryOf(target: string): URLSearchParams {
  return new URLSearchParams(target.slice(pathOf(target).length))
}

/**
 * Whether a person is looking at a page, so that a redirect to the sign-in makes sense. Scripts (fetch, XHR,
 * preflights) get 401 instead: a login page is of no use to them.
 *
 * @param method - Of the request.
 * @param fields - Of the request.
 * @returns True for a GET or HEAD that navigates.
 */
export function isNavigation(method: string, fields: Fields): boolean {
  return (method === 'GET' || method === 'HEAD') && wantsHtml(fields)
}

/**
 * Whether an answer is for a person.
 *
 * @param fields - Of the request.
 * @returns True when the browser says so (Fetch Metadata), or, in an older one, when HTML is asked for by name.
 */
export function wantsHtml(fields: Fields): boolean {
  const mode = field(fields, 'sec-fetch-mode')
  if (mode !== '') return mode === 'navigate'
  if (field(fields, 'x-requested-with').toLowerCase() === 'xmlhttprequest') return false
  return field(fields, 'accept').toLowerCase().includes('text/html')
}

/**
 * Where a sign-in may lead: a path on the same host. Callers put the app's own origin before it, so that nothing in it
 * (`//other.example`, a backslash) leads elsewhere.
 *
 * @param target - What is wished.
 * @returns The same when it is a plain path of bearable length, else '/'.
 */
export function safeReturn(target: string): string {
  if (target.length > MAX_RETURN_LENGTH || isOwnTarget(target)) return '/'
  return /^\/[\x21-\x7e]*$/.test(target) && !target.includes('#') ? target : '/'
}

/**
 * The address that begins a sign-in.
 *
 * @param target - Where it shall lead.
 * @param fresh - Ask for the password even when the provider still knows the user.
 * @param kerberos - False: it is not offered to this browser for a while.
 * @returns A path on the same host.
 */
export function signInTarget(target: string, fresh = false, kerberos = true): string {
  const query = new URLSearchParams({
    to: safeReturn(target),
    ...(fresh && { fresh: '1' }),
    ...(!kerberos && { kerberos: 'off' }),
  })
  return `${SIGN_IN_PATH}?${query.toString()}`
}

/**
 * Whether a request that changes something came from a page of the same origin.
 *
 * @param request - The request.
 * @returns True when the browser says so by Origin, else by Fetch Metadata.
 */
export function isSameOrigin(request: BrowserRequest): boolean {
  const origin = field(request.fields, 'origin')
  if (origin !== '') return origin === request.route.externalOrigin
  return field(request.fields, 'sec-fetch-site') === 'same-origin'
}
