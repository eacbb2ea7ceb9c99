/** Security descriptors that Samba made: fixtures/directory. */

import { readFileSync } from 'node:fs'

/** One of them. */
export interface KeptDescriptor {
  readonly name: string
  readonly octets: Buffer
  /** As Samba writes it. */
  readonly sddl: string
}

const FILE = new URL('../../fixtures/directory/samba-4.22-descriptors.txt', import.meta.url)

/** All of them. */
export const DESCRIPTORS: readonly KeptDescriptor[] = readFileSync(FILE, 'utf8')
  .trim()
  .split('\n')
  .map((line) => {
    const [, name = '', hex = '', sddl = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
    return { name, octets: Buffer.from(hex, 'hex'), sddl }
  })

/** The octets of one. */
export function keptDescriptor(name: string): Buffer {
  const found = DESCRIPTORS.find((each) => each.name === name)
  if (found === undefined) throw new RangeError(`no descriptor is called ${name}`)
  return found.octets
}
