/**
 * Writes a PAC (MS-PAC) for the in-memory KDC and for tests. The product only reads PACs.
 *
 * @module
 */

/** Makes one PAC signature, for instance with `checksum(key, 17, data)`. */
export interface PacSigner {
  /** Checksum type: 15, 16 or -138. */
  readonly type: number
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
  const body = w.align(8).finish()
  return new NdrWriter().uint32(0x00081001, 0xcccccccc, body.length, 0).raw(body).finish()
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

/** PAC_SIGNATURE_DATA with the signature still zero. */
function emptySignature(signer: PacSigner): Buffer {
  const mac = signer.sign(new Uint8Array(0))
  return new NdrWriter().uint32(signer.type).raw(Buffer.alloc(mac.length)).finish()
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

/**
 * Writes and signs a PAC: the server signature over all with both signatures zero, the KDC's over the server's.
 *
 * @param content - What it says.
 * @param signers - Who signs.
 * @param signers.server - With the key of the service the ticket is for.
 * @param signers.kdc - With the key of the KDC.
 * @returns The PAC, the ad-data of an AD-WIN2K-PAC.
 */
export function encodePac(
  content: PacContent,
  signers: { readonly server: PacSigner; readonly kdc: PacSigner },
): Uint8Array {
  const upn = upnDnsInfo(content)
  const { octets, offsets } = layOutPac([
    [1, logonInfo(content)],
    [10, clientInfo(content)],
    ...(upn === undefined ? [] : [[12, upn] as const]),
    ...(content.others ?? []),
    [6, emptySignature(signers.server)],
    [7, emptySignature(signers.kdc)],
  ])
  const serverMac = signers.server.sign(octets)
  octets.set(serverMac, (offsets.get(6) ?? 0) + 4)
  octets.set(signers.kdc.sign(serverMac), (offsets.get(7) ?? 0) + 4)
  return octets
}
