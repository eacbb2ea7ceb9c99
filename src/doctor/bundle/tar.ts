/**
 * A tar archive of text files (POSIX.1-2017, ustar interchange format), enough for a bundle that any tar reads.
 *
 * @module
 */

const BLOCK = 512
/** Offsets and lengths of the header's fields. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const

/** One file. */
export interface TarFile {
  /** Up to 100 octets of ASCII. */
  readonly name: string
  readonly text: string
}

type Field = keyof typeof FIELDS

function octal(value: number, [, length]: readonly [number, number]): string {
  return value.toString(8).padStart(length - 1, '0')
}

function header(file: TarFile, octets: number, timeSeconds: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const put = (field: Field, text: string): void => {
    const [at, length] = FIELDS[field]
    if (text.length > length) throw new RangeError(`tar: ${field} of ${file.name} is too long`)
    block.write(text, at, 'ascii')
  }
  put('name', file.name)
  put('mode', octal(0o600, FIELDS.mode))
  put('uid', octal(0, FIELDS.uid))
  put('gid', octal(0, FIELDS.gid))
  put('size', octal(octets, FIELDS.size))
  put('mtime', octal(timeSeconds, FIELDS.mtime))
  // The checksum counts its own field as spaces.
  put('checksum', '        ')
  put('type', '0')
  put('magic', 'ustar\0' + '00')
  const sum = block.reduce((total, octet) => total + octet, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, FIELDS.checksum[0], 'ascii')
  return block
}

/**
 * Puts files into an archive.
 *
 * @param files - In order.
 * @param timeMs - Their time of change.
 * @returns The archive, uncompressed.
 * @throws RangeError for a name longer than 100 octets.
 */
export function tarOf(files: readonly TarFile[], timeMs: number): Buffer {
  const parts = files.flatMap((file) => {
    const content = Buffer.from(file.text)
    const rest = (BLOCK - (content.length % BLOCK)) % BLOCK
    return [header(file, content.length, Math.floor(timeMs / 1000)), content, Buffer.alloc(rest)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}
