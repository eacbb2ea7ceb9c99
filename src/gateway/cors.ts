/**
 * Cross-origin calls between published apps (CORS, WHATWG Fetch section 3.2): the gateway itself says which other origins'
 * scripts may call an app, as Entra application proxy does. A preflight brings no cookie, so nobody can be signed in by it:
 * it is answered here, and never goes inside.
 *
 * @module
 */

import { z } from 'zod'
import { originUrl, text, wholeNumber } from './config-fields.ts'
import type { Page } from './pages.ts'
import { rawField } from './raw-fields.ts'

/** Who may call an app from other pages, as gateway.yaml says it. The names are those of Entra's corsConfiguration. */
export interface CorsConfig {
  /** Origins of the calling pages. */
  readonly allowedOrigins: readonly string[]
  /** Methods besides GET, HEAD and POST, which need no permission. */
  readonly allowedMethods: readonly string[]
  /** Request header fields besides those that need no permission. */
  readonly allowedHeaders: readonly string[]
  /** How long a browser may keep the answer to a preflight. */
  readonly maxAgeInSeconds: number
}

const token = text('a name').regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'must be a single name')
const listed = (item: z.ZodType<string>): z.ZodType<readonly string[]> =>
  z
    .array(item)
    .min(1, 'list at least one')
    .max(100, 'at most 100')
    // With credentials `*` means nothing to a browser, and everybody to a careless reader.
    .refine((items) => !items.includes('*'), 'list them by name: * cannot go with a session')

/** The `cors` of an app. */
export const corsSchema: z.ZodType<CorsConfig> = z.strictObject({
  allowedOrigins: listed(originUrl(['https:', 'http:']).transform((url) => new URL(url).origin)),
  allowedMethods: listed(token).default(['GET', 'HEAD', 'POST']),
  allowedHeaders: listed(token).default(['Content-Type']),
  maxAgeInSeconds: wholeNumber(0, 86_400).default(600),
})

/** Caches keep answers to different origins apart. */
const VARY: readonly string[] = ['Vary', 'Origin']

function isAllowed(cors: CorsConfig, rawHeaders: readonly string[]): string | undefined {
  const origin = rawField(rawHeaders, 'origin')
  return origin !== undefined && cors.allowedOrigins.includes(origin) ? origin : undefined
}

/**
 * Whether a request asks on a browser's behalf if another one may be sent.
 *
 * @param method - Of the request.
 * @param rawHeaders - Flat: name, value and so on.
 * @returns True for OPTIONS with an origin and the method that is meant.
 */
export function isPreflight(method: string | undefined, rawHeaders: readonly string[]): boolean {
  if (method !== 'OPTIONS' || rawField(rawHeaders, 'origin') === undefined) return false
  return rawField(rawHeaders, 'access-control-request-method') !== undefined
}

/**
 * What every answer of an app with `cors` says, in place of what its backend says.
 *
 * @param cors - The app's.
 * @param rawHeaders - Of the request, flat.
 * @returns Flat: name, value and so on.
 */
export function crossOriginFields(
  cors: CorsConfig,
  rawHeaders: readonly string[],
): readonly string[] {
  const origin = isAllowed(cors, rawHeaders)
  if (origin === undefined) return VARY
  return [
    ...VARY,
    ...['Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true'],
  ]
}

/**
 * The answer to a preflight.
 *
 * @param cors - The app's.
 * @param rawHeaders - Of the request, flat.
 * @returns The answer; undefined where the origin is not listed.
 */
export function preflightAnswer(cors: CorsConfig, rawHeaders: readonly string[]): Page | undefined {
  if (isAllowed(cors, rawHeaders) === undefined) return undefined
  const headers = [
    ...crossOriginFields(cors, rawHeaders),
    ...['Access-Control-Allow-Methods', cors.allowedMethods.join(', ')],
    ...['Access-Control-Allow-Headers', cors.allowedHeaders.join(', ')],
    ...['Access-Control-Max-Age', String(cors.maxAgeInSeconds)],
  ]
  return { status: 204, headers, body: '' }
}
