/** A blob as MS-ADTS 2.2.19 lays it out. */

/** What a test says of a managed password. */
export interface BlobContent {
  readonly current: string
  readonly previous?: string | undefined
  readonly queryMs: number
  readonly unchangedMs: number
}

const TICKS_PER_MS = 10_000n
const HEAD_OCTETS = 16

/** Writes the blob. */
export function encodeManagedPassword(content: BlobContent): Buffer {
  const current = Buffer.from(`${content.current}\0`, 'utf16le')
  const previous =
    content.previous === undefined ? undefined : Buffer.from(`${content.previous}\0`, 'utf16le')
  const passwords = Buffer.concat([current, previous ?? Buffer.alloc(0)])
  const query = Math.ceil((HEAD_OCTETS + passwords.length) / 8) * 8
  const blob = Buffer.alloc(query + 16)
  blob.writeUInt16LE(1, 0)
  blob.writeUInt32LE(blob.length, 4)
  blob.writeUInt16LE(HEAD_OCTETS, 8)
  blob.writeUInt16LE(previous === undefined ? 0 : HEAD_OCTETS + current.length, 10)
  blob.writeUInt16LE(query, 12)
  blob.writeUInt16LE(query + 8, 14)
  passwords.copy(blob, HEAD_OCTETS)
  blob.writeBigUInt64LE(BigInt(content.queryMs) * TICKS_PER_MS, query)
  blob.writeBigUInt64LE(BigInt(content.unchangedMs) * TICKS_PER_MS, query + 8)
  return blob
}
