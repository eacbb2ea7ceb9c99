/**
 * The issuers' public keys: JSON Web Key Sets by https, fetched when needed and kept, or from a file.
 *
 * @module
 */

import { isIP, type LookupFunction } from 'node:net'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTVerifyGetKey,
} from 'jose'
import { Agent, request } from 'undici'
import { errorText, type Logger } from '../../platform/index.ts'
import { SsoError } from '../errors.ts'
import type { IssuerPolicy, Policy } from '../policy.ts'
import type { KeySource } from '../ports.ts'
import type { Resolve } from './resolve.ts'

/** How keys are fetched. */
export interface KeySourceOptions {
  /** Longest wait for a key set, milliseconds. Default 5000. */
  readonly timeoutMs?: number
  /** Least wait before an unknown key id leads to another fetch, milliseconds. Default 30 000. */
  readonly cooldownMs?: number
  /** How long keys are kept, milliseconds. Default 600 000. */
  readonly keepMs?: number
  /** Longest key set, octets. Default 1 048 576. */
  readonly maxOctets?: number
  /** DNS; default: the host's resolver. */
  readonly resolve?: Resolve
  readonly logger: Logger
}

const DEFAULTS = { timeoutMs: 5000, cooldownMs: 30_000, keepMs: 600_000, maxOctets: 1_048_576 }

function unreachable(issuer: string, cause: unknown): SsoError {
  return new SsoError(
    'ERR_SSO_KEYS_UNREACHABLE',
    `the keys of ${issuer} cannot be fetched: ${errorText(cause)}`,
    {
      cause,
      mend: 'Check jwksUrl and ca in the policy, and that this host may reach it.',
    },
  )
}

function localKeys(issuer: IssuerPolicy, json: string, path: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(json) as Parameters<typeof createLocalJWKSet>[0])
  } catch (cause) {
    throw new SsoError(
      'ERR_SSO_KEYS_UNREACHABLE',
      `${path} holds no JSON Web Key Set for ${issuer.issuer}`,
      { cause },
    )
  }
}

/** undici's and node:net's way to ask for addresses. */
function lookupBy(resolve: Resolve): LookupFunction {
  return (hostname, { all }, done) => {
    resolve(hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }))
        const [first] = found
        if (first === undefined) done(new Error(`${hostname} has no address`), [])
        else if (all === true) done(null, found)
        else done(null, first.address, first.family)
      },
      (error: unknown) => {
        done(error instanceof Error ? error : new Error(errorText(error)), [])
      },
    )
  }
}

function agentFor(ca: string | undefined, options: typeof DEFAULTS & KeySourceOptions): Agent {
  return new Agent({
    connect: {
      ...(ca === undefined ? {} : { ca }),
      ...(options.resolve === undefined ? {} : { lookup: lookupBy(options.resolve) }),
      timeout: options.timeoutMs,
    },
    allowH2: false,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    maxResponseSize: options.maxOctets,
  })
}

function remoteKeys(
  issuer: IssuerPolicy & { keys: { from: 'url' } },
  options: typeof DEFAULTS & KeySourceOptions,
): JWTVerifyGetKey {
  const agent = agentFor(issuer.keys.ca, options)
  const find = createRemoteJWKSet(new URL(issuer.keys.url), {
    timeoutDuration: options.timeoutMs,
    cooldownDuration: options.cooldownMs,
    cacheMaxAge: options.keepMs,
    // No redirect is followed: the policy names where the keys are.
    [customFetch]: async (url, { signal }) => {
      const response = await request(url, {
        dispatcher: agent,
        signal,
        headers: { accept: 'application/json' },
      })
      return new Response(await response.body.text(), { status: response.statusCode })
    },
  })
  return async (header, token) => {
    try {
      return await find(header, token)
    } catch (error) {
      // What jose says about keys it has is the token's fault; everything else kept us from having them.
      if (error instanceof errors.JOSEError && !isFetchFault(error)) throw error
      options.logger.warn('issuer keys unreachable', {
        issuer: issuer.issuer,
        reason: errorText(error),
      })
      throw unreachable(issuer.issuer, error)
    }
  }
}

/** The key set did not come, or is none; jose says ERR_JOSE_GENERIC for another status than 200. */
function isFetchFault(error: errors.JOSEError): boolean {
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  )
}

/**
 * Makes the key source for a policy.
 *
 * @param policy - Its issuers.
 * @param options - Timeouts and bounds.
 * @returns The key source.
 * @throws SsoError ERR_SSO_KEYS_UNREACHABLE when a keys file is not a key set.
 */
export function createKeySource(policy: Policy, options: KeySourceOptions): KeySource {
  const resolved = { ...DEFAULTS, ...options }
  const finders = new Map<string, JWTVerifyGetKey>()
  for (const issuer of policy.issuers.values()) {
    const { keys } = issuer
    const finder =
      keys.from === 'file'
        ? localKeys(issuer, keys.json, keys.path)
        : remoteKeys({ ...issuer, keys }, resolved)
    finders.set(issuer.issuer, finder)
  }
  return {
    keysOf(issuer) {
      const finder = finders.get(issuer)
      if (finder === undefined) throw new RangeError(`issuer ${issuer} is not in the policy`)
      return finder
    },
  }
}
