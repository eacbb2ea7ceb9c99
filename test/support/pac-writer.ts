/**
 * Writes a PAC (MS-PAC) for the in-memory KDC and for tests. The product only reads PACs.
 *
 * @module
 */

/** Makes one PAC signature, for instance with `checksum(key, 17, data)`. */
export interface PacSigner {
  /** Checksum type: 15, 16 or -138. */
  readonly type: number
  /** The number of a read-only domain controller; it is written behind the signature. */
  readonly rodcIdentifier?: number
  /** The keyed checksum of the data. */
  sign(data: Uint8Array): Uint8Array
}

/** What a PAC says. */
export interface PacContent {
  readonly effectiveName: string
  readonly logonDomainName: string
  /** `S-1-5-21-…` */
  readonly logonDomainSid: string
  /** Relative identifier of the account; 0 makes the first extra SID the account's. */
  readonly userId: number
  /** Relative identifiers of groups in the account's domain. */
  readonly groupIds: readonly number[]
  readonly extraSids?: readonly string[]
  readonly resourceGroups?: { readonly domainSid: string; readonly groupIds: readonly number[] }
  readonly userAccountControl?: number
  readonly authTimeMs: number
  /** The client's name in PAC_CLIENT_INFO; by default the effective name. */
  readonly clientName?: string
  readonly upn?: {
    readonly name: string
    readonly dnsDomainName: string
    readonly extended: boolean
  }
  /** S4U_DELEGATION_INFO. */
  readonly delegation?: { readonly target: string; readonly transited: readonly string[] }
  /** PAC_REQUESTOR. */
  readonly requestorSid?: string
  /** Flags of PAC_ATTRIBUTES_INFO. */
  readonly attributes?: number
  /** As MIT krb5 writes it where no directory is behind it. */
  readonly withoutLogonInfo?: boolean
  /** More buffers, by type. */
  readonly others?: readonly (readonly [type: number, octets: Uint8Array])[]
}

/** Octets that grow, with NDR's little-endian numbers and alignment. */
class NdrWriter {
  readonly #parts: Buffer[] = []
  #length = 0
  #referent = 0x00020000

  get length(): number {
    return this.#length
  }

  raw(octets: Uint8Array): this {
    this.#parts.push(Buffer.from(octets))
    this.#length += octets.length
    return this
  }

  align(octets: number): this {
    return this.raw(Buffer.alloc((octets - (this.#length % octets)) % octets))
  }

  uint16(...values: number[]): this {
    for (const value of values) {
      const octets = Buffer.alloc(2)
      octets.writeUInt16LE(value)
      this.align(2).raw(octets)
    }
    return this
  }

  uint32(...values: number[]): this {
    for (const value of values) {
      const octets = Buffer.alloc(4)
      octets.writeUInt32LE(value >>> 0)
      this.align(4).raw(octets)
    }
    return this
  }

  pointer(present: boolean): this {
    if (present) this.#referent += 4
    return this.uint32(present ? this.#referent : 0)
  }

  fileTime(timeMs: number): this {
    const ticks = (BigInt(Math.floor(timeMs)) + 11_644_473_600_000n) * 10_000n
    return this.uint32(Number(ticks & 0xffffffffn), Number(ticks >> 32n))
  }

  stringHeader(text: string): this {
    return this.uint16(text.length * 2, text.length * 2).pointer(true)
  }

  stringBody(text: string): this {
    return this.uint32(text.length, 0, text.length).raw(Buffer.from(text, 'utf16le'))
  }

  rpcSid(sid: string): this {
    const octets = sidOctets(sid)
    return this.uint32(octets[1] ?? 0).raw(octets)
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/**
 * The packet representation of a SID (MS-DTYP 2.4.2.2).
 *
 * @param sid - `S-1-…`
 * @returns 8 octets and 4 for each sub-authority.
 */
export function sidOctets(sid: string): Buffer {
  const [authority = 0, ...parts] = sid.split('-').slice(2).map(Number)
  const octets = Buffer.alloc(8 + parts.length * 4)
  octets[0] = 1
  octets[1] = parts.length
  octets.writeUIntBE(authority, 2, 6)
  for (const [i, part] of parts.entries()) octets.writeUInt32LE(part, 8 + i * 4)
  return octets
}

/** SE_GROUP_MANDATORY, SE_GROUP_ENABLED_BY_DEFAULT, SE_GROUP_ENABLED. */
const GROUP_ATTRIBUTES = 7
const NEVER = [0xffffffff, 0x7fffffff] as const
const DOMAIN_USERS = 513

function writeFixedPart(w: NdrWriter, content: PacContent): void {
  const { extraSids = [], resourceGroups } = content
  w.fileTime(content.authTimeMs).uint32(...NEVER, ...NEVER)
  w.fileTime(content.authTimeMs)
    .fileTime(content.authTimeMs)
    .uint32(...NEVER)
  w.stringHeader(content.effectiveName)
  for (let i = 0; i < 5; i++) w.stringHeader('')
  w.uint16(1, 0).uint32(content.userId, DOMAIN_USERS)
  w.uint32(content.groupIds.length).pointer(true).uint32(0x20).raw(Buffer.alloc(16))
  w.stringHeader('DC1').stringHeader(content.logonDomainName).pointer(true).uint32(0, 0)
  w.uint32(content.userAccountControl ?? 0x10, 0, 0, 0, 0, 0, 0, 0)
  w.uint32(extraSids.length).pointer(extraSids.length > 0)
  w.pointer(resourceGroups !== undefined)
  w.uint32(resourceGroups?.groupIds.length ?? 0).pointer(resourceGroups !== undefined)
}

function writeGroups(w: NdrWriter, ids: readonly number[]): void {
  w.uint32(ids.length)
  for (const id of ids) w.uint32(id, GROUP_ATTRIBUTES)
}

function logonInfo(content: PacContent): Buffer {
  const { extraSids = [], resourceGroups } = content
  const w = new NdrWriter().pointer(true)
  writeFixedPart(w, content)
  w.stringBody(content.effectiveName)
  for (let i = 0; i < 5; i++) w.stringBody('')
  writeGroups(w, content.groupIds)
  w.stringBody('DC1').stringBody(content.logonDomainName).rpcSid(content.logonDomainSid)
  if (extraSids.length > 0) {
    w.uint32(extraSids.length)
    for (let i = 0; i < extraSids.length; i++) w.pointer(true).uint32(GROUP_ATTRIBUTES)
    for (const sid of extraSids) w.rpcSid(sid)
  }
  if (resourceGroups !== undefined) {
    w.rpcSid(resourceGroups.domainSid)
    writeGroups(w, resourceGroups.groupIds)
  }
  return serialized(w.align(8).finish())
}

function clientInfo(content: PacContent): Buffer {
  const name = Buffer.from(content.clientName ?? content.effectiveName, 'utf16le')
  return new NdrWriter().fileTime(content.authTimeMs).uint16(name.length).raw(name).finish()
}

function upnDnsInfo(content: PacContent): Buffer | undefined {
  if (content.upn === undefined) return undefined
  const { name, dnsDomainName, extended } = content.upn
  const texts: Buffer[] = [name, dnsDomainName].map((text) => Buffer.from(text, 'utf16le'))
  const userSid = sidOctets(`${content.logonDomainSid}-${content.userId}`)
  if (extended) texts.push(Buffer.from(content.effectiveName, 'utf16le'), userSid)
  const header = new NdrWriter()
  const body = new NdrWriter().raw(Buffer.alloc(extended ? 24 : 16))
  for (const [i, text] of texts.entries()) {
    body.align(8)
    header.uint16(text.length, body.length)
    body.raw(text)
    if (i === 1) header.uint32(extended ? 2 : 0)
  }
  return Buffer.concat([header.finish(), body.finish().subarray(header.length)])
}

function delegationInfo({ target, transited }: NonNullable<PacContent['delegation']>): Buffer {
  const w = new NdrWriter().pointer(true).stringHeader(target)
  w.uint32(transited.length).pointer(true).stringBody(target).uint32(transited.length)
  for (const name of transited) w.stringHeader(name)
  for (const name of transited) w.stringBody(name)
  return serialized(w.align(8).finish())
}

/** Behind the headers of type serialization 1 (MS-RPCE 2.2.6). */
function serialized(body: Buffer): Buffer {
  return new NdrWriter().uint32(0x00081001, 0xcccccccc, body.length, 0).raw(body).finish()
}

/** What a KDC says besides logon and client information. */
function moreBuffers(content: PacContent): (readonly [type: number, octets: Uint8Array])[] {
  const { delegation, requestorSid, attributes } = content
  const upn = upnDnsInfo(content)
  return [
    ...(upn === undefined ? [] : [[12, upn] as const]),
    ...(delegation === undefined ? [] : [[11, delegationInfo(delegation)] as const]),
    ...(requestorSid === undefined ? [] : [[18, sidOctets(requestorSid)] as const]),
    ...(attributes === undefined
      ? []
      : [[17, new NdrWriter().uint32(2, attributes).finish()] as const]),
    ...(content.others ?? []),
  ]
}

/** PAC_SIGNATURE_DATA with all behind the type still zero. */
function emptySignature(signer: PacSigner): Buffer {
  return new NdrWriter()
    .uint32(signer.type)
    .raw(Buffer.alloc(signedBy(signer, new Uint8Array(0)).length))
    .finish()
}

/** Signature and RODCIdentifier. */
function signedBy(signer: PacSigner, data: Uint8Array): Buffer {
  const w = new NdrWriter().raw(signer.sign(data))
  return signer.rodcIdentifier === undefined ? w.finish() : w.uint16(signer.rodcIdentifier).finish()
}

/**
 * Lays out buffers in the order given, without signing.
 *
 * @param buffers - Type and octets of each.
 * @returns The PAC and where each buffer begins in it.
 */
export function layOutPac(buffers: readonly (readonly [type: number, octets: Uint8Array])[]): {
  readonly octets: Buffer
  readonly offsets: ReadonlyMap<number, number>
} {
  const head = new NdrWriter().uint32(buffers.length, 0)
  const body = new NdrWriter().raw(Buffer.alloc(8 + buffers.length * 16))
  const offsets = new Map<number, number>()
  for (const [type, octets] of buffers) {
    head.uint32(type, octets.length, body.length, 0)
    offsets.set(type, body.length)
    body.raw(octets).align(8)
  }
  const octets = body.finish()
  head.finish().copy(octets)
  return { octets, offsets }
}

/** Who signs what. */
export interface PacSigners {
  /** With the key of the service the ticket is for. */
  readonly server: PacSigner
  /** With the key of the KDC. */
  readonly kdc: PacSigner
  /** The EncTicketPart with one zero octet for the PAC: the KDC then signs it and the whole PAC too. */
  readonly ticket?: Uint8Array
}

/**
 * Writes and signs a PAC. Ticket signature: over the ticket. Full: over all with the server's, the KDC's and itself zero.
 * Server: over all with the server's and the KDC's zero. KDC: over the server's.
 *
 * @param content - What it says.
 * @param signers - Who signs.
 * @returns The PAC, the ad-data of an AD-WIN2K-PAC.
 */
export function encodePac(content: PacContent, signers: PacSigners): Uint8Array {
  const { server, kdc, ticket } = signers
  const { octets, offsets } = layOutPac([
    ...(content.withoutLogonInfo === true ? [] : [[1, logonInfo(content)] as const]),
    [10, clientInfo(content)],
    ...moreBuffers(content),
    ...(ticket === undefined ? [] : [[16, emptySignature(kdc)] as const]),
    ...(ticket === undefined ? [] : [[19, emptySignature(kdc)] as const]),
    [6, emptySignature(server)],
    [7, emptySignature(kdc)],
  ])
  const put = (type: number, mac: Uint8Array) => {
    octets.set(mac, (offsets.get(type) ?? 0) + 4)
  }
  if (ticket !== undefined) {
    put(16, signedBy(kdc, ticket))
    put(19, signedBy(kdc, octets))
  }
  const serverMac = server.sign(octets)
  put(6, serverMac)
  put(7, signedBy(kdc, serverMac))
  return octets
}
