/**
 * Settings of the lab's OpenID provider, all from the environment so that the image and the machine read the same.
 *
 * @module
 */

/** A domain whose people can sign in. */
export interface PeopleSettings {
  /** Suffixes of its people's logins: its own name first. */
  readonly suffixes: readonly string[]
  /** PEM file of the authority of the controller's certificate. */
  readonly caFile: string
  /** `ldaps://…` of the domain controller that checks passwords, and the name its certificate must have. */
  readonly ldapUrl: string
  readonly ldapServerName: string
  /** `DC=corp,DC=example` and the NetBIOS name, for logins without a suffix. */
  readonly baseDn: string
  readonly workgroup: string
  /** Account that looks people up when a refresh token is used. */
  readonly lookupUser: string
  readonly lookupPassword: string
}

/** What the provider needs to know. */
export interface ProviderSettings {
  /** Address it listens on, and the port. */
  readonly address: string
  readonly port: number
  /** Its own URL, as browsers and the gateway reach it. */
  readonly issuer: string
  /** Folder with ca.pem, oidc.pem and oidc.key. */
  readonly tlsDirectory: string
  /** The first has the people of logins that lead to none. */
  readonly people: readonly [PeopleSettings, ...PeopleSettings[]]
  readonly clientId: string
  readonly clientSecret: string
  /** How long an ID token is good for, seconds: short where a test wants to see refreshes. */
  readonly idTokenSeconds: number
}

const TLS = '/var/lib/sallyport-lab/tls'

function text(name: string, fallback: string): string {
  return process.env[name] ?? fallback
}

function positive(name: string, fallback: number): number {
  const value = Number(text(name, String(fallback)))
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name} must be a whole number above 0`)
  return value
}

function baseDnOf(domain: string): string {
  return domain
    .split('.')
    .map((label) => `DC=${label}`)
    .join(',')
}

function ownPeople(domain: string): PeopleSettings {
  return {
    suffixes: [domain],
    caFile: `${text('LAB_TLS', TLS)}/ca.pem`,
    ldapUrl: text('LAB_LDAP_URL', `ldaps://${text('LAB_ADDRESS', '127.88.0.1')}`),
    ldapServerName: text('LAB_LDAP_NAME', `dc1.${domain}`),
    baseDn: baseDnOf(domain),
    workgroup: text('LAB_WORKGROUP', 'CORP'),
    lookupUser: text('LAB_OIDC_LOOKUP_USER', `svc-oidc@${domain}`),
    lookupPassword: text('LAB_OIDC_LOOKUP_PASSWORD', 'Lab-svc-oidc-1'),
  }
}

/** One more domain, where LAB_OIDC_FURTHER has it as JSON. */
function furtherPeople(): readonly PeopleSettings[] {
  const further = text('LAB_OIDC_FURTHER', '')
  if (further === '') return []
  const given = JSON.parse(further) as Omit<PeopleSettings, 'baseDn'>
  return [{ ...given, baseDn: baseDnOf(given.suffixes[0] ?? '') }]
}

/**
 * Reads the environment.
 *
 * @returns Every setting, with the lab's defaults.
 */
export function readSettings(): ProviderSettings {
  const address = text('LAB_OIDC_ADDRESS', '127.88.0.20')
  const domain = text('LAB_DNS_DOMAIN', 'corp.example')
  return {
    address,
    port: positive('LAB_OIDC_PORT', 443),
    issuer: text('LAB_OIDC_ISSUER', `https://${address}`),
    tlsDirectory: text('LAB_TLS', TLS),
    people: [ownPeople(domain), ...furtherPeople()],
    clientId: text('LAB_OIDC_CLIENT_ID', 'sallyport'),
    clientSecret: text('LAB_OIDC_CLIENT_SECRET', 'lab-client-secret-of-sallyport-0001'),
    idTokenSeconds: positive('SALLYPORT_OIDC_ID_TOKEN_SECONDS', 3600),
  }
}
