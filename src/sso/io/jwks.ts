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
  jwksCache,
  type ExportedJWKSCache,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose'
import { Agent, request } from 'undici'
import { httpsConnector, httpsWay, type ForwardProxyChoice } from '../../kerberos/io/https-way.ts'
import { errorMend, errorText, withDefaults, type Logger } from '../../platform/index.ts'
import { SsoError } from '../errors.ts'
import type { IssuerKeys, IssuerPolicy, Policy } from '../policy.ts'
import type { KeySource } from '../ports.ts'
import { patientFetch } from './patient-fetch.ts'
import type { Resolve } from './resolve.ts'
import { SeenKeys } from './seen-keys.ts'

/** How keys are fetched. */
export interface KeySourceOptions {
  /** Longest wait for a key set, milliseconds. Default 5000. */
  readonly timeoutMs?: number
  /** Least wait before an unknown key id leads to another fetch, milliseconds. Default 30 000. */
  readonly cooldownMs?: number
  /** How long keys are kept, milliseconds. Default 600 000. */
  readonly keepMs?: number
  /** Least wait before keys that could not be had are asked for again, milliseconds. Default 2000. */
  readonly retryMs?: number
  /** Longest key set, octets. Default 1 048 576. */
  readonly maxOctets?: number
  /** A forward proxy on the way. Default none. */
  readonly forwardProxy?: ForwardProxyChoice | undefined
  /** DNS; default: the host's resolver. */
  readonly resolve?: Resolve
  readonly logger: Logger
}

const DEFAULTS = {
  timeoutMs: 5000,
  cooldownMs: 30_000,
  keepMs: 600_000,
  retryMs: 2000,
  maxOctets: 1_048_576,
}

function unreachable(issuer: string, cause: unknown): SsoError {
  return new SsoError(
    'ERR_SSO_KEYS_UNREACHABLE',
    `the keys of ${issuer} cannot be fetched: ${errorText(cause)}`,
    {
      cause,
      mend:
        errorMend(cause) ??
        'Check jwksUrl and ca in the policy, and that this host may reach it; forward proxies are named in issuerKeys of connector.yaml.',
    },
  )
}

function localKeys(issuer: IssuerPolicy, json: string, path: string) {
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

type Settings = typeof DEFAULTS & KeySourceOptions

function agentFor(ca: string | undefined, options: Settings): Agent {
  const { timeoutMs, resolve, forwardProxy } = options
  const way = httpsWay({
    trust: { ca },
    forwardProxy,
    connectTimeoutMs: timeoutMs,
    lookup: resolve && lookupBy(resolve),
  })
  return new Agent({
    connect: httpsConnector(way, (error) =>
      error instanceof Error ? error : new Error(errorText(error)),
    ),
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: options.maxOctets,
  })
}

/** No redirect is followed: the policy names where the keys are. */
function fetchBy(agent: Agent): FetchImplementation {
  return async (url, { signal }) => {
    const headers = { accept: 'application/json' }
    const { statusCode, body } = await request(url, { dispatcher: agent, signal, headers })
    const text = await body.text()
    return new Response(statusCode === 204 ? null : text, { status: Math.max(statusCode, 200) })
  }
}

type KeysByUrl = Extract<IssuerKeys, { from: 'url' }>

/** What jose has fetched is put into the cache. */
function remoteSet(
  { url }: KeysByUrl,
  agent: Agent,
  { cache = {}, ...options }: Settings & { readonly cache?: Partial<ExportedJWKSCache> },
) {
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: options.timeoutMs,
    cooldownDuration: options.cooldownMs,
    cacheMaxAge: options.keepMs,
    [jwksCache]: cache as ExportedJWKSCache,
    [customFetch]: patientFetch(fetchBy(agent), options.retryMs),
  })
}

/** One issuer's keys. */
interface IssuerKeySet {
  readonly find: JWTVerifyGetKey
  /** Fetches them anew. */
  readonly refresh?: () => Promise<void>
}

function remoteKeys(
  issuer: IssuerPolicy & { keys: KeysByUrl },
  options: Settings,
  onKeyGone: () => void,
): IssuerKeySet {
  const cache: Partial<ExportedJWKSCache> = {}
  const seen = new SeenKeys()
  const agent = agentFor(issuer.keys.ca, options)
  const keys = remoteSet(issuer.keys, agent, { ...options, cache })
  const guarded = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      throw toldOf(error, issuer.issuer, options.logger)
    } finally {
      if (seen.hasLost(cache.jwks)) onKeyGone()
    }
  }
  return {
    find: (header, token) => guarded(() => keys(header, token)),
    refresh: () => guarded(() => keys.reload()),
  }
}

/** What jose says about keys it has is the token's fault; everything else kept us from having them. */
function toldOf(error: unknown, issuer: string, logger: Logger): unknown {
  if (error instanceof errors.JOSEError && !isFetchFault(error)) return error
  logger.warn('issuer keys unreachable', { issuer, reason: errorText(error) })
  return unreachable(issuer, error)
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
  const resolved = withDefaults(DEFAULTS, options)
  const sets = new Map<string, IssuerKeySet>()
  let onKeyGone: (issuer: string) => void = () => undefined
  for (const issuer of policy.issuers.values()) {
    const { keys } = issuer
    const gone = (): void => {
      onKeyGone(issuer.issuer)
    }
    const set =
      keys.from === 'file'
        ? { find: localKeys(issuer, keys.json, keys.path) }
        : remoteKeys({ ...issuer, keys }, resolved, gone)
    sets.set(issuer.issuer, set)
  }
  const setOf = (issuer: string): IssuerKeySet => {
    const set = sets.get(issuer)
    if (set === undefined) throw new RangeError(`issuer ${issuer} is not in the policy`)
    return set
  }
  return {
    keysOf: (issuer) => setOf(issuer).find,
    refresh: async (issuer) => setOf(issuer).refresh?.(),
    onKeyGone: (listener) => {
      onKeyGone = listener
    },
  }
}

/**
 * Reads an issuer's key set once, as the key source would, for a look at it.
 *
 * @param issuer - Whose.
 * @param options - As for the key source.
 * @returns The key set.
 * @throws SsoError ERR_SSO_KEYS_UNREACHABLE when it cannot be had, or is none.
 */
export async function readKeySet(
  issuer: IssuerPolicy,
  options: KeySourceOptions,
): Promise<JSONWebKeySet> {
  const { keys } = issuer
  if (keys.from === 'file') return localKeys(issuer, keys.json, keys.path).jwks()
  const resolved = withDefaults(DEFAULTS, options)
  const agent = agentFor(keys.ca, resolved)
  try {
    const set = remoteSet(keys, agent, resolved)
    await set.reload()
    return set.jwks() ?? { keys: [] }
  } catch (error) {
    throw unreachable(issuer.issuer, error)
  } finally {
    await agent.destroy()
  }
}
