/**
 * Takes out of texts and configurations what must not leave the host.
 *
 * Three nets, one below the other: known secrets by value, what looks like a secret by form, and of configurations every text
 * that is not on a short list of harmless fields.
 *
 * @module
 */

/** What stands where something was. */
const REDACTED = '<redacted>'

/** What is known to be sensitive. */
export interface Sensitive {
  /** Secrets by value: passwords, keys. Shorter ones than 4 characters are not looked for. */
  readonly secrets: readonly string[]
  /** Absolute paths; only their last part stays. */
  readonly paths: readonly string[]
}

const SHORTEST_SECRET = 4

/**
 * What looks like a secret, whoever wrote it. The first group stays. None begins in the middle of what it repeats: a long row
 * would be read again from each of its characters.
 */
const FORMS: readonly RegExp[] = [
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)[^\r\n"']+/gi,
  /\b((?:set-)?cookie["']?\s*[:=]\s*["']?)[^\r\n"']+/gi,
  /\b((?:negotiate|bearer|basic|ntlm)\s+)[A-Za-z0-9+/=._~-]{8,}/gi,
  /(?<![\w-])((?:(?!\beyJ)[\w-])*)\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g,
  /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/)[^\s/@"']+@/gi,
  /\b((?:password|passwd|secret|token|private_?key|session)["']?\s*[:=]\s*["']?)[^\s"',}]+/gi,
]

/** Makes the function that cleans a text. */
export function redactor({ secrets, paths }: Sensitive): (text: string) => string {
  const values = secrets
    .flatMap(formsOf)
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((left, right) => right.length - left.length)
  const places = paths.toSorted((left, right) => right.length - left.length)
  return (text) => {
    let clean = text
    for (const path of places) clean = clean.replaceAll(path, `<path>/${path.replace(/^.*\//, '')}`)
    for (const value of values) clean = clean.replaceAll(value, REDACTED)
    for (const form of FORMS) clean = clean.replace(form, `$1${REDACTED}`)
    return clean
  }
}

/** A secret as it may stand in a log: as it is, its lines, in Base64 and hex, in a URL, in JSON. */
function formsOf(secret: string): readonly string[] {
  const octets = Buffer.from(secret)
  const lines = secret.split(/\r?\n/).filter((line) => !line.startsWith('-----'))
  return [
    secret,
    ...lines,
    octets.toString('base64'),
    octets.toString('base64url'),
    octets.toString('hex'),
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
  ]
}

/**
 * Cleans every text of a value made of objects and lists; keys too.
 *
 * @param value - Plain data.
 * @param clean - For texts.
 * @returns A copy.
 */
export function redactDeep(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map((each) => redactDeep(each, clean))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [clean(key), redactDeep(each, clean)]),
  )
}

/** Fields of connector.yaml and policy.yaml whose texts say nothing secret and are needed to help. */
const HARMLESS: ReadonlySet<string> = new Set([
  'realm',
  'principal',
  'kdcs',
  'servers',
  'baseDn',
  'fast',
  's4uUserPadata',
  'brokenTicketKeys',
  'engine',
  'url',
  'pins',
  'pin',
  'verify',
  'passwordVariable',
  'issuer',
  'audience',
  'authorizedParty',
  'loginClaim',
  'onPremisesUserPrincipalNameClaim',
  'onPremisesSAMAccountNameClaim',
  'loginIdentities',
  'jwksUrl',
  'upnSuffixes',
  'realms',
  'algorithms',
  'origin',
  'servicePrincipalName',
  'preAuthentication',
  'addresses',
  'mutualAuthentication',
])

/** Fields that hold paths. */
const PATHS: ReadonlySet<string> = new Set([
  'stateDirectory',
  'policy',
  'keytab',
  'passwordFile',
  'krb5Conf',
  'ca',
  'keysFile',
])

/**
 * A configuration without its secrets: numbers and switches stay, texts only in fields that are known to be harmless, of paths the
 * last part.
 *
 * @param value - What the YAML file says.
 * @param clean - For the texts that stay.
 * @param field - The field that holds the value.
 * @returns A copy.
 */
export function redactConfiguration(
  value: unknown,
  clean: (text: string) => string,
  field = '',
): unknown {
  if (typeof value === 'string') return redactText(value, clean, field)
  if (Array.isArray(value)) return value.map((each) => redactConfiguration(each, clean, field))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [clean(key), redactConfiguration(each, clean, key)]),
  )
}

function redactText(value: string, clean: (text: string) => string, field: string): string {
  if (PATHS.has(field)) return clean(`<path>/${value.replace(/^.*\//s, '')}`)
  return HARMLESS.has(field) ? clean(value) : REDACTED
}
