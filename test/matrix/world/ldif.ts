/** LDIF of what the matrix adds to the lab's domain, as docker/samba-ad/populate.sh writes it. */

const NORMAL = 512
const NEVER_EXPIRES = 65_536
const COMPUTER = 4096

/** userAccountControl bits (MS-ADTS 2.2.16). */
export const NOT_DELEGATED = 1_048_576
export const TRUSTED_TO_AUTH = 16_777_216
export const DISABLED = 2

/** An ordinary account whose password does not expire. */
export const ORDINARY: number = NORMAL + NEVER_EXPIRES

/** Where the lab keeps things. */
export const BASE_DN = 'DC=corp,DC=example'
export const DOMAIN = 'corp.example'

/** One password for everybody of the matrix: it is a lab. */
export const PASSWORD = 'Lab-matrix-1'

/** An account to be added. */
export interface AccountWish {
  readonly name: string
  /** More LDIF lines. */
  readonly lines?: readonly string[]
  /** userAccountControl bits besides the usual. */
  readonly flags?: number
}

/** A password as unicodePwd wants it: in quotes, UTF-16LE (MS-ADTS 3.1.1.3.1.5). */
export function passwordLine(password: string = PASSWORD): string {
  return `unicodePwd:: ${Buffer.from(`"${password}"`, 'utf16le').toString('base64')}`
}

const entry = (lines: readonly string[]): string => `${lines.join('\n')}\n\n`

/** Distinguished name of a user or service account. */
export const userDn = (name: string): string => `CN=${name},CN=Users,${BASE_DN}`

/** Distinguished name of a computer account. */
export const computerDn = (name: string): string => `CN=${name},CN=Computers,${BASE_DN}`

/** A person or a service account. */
export function user({ name, lines = [], flags = 0 }: AccountWish): string {
  const upn = lines.some((line) => line.startsWith('userPrincipalName:'))
  return entry([
    `dn: ${userDn(name)}`,
    'objectClass: user',
    `sAMAccountName: ${name}`,
    ...(upn ? [] : [`userPrincipalName: ${name}@${DOMAIN}`]),
    `userAccountControl: ${NORMAL + NEVER_EXPIRES + flags}`,
    passwordLine(),
    ...lines,
  ])
}

/** A service account with AES keys only, for one SPN. */
export function service(name: string, spn: string): string {
  return user({
    name,
    lines: [`servicePrincipalName: ${spn}`, 'msDS-SupportedEncryptionTypes: 24'],
  })
}

/** A connector's computer account with AES keys only. */
export function computer({ name, lines = [], flags = 0 }: AccountWish): string {
  const host = `${name.toLowerCase()}.${DOMAIN}`
  return entry([
    `dn: ${computerDn(name)}`,
    'objectClass: computer',
    `sAMAccountName: ${name}$`,
    `userAccountControl: ${COMPUTER + NEVER_EXPIRES + flags}`,
    `dNSHostName: ${host}`,
    `servicePrincipalName: HOST/${host}`,
    'msDS-SupportedEncryptionTypes: 24',
    passwordLine(),
    ...lines,
  ])
}

/** A group with its members' distinguished names. */
export function group(name: string, members: readonly string[]): string {
  const lines = members.map((member) => `member: ${member}`)
  return entry([`dn: ${userDn(name)}`, 'objectClass: group', `sAMAccountName: ${name}`, ...lines])
}

/** MS-DNSP 2.3.2.2: a stored record, its data after 24 octets of head. */
function dnsRecord(type: number, data: Buffer): string {
  const head = Buffer.alloc(24)
  head.writeUInt16LE(data.length, 0)
  head.writeUInt16LE(type, 2)
  head.writeUInt8(5, 4) // version
  head.writeUInt8(240, 5) // rank: of the zone
  head.writeUInt32LE(1, 8) // serial
  // Time to live 0: a mend of the DNS is seen at once.
  return `dnsRecord:: ${Buffer.concat([head, data]).toString('base64')}`
}

/** MS-DNSP 2.2.2.2.2: a DNS_COUNT_NAME. */
function countedName(name: string): Buffer {
  const labels = name.split('.')
  const parts = labels.map((label) =>
    Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'ascii')]),
  )
  const raw = Buffer.concat([...parts, Buffer.of(0)])
  return Buffer.concat([Buffer.of(raw.length, labels.length), raw])
}

/** A name of the domain: an address, or a name that it is an alias of. */
export function dnsNode(label: string, target: string): string {
  const isAddress = /^[\d.]+$/.test(target)
  const data = isAddress ? Buffer.from(target.split('.').map(Number)) : countedName(target)
  return entry([
    `dn: DC=${label},DC=${DOMAIN},CN=MicrosoftDNS,DC=DomainDnsZones,${BASE_DN}`,
    'objectClass: dnsNode',
    dnsRecord(isAddress ? 1 : 5, data),
  ])
}

/** A change of one attribute. */
export function replace(dn: string, attribute: string, values: readonly string[]): string {
  const lines = values.map((value) =>
    value.startsWith(':') ? `${attribute}:${value}` : `${attribute}: ${value}`,
  )
  return entry([`dn: ${dn}`, 'changetype: modify', `replace: ${attribute}`, ...lines, '-'])
}
