/**
 * The OpenID provider, through openid-client over undici.
 *
 * The provider's metadata are fetched when they are first needed, and again after a failure: the gateway starts while
 * the provider is down. ID token signatures are verified here too, although connectors verify them again.
 *
 * @module
 */

import {
  createRemoteJWKSet,
  customFetch,
  errors as jose,
  jwtVerify,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose'
import * as client from 'openid-client'
import { Agent, fetch } from 'undici'
import { errorText } from '../../platform/index.ts'
import { patientFetch } from '../../sso/io/patient-fetch.ts'
import { MAX_PROOF_LENGTH } from '../../tunnel/index.ts'
import type { OidcConfig } from '../config.ts'
import { GatewayError } from '../errors.ts'
import type {
  AuthorizationRequest,
  OidcProvider,
  SignedToken,
  SignInChecks,
  TokenSet,
} from '../oidc.ts'
import { providerFault } from './oidc-faults.ts'

/** Larger answers of the provider are refused. */
const MAX_ANSWER_OCTETS = 1_048_576

/** Signatures of logout tokens: all asymmetric ones. The key set says which key is for which. */
const ALGORITHMS = [
  ...['RS', 'PS', 'ES'].flatMap((kind) => [256, 384, 512].map((bits) => `${kind}${bits}`)),
  ...['EdDSA', 'Ed25519'],
]
/** Difference of clocks, seconds. */
const CLOCK_TOLERANCE_SECONDS = 30
/** Least wait before the key set is asked for again after a failure. */
const KEYS_RETRY_MS = 2000

/** What the command line read from files. */
export interface OidcSecrets {
  readonly clientSecret?: string | undefined
  /** CA certificates, PEM. */
  readonly ca?: string | undefined
}

/** A provider whose connections can be let go. */
export interface ClosableProvider extends OidcProvider {
  close(): Promise<void>
}

/** Basic where the provider takes it (it is the default of OpenID Connect Discovery section 3), else in the body. */
function authentication(secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None()
  const basic = client.ClientSecretBasic(secret)
  const post = client.ClientSecretPost(secret)
  return (...parameters) => {
    const methods = parameters[0].token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const chosen = methods.includes('client_secret_basic') ? basic : post
    chosen(...parameters)
  }
}

function fetchBy(agent: Agent): client.CustomFetch {
  return async (url, { body, headers, method, signal }) => {
    const given =
      body === undefined || body === null ? {} : { body: body as string | URLSearchParams }
    const timed = signal === undefined ? {} : { signal }
    const options = { headers, method, redirect: 'manual', dispatcher: agent } as const
    const response: unknown = await fetch(url, { ...options, ...given, ...timed })
    // The package's class is another one than Node's own copy of it; openid-client takes both.
    return response as Response
  }
}

/** As a proof it would end the tunnel of whoever is sent it. */
function tooLong(characters: number): GatewayError {
  const text = `the provider's ID token has ${characters} characters, and no more than ${MAX_PROOF_LENGTH} are taken`
  const mend = 'Have the provider put less into ID tokens, of groups above all.'
  return new GatewayError('ERR_GATEWAY_PROVIDER_REFUSED', text, { mend })
}

function tokenSet(
  response: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
): TokenSet | undefined {
  const claims = response.claims()
  if (response.id_token === undefined || claims === undefined) return undefined
  const { id_token: idToken, refresh_token: refreshToken } = response
  if (idToken.length > MAX_PROOF_LENGTH) throw tooLong(idToken.length)
  return {
    idToken,
    claims: { ...claims },
    ...(refreshToken !== undefined && { refreshToken }),
  }
}

function essentialAcr(values: readonly string[]): string {
  return JSON.stringify({ id_token: { acr: { essential: true, values } } })
}

/** What jose says of the token is the token's fault; its messages hold claims. Everything else kept us from the keys. */
function logoutFault(error: unknown): GatewayError {
  if (error instanceof jose.JOSEError && !(error instanceof jose.JWKSTimeout)) {
    const text = `the logout token does not verify: ${error.code}`
    return new GatewayError('ERR_GATEWAY_LOGOUT_TOKEN', text)
  }
  return new GatewayError(
    'ERR_GATEWAY_PROVIDER_UNREACHABLE',
    `the provider's keys cannot be fetched: ${errorText(error)}`,
    { cause: error },
  )
}

class DiscoveredProvider implements ClosableProvider {
  readonly #config: OidcConfig
  readonly #secret: string | undefined
  readonly #agent: Agent
  #discovery: Promise<client.Configuration> | undefined
  #keys: JWTVerifyGetKey | undefined

  constructor(config: OidcConfig, secrets: OidcSecrets) {
    this.#config = config
    this.#secret = secrets.clientSecret
    this.#agent = new Agent({
      connect: { timeout: config.timeoutMs, ...(secrets.ca !== undefined && { ca: secrets.ca }) },
      maxResponseSize: MAX_ANSWER_OCTETS,
    })
  }

  async authorizationUrl(request: AuthorizationRequest): Promise<string> {
    const configuration = await this.#configuration()
    const config = this.#config
    const { acr, maxAgeMinutes = Infinity } = request.stepUp ?? {}
    const claims = configuration.serverMetadata()['claims_parameter_supported'] === true
    const url = client.buildAuthorizationUrl(configuration, {
      ...config.parameters,
      ...(request.forced && { prompt: 'login' }),
      ...(acr && { acr_values: acr.join(' ') }),
      // acr_values is a wish; an essential claim (section 5.5.1.1) makes the provider ask again where it must.
      ...(acr && claims && { claims: essentialAcr(acr) }),
      redirect_uri: request.redirectUri,
      scope: config.scopes.join(' '),
      state: request.state,
      nonce: request.nonce,
      max_age: String(Math.min(config.maxAgeSeconds, maxAgeMinutes * 60)),
      code_challenge: await client.calculatePKCECodeChallenge(request.codeVerifier),
      code_challenge_method: 'S256',
    })
    return url.href
  }

  async redeem(callbackUrl: string, checks: SignInChecks): Promise<TokenSet> {
    const configuration = await this.#configuration()
    try {
      const response = await client.authorizationCodeGrant(configuration, new URL(callbackUrl), {
        expectedState: checks.state,
        expectedNonce: checks.nonce,
        pkceCodeVerifier: checks.codeVerifier,
        maxAge: this.#config.maxAgeSeconds,
        idTokenExpected: true,
      })
      const tokens = tokenSet(response)
      if (tokens) return tokens
    } catch (error) {
      throw providerFault('the sign-in', error)
    }
    throw new GatewayError('ERR_GATEWAY_PROVIDER_REFUSED', 'the provider gave no ID token')
  }

  async refresh(refreshToken: string): Promise<TokenSet | undefined> {
    const configuration = await this.#configuration()
    try {
      return tokenSet(await client.refreshTokenGrant(configuration, refreshToken))
    } catch (error) {
      throw providerFault('the refresh', error)
    }
  }

  async verifyLogoutToken(token: string): Promise<SignedToken> {
    const { issuer, jwks_uri: where } = (await this.#configuration()).serverMetadata()
    const ask = fetchBy(this.#agent)
    const fetchKeys: FetchImplementation = (url, { headers, method, signal }) =>
      ask(url, {
        headers: Object.fromEntries(headers),
        method,
        signal,
        redirect: 'manual',
        body: null,
      })
    this.#keys ??= createRemoteJWKSet(new URL(where ?? ''), {
      timeoutDuration: this.#config.timeoutMs,
      [customFetch]: patientFetch(fetchKeys, KEYS_RETRY_MS),
    })
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keys, {
        ...{ issuer, audience: this.#config.clientId, algorithms: ALGORITHMS },
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      })
      return { claims: payload, type: protectedHeader.typ }
    } catch (error) {
      throw logoutFault(error)
    }
  }

  async endSessionUrl(idToken: string): Promise<string | undefined> {
    const configuration = await this.#configuration()
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
    const back = this.#config.postLogoutRedirectUri
    return client.buildEndSessionUrl(configuration, {
      id_token_hint: idToken,
      ...(back !== undefined && { post_logout_redirect_uri: back }),
    }).href
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #configuration(): Promise<client.Configuration> {
    this.#discovery ??= this.#discover().catch((error: unknown) => {
      this.#discovery = undefined
      const { code, message, mend } = providerFault(`discovery at ${this.#config.issuer}`, error)
      // Whatever is wrong with the metadata, the user was not refused: no session ends by it.
      throw code === 'ERR_GATEWAY_PROVIDER_UNREACHABLE'
        ? new GatewayError(code, message, { cause: error, ...(mend !== undefined && { mend }) })
        : new GatewayError('ERR_GATEWAY_PROVIDER_UNREACHABLE', message, { cause: error })
    })
    return this.#discovery
  }

  #discover(): Promise<client.Configuration> {
    const { issuer, clientId, timeoutMs } = this.#config
    return client.discovery(new URL(issuer), clientId, undefined, authentication(this.#secret), {
      [client.customFetch]: fetchBy(this.#agent),
      timeout: Math.ceil(timeoutMs / 1000),
      execute: [client.enableNonRepudiationChecks],
    })
  }
}

/**
 * The provider of a configuration. Nothing is fetched yet.
 *
 * @param config - The `oidc` section.
 * @param secrets - What its files hold.
 * @returns The port; close it when it is no longer used.
 */
export function createOidcProvider(config: OidcConfig, secrets: OidcSecrets): ClosableProvider {
  return new DiscoveredProvider(config, secrets)
}
