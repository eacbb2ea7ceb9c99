/**
 * The OpenID provider's configuration: code flow with PKCE, refresh tokens, no consent page, claims from the directory.
 *
 * @module
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Provider, {
  type Account,
  type Configuration,
  type Grant,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import { Agent, request } from 'undici'
import type { People, Person } from './people.ts'
import type { ProviderSettings } from './settings.ts'

/** Whose people they are, `People` knows. */
type OwnSettings = Omit<ProviderSettings, 'people'>

const SCOPES = 'openid profile email offline_access'
const HOURS = 3600

/** Where the gateway may have people sent back: its own path on any application of this machine. */
const REDIRECT = /^https:\/\/([a-z0-9-]+\.)*localhost(:\d+)?\/\.sallyport\/callback$/
const REDIRECT_BY_ADDRESS = /^https:\/\/127(\.\d{1,3}){3}(:\d+)?\/\.sallyport\/callback$/
const AFTER_SIGN_OUT =
  /^https:\/\/(([a-z0-9-]+\.)*localhost|127(\.\d{1,3}){3})(:\d+)?\/([\w.~/-]*)$/

function signingKeys(): NonNullable<Configuration['jwks']> {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const named = [
    { ...rsa.export({ format: 'jwk' }), kid: 'lab-rsa', alg: 'RS256', use: 'sig' },
    { ...ec.export({ format: 'jwk' }), kid: 'lab-ec', alg: 'ES256', use: 'sig' },
  ]
  return { keys: named }
}

function account(person: Person): Account {
  return {
    accountId: person.id,
    claims: () => ({
      sub: person.id,
      upn: person.upn,
      preferred_username: person.accountName,
      name: person.name,
      email: person.email,
      groups: [...person.groups],
      ...(person.department === undefined ? {} : { department: person.department }),
      ...(person.employeeId === undefined ? {} : { employee_id: person.employeeId }),
      ...(person.sid === undefined ? {} : { onprem_sid: person.sid }),
      ...(person.immutableId === undefined ? {} : { immutable_id: person.immutableId }),
    }),
  }
}

/** Authentication contexts: every sign-in is the first, one that was asked for the second is that. */
export const PASSWORD: string = 'urn:sallyport:lab:password'
export const SECOND_FACTOR: string = 'urn:sallyport:lab:second-factor'

const gateways = new Agent({
  connect: {
    rejectUnauthorized: false,
    lookup: (_name, { all }, done) => {
      if (all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
      else done(null, '127.0.0.1', 4)
    },
  },
})

const toGateway: NonNullable<Configuration['fetch']> = async (url, options) => {
  const { body, headers, method } = options as {
    body?: URLSearchParams
    headers: Headers
    method: string
  }
  const { statusCode } = await request(url instanceof Request ? url.url : url, {
    dispatcher: gateways,
    method: method as 'POST',
    headers: Object.fromEntries(headers),
    body: body?.toString() ?? null,
  })
  return new Response(null, { status: statusCode })
}

/** Nobody is asked for consent: the administrator of this lab has given it. */
async function grantEverything(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { oidc } = ctx
  const clientId = oidc.client?.clientId
  const accountId = oidc.session?.accountId
  if (clientId === undefined || accountId === undefined) return undefined
  const known = oidc.session?.grantIdFor(clientId)
  const existing = known === undefined ? undefined : await oidc.provider.Grant.find(known)
  if (existing !== undefined) return existing
  const grant = new oidc.provider.Grant({ clientId, accountId })
  grant.addOIDCScope(SCOPES)
  await grant.save()
  return grant
}

function clientOf(settings: OwnSettings): NonNullable<Configuration['clients']>[number] {
  return {
    client_id: settings.clientId,
    client_secret: settings.clientSecret,
    redirect_uris: ['https://intranet.localhost/.sallyport/callback'],
    post_logout_redirect_uris: ['https://intranet.localhost/'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    require_auth_time: true,
  }
}

function configuration(settings: OwnSettings, people: People): Configuration {
  return {
    clients: [clientOf(settings)],
    jwks: signingKeys(),
    cookies: { keys: [randomBytes(32).toString('hex')] },
    pkce: { required: () => true },
    // The whole truth in the ID token, as Entra and AD FS do it: the connector sees nothing else.
    conformIdTokenClaims: false,
    claims: {
      openid: [
        'sub',
        'upn',
        'groups',
        'department',
        'employee_id',
        'onprem_sid',
        'immutable_id',
        'auth_time',
        'acr',
      ],
      profile: ['name', 'preferred_username'],
      email: ['email'],
    },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      // A gateway whose port is only known when it starts registers a client of its own, to be told of sign-outs there.
      registration: { enabled: true, initialAccessToken: settings.clientSecret },
    },
    // Gateways of demos and tests have certificates of their own making, and names under .localhost.
    fetch: toGateway,
    acrValues: [PASSWORD, SECOND_FACTOR],
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantEverything,
    // oidc-provider drops offline_access without prompt=consent, and here nobody is asked for consent.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: HOURS,
      AuthorizationCode: 60,
      Grant: 24 * HOURS,
      IdToken: settings.idTokenSeconds,
      Interaction: 600,
      RefreshToken: 24 * HOURS,
      Session: 12 * HOURS,
    },
    findAccount: async (_ctx, id) => {
      const person = await people.find(id)
      return person === undefined ? undefined : account(person)
    },
  }
}

/**
 * Makes the provider.
 *
 * @param settings - Where it lives and which client it serves.
 * @param people - Who can sign in.
 * @returns The provider; its `callback()` serves everything but the sign-in page.
 */
export function createProvider(settings: OwnSettings, people: People): Provider {
  const provider = new Provider(settings.issuer, configuration(settings, people))
  // Demos and tests listen on ports of the moment, so the list of a real provider would not do.
  const client = provider.Client.prototype
  client.redirectUriAllowed = (uri) => REDIRECT.test(uri) || REDIRECT_BY_ADDRESS.test(uri)
  client.postLogoutRedirectUriAllowed = (uri) => AFTER_SIGN_OUT.test(uri)
  return provider
}
