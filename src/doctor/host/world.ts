/**
 * What the checks of the host may ask.
 *
 * @module
 */

/** What runs. */
export interface Versions {
  readonly sallyport: string
  /** Without `v`. */
  readonly node: string
  readonly openssl: string
  /** As in package.json: `>=22.19`. */
  readonly nodeWanted: string
}

/** A file or directory that the configuration names. */
export interface NamedFile {
  /** What it is, for people: `keytab (kerberos.keytab)`. */
  readonly what: string
  readonly path: string
  readonly kind: 'file' | 'directory'
  /** Others must not even read it. */
  readonly secret: boolean
}

/** What the file system says of it. */
export interface FileFacts {
  /** Permission bits, such as 0o600. */
  readonly mode: number
  readonly uid: number
  readonly owner: string
  readonly kind: 'file' | 'directory' | 'other'
  /** The user that doctor runs as can read it (and enter a directory). */
  readonly readable: boolean
}

/** What a clock was compared with. */
export interface KdcTime {
  /** KDC's time less ours, milliseconds; undefined when the KDC gave no ticket. */
  readonly skewMs: number | undefined
  /** Why it gave none: code and words. */
  readonly problem?: { readonly code: string; readonly text: string }
}

/** What the host's checks may ask. */
export interface HostWorld {
  readonly versions: Versions
  readonly files: readonly NamedFile[]
  /** The user that doctor runs as. */
  readonly user: { readonly uid: number; readonly name: string }
  /** Facts of a file; undefined where it is not there. Rejects when even that cannot be found out. */
  lookAt(path: string): Promise<FileFacts | undefined>
  /** Undefined: no kerberos section. */
  readonly kerberos: KerberosWorld | undefined
  readonly fips: { readonly mode: boolean; readonly md5: boolean }
}

/** What the host's checks may ask where there is Kerberos. */
export interface KerberosWorld {
  readonly realm: string
  /** Names of KDCs and domain controllers that the configuration lists, without ports. */
  readonly hosts: readonly string[]
  /** The configuration lists KDCs, itself or by a krb5.conf. */
  readonly kdcsListed: boolean
  readonly dnsLookup: boolean
  readonly allowOwnMd5: boolean
  /** Gets a ticket-granting ticket and compares clocks. */
  compareClocks(signal: AbortSignal): Promise<KdcTime>
  /** Addresses of a name; rejects where there are none. */
  addresses(name: string): Promise<readonly string[]>
  /** Names of an address; none where there is no PTR record. */
  namesOf(address: string): Promise<readonly string[]>
  /** Targets of SRV records. */
  services(name: string): Promise<readonly string[]>
}
